/**
 * Imports in the background: the file has come in whole and waits in the spool. Owns the invariant that a job and its
 * file come together: a job that was acknowledged has a file that is durable.
 */
import { locked } from '../database/database.ts';
import { newId } from '../id.ts';
import { insertJob, type JobRow, newJob } from '../jobs/jobs.store.ts';
import { checkRoom, claimJob, type QueuedOptions, queuedOptionsOf } from '../jobs/queue.ts';
import type { ReceivedFile } from '../jobs/spool.ts';
import type { Work } from '../work.ts';
import { type BegunImport, begun, connectionOf, type ImportOptions, otherFile } from './imports.ts';
import type { ImportDialect, ImportMode } from './slice.ts';

export interface ImportJobRequest {
  readonly mode: Exclude<ImportMode, 'dry_run'>;
  /** Id or name. */
  readonly connection: string;
  readonly dialect: ImportDialect;
  /** Whether an administrator is told by mail when it has ended. */
  readonly tellsByMail: boolean;
  /** What a vendor wants to be told again of the job. */
  readonly vendor: Readonly<Record<string, unknown>>;
}

/** What `jobs.options` holds of an import in the background. */
export interface ImportJobOptions extends ImportOptions, QueuedOptions {
  readonly bytes: number;
  readonly tells_by_mail: boolean;
  readonly vendor: Readonly<Record<string, unknown>>;
}

/** Refuses early where the tenant has too many unfinished imports. Throws `limit_reached`. */
export const checkImportRoom = (work: Work): Promise<void> =>
  work.read((db) => checkRoom(db, work.tenant.id, 'import'));

/** Puts up the import of a file that has come in. Throws `limit_reached`, and `invalid_request` on an unknown connection. */
export async function putImport(work: Work, file: ReceivedFile, request: ImportJobRequest): Promise<JobRow> {
  const { mode, dialect, tellsByMail, vendor } = request;
  const connection = await connectionOf(work, request.connection);
  const id = newId('job', work.services.clock.now());
  await file.keepFor({ tenant_id: work.tenant.id, id });
  try {
    return await work.write(async (unit) => {
      // One at a time, so that two requests can't both find the last place free.
      await locked(unit.db, unit.db.selectFrom('tenants').select('num').where('num', '=', unit.tenant.id)).execute();
      await checkRoom(unit.db, unit.tenant.id, 'import');
      const options: ImportJobOptions = {
        ...queuedOptionsOf(work),
        format: 'json',
        connection_id: connection.id,
        send_verification: false,
        dialect,
        bytes: file.bytes,
        tells_by_mail: tellsByMail,
        vendor,
      };
      const job: JobRow = { ...newJob(unit, 'users_import', options), id, mode, queue: 'import', progress: 0 };
      await insertJob(unit.db, job);
      await unit.emit('import.started', {
        target: { type: 'job', id },
        data: { mode, connection_id: connection.id },
      });
      unit.afterCommit(unit.services.onJob);
      return job;
    });
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** Takes an import up; undefined where another runner has it. Throws where its connection is gone. */
export async function beginQueuedImport(work: Work, job: JobRow): Promise<BegunImport | undefined> {
  const { connection_id } = JSON.parse(job.options) as ImportJobOptions;
  const connection = await connectionOf(work, connection_id);
  const held = await claimJob(work, job.id, async () => ({}));
  return held && begun(held, connection, false, otherFile());
}
