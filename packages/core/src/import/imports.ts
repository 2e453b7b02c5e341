/**
 * Import jobs: which job a request means (a new one, an interrupted one, one that its idempotency key has named before)
 * and what it answers. Owns the invariant that one file sent twice under one key is imported once.
 */
import type { ImportAnswer } from '@reeve/contract';
import { findConnection, policyOf } from '../connections/connections.store.ts';
import { findUserFields } from '../custom-fields/custom-fields.store.ts';
import { type Db, uniqueViolation } from '../database/database.ts';
import {
  findJobByKey,
  findJobErrors,
  findJobToChange,
  insertJob,
  type JobRow,
  LEASE,
  newJob,
  renewLease,
  stateOf,
} from '../jobs/jobs.store.ts';
import { requireJob } from '../jobs/jobs.ts';
import { fieldProblem, Problem } from '../problem.ts';
import type { Unit, Work } from '../work.ts';
import type { Done } from './reader.ts';
import type { ImportConnection, ImportDialect, ImportMode } from './slice.ts';
import type { ImportFormat } from './source.ts';

export interface ImportRequest {
  readonly mode: ImportMode;
  readonly connection?: string | undefined;
  readonly sendsVerification: boolean;
  readonly resume?: string | undefined;
  readonly format: ImportFormat;
  readonly idempotencyKey: string | undefined;
}

/** What `jobs.options` holds. */
export interface ImportOptions {
  readonly format: ImportFormat;
  readonly connection_id: string;
  readonly send_verification: boolean;
  /** Of a vendor's file. */
  readonly dialect?: ImportDialect;
}

export interface BegunImport {
  readonly jobId: string;
  readonly mode: ImportMode;
  readonly format: ImportFormat;
  readonly sendsVerification: boolean;
  readonly dialect: ImportDialect | undefined;
  readonly connection: ImportConnection;
  readonly done: Done;
  /** The job has ended: the file is only compared with the one that it read, and the job's answer repeated. */
  readonly isComparison: boolean;
  /** What to tell a caller whose file is another one. */
  readonly mismatch: Problem;
}

const KEY_LIFETIME = 24 * 3_600_000;
const RETRY_SECONDS = 1;
const ERRORS_TOLD = 1000;

const otherRequest = () =>
  new Problem('idempotency_mismatch', 'This Idempotency-Key was used with another import; use a new key.');
export const otherFile = () =>
  new Problem(
    'import_mismatch',
    'The file differs from the one that this import began with; send the same file again.',
  );
const isStillRunning = () =>
  new Problem('idempotency_in_progress', 'The import with this Idempotency-Key is still running.', {
    retryAfter: RETRY_SECONDS,
  });

export async function beginImport(work: Work, request: ImportRequest): Promise<BegunImport> {
  const { idempotencyKey: key } = request;
  if (key !== undefined) {
    const known = await work.read((db) => findJobByKey(db, work.tenant.id, work.actor.id, key));
    if (known && known.created_at + KEY_LIFETIME > work.now) return continueByKey(work, request, known);
  }
  if (request.resume !== undefined) return resumeImport(work, request, request.resume);
  try {
    return await startImport(work, request);
  } catch (error) {
    // Another request with this key was faster.
    if (uniqueViolation(error)?.table === 'jobs') throw isStillRunning();
    throw error;
  }
}

async function startImport(work: Work, request: ImportRequest): Promise<BegunImport> {
  const connection = await connectionOf(work, request.connection);
  const { mode, format, sendsVerification } = request;
  const options: ImportOptions = { format, connection_id: connection.id, send_verification: sendsVerification };
  return work.write(async (unit) => {
    const job: JobRow = {
      ...newJob(unit, 'users_import', options),
      state: 'running',
      mode,
      idempotency_key: request.idempotencyKey ?? null,
      lease_until: unit.now + LEASE,
    };
    await forgetKey(unit, job.idempotency_key);
    await insertJob(unit.db, job);
    await unit.emit('import.started', {
      target: { type: 'job', id: job.id },
      data: { mode, connection_id: connection.id },
    });
    return begun(job, connection, false, otherFile());
  });
}

/** A key may be used anew once its job is old. */
async function forgetKey(unit: Unit, key: string | null): Promise<void> {
  if (key === null) return;
  await unit.db
    .updateTable('jobs')
    .set({ idempotency_key: null })
    .where('tenant_id', '=', unit.tenant.id)
    .where('idempotency_key', '=', key)
    .where('actor_id', unit.actor.id === null ? 'is' : '=', unit.actor.id)
    .where('created_at', '<=', unit.now - KEY_LIFETIME)
    .execute();
}

async function continueByKey(work: Work, request: ImportRequest, job: JobRow): Promise<BegunImport> {
  const options = JSON.parse(job.options) as ImportOptions;
  if (request.resume === undefined) {
    const connection = await connectionOf(work, request.connection);
    const isSame =
      job.mode === request.mode &&
      options.connection_id === connection.id &&
      options.format === request.format &&
      options.send_verification === request.sendsVerification;
    if (!isSame) throw otherRequest();
  } else if (request.resume !== job.id) throw otherRequest();
  const state = stateOf(job, work.now);
  if (state === 'running') throw isStillRunning();
  if (state === 'completed') return begun(job, await connectionOf(work, options.connection_id), true, otherRequest());
  return takeOver(work, job.id, undefined, otherRequest());
}

async function resumeImport(work: Work, request: ImportRequest, jobId: string): Promise<BegunImport> {
  const { type, queue } = await requireJob(work, jobId);
  if (type !== 'users_import' || queue !== null)
    throw new Problem('import_ended', 'The job is none that a file can be sent for again.');
  return takeOver(work, jobId, request.idempotencyKey, otherFile());
}

/** Takes an interrupted job over, or one whose file could not be read to its end. */
async function takeOver(work: Work, jobId: string, key: string | undefined, mismatch: Problem): Promise<BegunImport> {
  const job = await work.write(async (unit) => {
    const found = (await findJobToChange(unit.db, unit.tenant.id, jobId)) as JobRow;
    const state = stateOf(found, unit.now);
    if (state === 'running')
      throw new Problem('import_running', 'The import is running; wait for its end.', { retryAfter: RETRY_SECONDS });
    if (state === 'completed') throw new Problem('import_ended', 'The import has ended; there is nothing to resume.');
    await forgetKey(unit, key ?? null);
    const next: Partial<JobRow> = {
      state: 'running',
      lease_until: unit.now + LEASE,
      detail: null,
      finished_at: null,
      updated_at: unit.now,
      ...(key === undefined ? {} : { idempotency_key: key }),
      // A dry run has written nothing that it could go on from.
      ...(found.mode === 'dry_run'
        ? { total: 0, digest: null, window_rows: 0, window_done: 0, inserted: 0, failed: 0 }
        : {}),
    };
    await unit.db
      .updateTable('jobs')
      .set(next)
      .where('tenant_id', '=', unit.tenant.id)
      .where('id', '=', jobId)
      .execute();
    if (found.mode === 'dry_run') await deleteErrors(unit.db, unit.tenant.id, jobId);
    await unit.emit('import.started', {
      target: { type: 'job', id: jobId },
      data: { mode: found.mode, resumed_at: next.total ?? found.total },
    });
    return { ...found, ...next };
  });
  const { connection_id } = JSON.parse(job.options) as ImportOptions;
  return begun(job, await connectionOf(work, connection_id), false, mismatch);
}

const deleteErrors = (db: Db, tenantId: number, jobId: string) =>
  db.deleteFrom('job_errors').where('tenant_id', '=', tenantId).where('job_id', '=', jobId).execute();

/** The connection that an import writes to. Throws where there is none. */
export async function connectionOf(work: Work, idOrName: string | undefined): Promise<ImportConnection> {
  const [row, customFields] = await work.read(
    async (db) =>
      [await findConnection(db, work.tenant.id, idOrName), await findUserFields(db, work.tenant.id)] as const,
  );
  if (!row) throw fieldProblem('connection', 'exists', `No connection is called "${idOrName}".`);
  return { num: row.num, id: row.id, policy: policyOf(row), customFields };
}

/** A job as the threads of its import take it over. */
export function begun(
  job: JobRow,
  connection: BegunImport['connection'],
  isComparison: boolean,
  mismatch: Problem,
): BegunImport {
  const { format, send_verification, dialect } = JSON.parse(job.options) as ImportOptions;
  return {
    jobId: job.id,
    mode: job.mode as ImportMode,
    format,
    sendsVerification: send_verification,
    dialect,
    connection,
    done: {
      rows: job.total,
      digest: job.digest,
      windowRows: job.window_rows,
      windowDone: job.window_done,
    },
    isComparison,
    mismatch,
  };
}

/** Shows that the import is alive. */
export const keepImport = (work: Work, jobId: string): Promise<void> =>
  work.services.database.write((db) => renewLease(db, work.tenant.id, jobId, work.services.clock.now()));

/** Leaves the job to be resumed, where its writer could not. */
export const abandonImport = (work: Work, jobId: string): Promise<void> =>
  work.services.database.write(async (db) => {
    await db
      .updateTable('jobs')
      .set({ state: 'interrupted', lease_until: null })
      .where('tenant_id', '=', work.tenant.id)
      .where('id', '=', jobId)
      .where('state', '=', 'running')
      .execute();
  });

/** What the import has come to. */
export async function answerOf(work: Work, jobId: string): Promise<ImportAnswer> {
  const { inserted, updated, failed, total } = await requireJob(work, jobId);
  const errors = await work.read((db) => findJobErrors(db, work.tenant.id, jobId, 0, ERRORS_TOLD));
  return { job_id: jobId, inserted, updated, failed, total, errors };
}
