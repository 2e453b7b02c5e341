/**
 * Exports in the background: a gzipped file in the database, in pieces, so that every server can hand it out. Owns the
 * invariants that a file is whole before there is a link to it, and that it goes after a day.
 */
import { createHash } from 'node:crypto';
import { createGzip } from 'node:zlib';
import type { jobs as contract } from '@reeve/contract';
import { findConnection } from '../connections/connections.store.ts';
import type { Db } from '../database/database.ts';
import { endJob, insertJob, type JobRow, jobOf, newJob } from '../jobs/jobs.store.ts';
import { checkRoom, claimJob, keepJob, type QueuedOptions, queuedOptionsOf } from '../jobs/queue.ts';
import type { Operation } from '../operation.ts';
import { fieldProblem } from '../problem.ts';
import { sameDigest } from '../secret.ts';
import { countUsers, type UserQuery } from '../users/users.query.ts';
import type { Unit, Work } from '../work.ts';
import { type ExportFormat, type ExportShape, exportEvent, readUsers } from './users-export.ts';

const HOUR = 3_600_000;
/** How long the file of a finished export can be asked for. Milliseconds. */
export const FILE_LIFETIME = 24 * HOUR;
/** Pieces are written before the job ends, and outlive its links. */
const PIECE_LIFETIME = 26 * HOUR;
/** How long a link works. Milliseconds. */
export const LINK_LIFETIME = 60_000;
/** Bytes of a piece, before base64. */
const PIECE_BYTES = 196_608;
const MOST_UNFINISHED = 10;
const HEARTBEAT_MILLISECONDS = 4_000;

export interface ExportRequest {
  readonly format: ExportFormat;
  /** Id or name. */
  readonly connection?: string | undefined;
  /** Users at most. */
  readonly limit?: number | undefined;
  /** A vendor's shape of the file, and what it wants to be told again of the job. */
  readonly dialect?: 'auth0';
  readonly vendor?: Readonly<Record<string, unknown>>;
}

/** What `jobs.options` holds of an export. */
export interface ExportJobOptions extends ExportRequest, QueuedOptions {}

async function connectionIdOf(work: Work, idOrName: string): Promise<string> {
  const row = await work.read((db) => findConnection(db, work.tenant.id, idOrName));
  if (!row) throw fieldProblem('connection', 'exists', `No connection is called "${idOrName}".`);
  return row.id;
}

/** Puts up an export. Answers the job as `view` shows it. */
export async function putExport<T>(work: Work, request: ExportRequest, view: (row: JobRow) => T): Promise<T> {
  const { format, connection, limit } = request;
  const filter = connection === undefined ? {} : { connection: await connectionIdOf(work, connection) };
  return work.write(async (unit) => {
    await checkRoom(unit.db, unit.tenant.id, 'export', MOST_UNFINISHED);
    const options: ExportJobOptions = { ...queuedOptionsOf(work), ...request, ...filter };
    const job: JobRow = { ...newJob(unit, 'users_export', options), queue: 'export', progress: 0 };
    await insertJob(unit.db, job);
    const { target, data } = exportEvent(unit.tenant.publicId, filter, format);
    await unit.emit('users.exported', {
      target,
      data: { ...data, job_id: job.id, ...(limit === undefined ? {} : { limit }) },
    });
    unit.afterCommit(unit.services.onJob);
    return view(job);
  });
}

export const createExport: Operation<typeof contract.createExport> = (work, { body: { format = 'ndjson', ...rest } }) =>
  putExport(work, { format, ...rest }, (row) => jobOf(row, work.now));

const deletePieces = ({ db, tenant }: Unit, jobId: string) =>
  db.deleteFrom('job_files').where('tenant_id', '=', tenant.id).where('job_id', '=', jobId).execute();

/** Runs a job that is due, from its beginning; where another runner has it, nothing happens. */
export async function runExportJob(work: Work, due: JobRow, shape: ExportShape, stopping: AbortSignal): Promise<void> {
  const job = await claimJob(work, due.id, async (unit, { id }) => {
    await deletePieces(unit, id);
    return { total: 0, progress: 0 };
  });
  if (!job) return;
  const { connection, limit = Number.POSITIVE_INFINITY, format } = JSON.parse(job.options) as ExportJobOptions;
  const filter: UserQuery = connection === undefined ? {} : { connection };
  const wanted = Math.min(limit, await work.read((db) => countUsers(db, work.tenant.id, filter)));
  let rows = 0;
  async function* text(): AsyncGenerator<string> {
    const hash = createHash('sha256').update(shape.header);
    yield shape.header;
    for await (const docs of readUsers(work, filter, format)) {
      const lines = docs
        .slice(0, limit - rows)
        .map(shape.line)
        .join('');
      rows += Math.min(docs.length, limit - rows);
      hash.update(lines);
      yield lines;
      if (rows >= limit) break;
    }
    yield shape.trailer(rows, hash.digest('hex'));
  }
  let keptAt = performance.now();
  const isWhole = await writePieces(work, job, text(), async () => {
    if (performance.now() - keptAt > HEARTBEAT_MILLISECONDS) {
      keptAt = performance.now();
      await keepJob(work, job.id, (100 * rows) / Math.max(1, wanted));
    }
    return !stopping.aborted;
  });
  await work.write(async (unit) => {
    const { db, tenant, now } = unit;
    const end = isWhole ? 'completed' : 'interrupted';
    const isOurs = await endJob(db, tenant.id, job.id, 0, { state: end, detail: null }, now);
    if (!isOurs || !isWhole) return;
    await db
      .updateTable('jobs')
      .set({ total: rows, progress: 100 })
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', job.id)
      .execute();
  });
}

/** Writes the gzipped text piece by piece. False where `goesOn` said no. */
async function writePieces(
  work: Work,
  { id }: JobRow,
  text: AsyncGenerator<string>,
  goesOn: () => Promise<boolean>,
): Promise<boolean> {
  const zip = createGzip();
  let failure: unknown;
  const fed = (async () => {
    for await (const piece of text) {
      if (zip.destroyed) return;
      if (piece !== '' && !zip.write(piece))
        await new Promise<void>((resolve) => zip.once('drain', resolve).once('close', resolve));
    }
    zip.end();
  })().catch((error: unknown) => {
    failure = error;
    zip.destroy();
  });
  let position = 0;
  let waiting: Buffer[] = [];
  let length = 0;
  const flush = async () => {
    const bytes = Buffer.concat(waiting);
    waiting = [];
    length = 0;
    const at = position++;
    await work.write(async (unit) => {
      const place = { tenant_id: unit.tenant.id, job_id: id, position: at };
      const piece = { content: bytes.toString('base64'), expires_at: unit.now + PIECE_LIFETIME };
      await unit.db
        .insertInto('job_files')
        .values({ ...place, ...piece })
        .execute();
    });
  };
  let isWhole = true;
  try {
    for await (const chunk of zip as AsyncIterable<Buffer>) {
      waiting.push(chunk);
      length += chunk.length;
      if (length >= PIECE_BYTES) await flush();
      isWhole = await goesOn();
      if (!isWhole) break;
    }
  } catch (error) {
    throw failure ?? error;
  } finally {
    zip.destroy();
    await fed;
  }
  if (isWhole) await flush();
  return isWhole;
}

const signed = (id: string, expires: number): string => `export ${id} ${expires}`;

/** A link to the file of a finished export; null where there is none (any more). */
export function locationOf({ services, tenant }: Work, job: JobRow): string | null {
  const now = services.clock.now();
  const { id, type, state, finished_at: finishedAt } = job;
  if (type !== 'users_export' || state !== 'completed' || (finishedAt ?? 0) + FILE_LIFETIME <= now) return null;
  const expires = now + LINK_LIFETIME;
  return `${tenant.origin}/exports/${id}?expires=${expires}&signature=${services.vault.digest(signed(id, expires))}`;
}

/** Whether a link of `locationOf` still works. */
export function isLinkValid({ services }: Work, id: string, expires: number, signature: string): boolean {
  const isRight = sameDigest(services.vault.digest(signed(id, expires)), signature);
  return isRight && expires > services.clock.now();
}

export interface ExportFile {
  readonly format: ExportFormat;
  readonly pieces: AsyncGenerator<Buffer, void>;
}

/** The file of a finished export; undefined where there is none. */
export async function openExport(work: Work, id: string): Promise<ExportFile | undefined> {
  const job = await work.read((db) =>
    db
      .selectFrom('jobs')
      .select(['options'])
      .where('tenant_id', '=', work.tenant.id)
      .where('id', '=', id)
      .where('type', '=', 'users_export')
      .where('state', '=', 'completed')
      .executeTakeFirst(),
  );
  const pieceAt = (position: number) => work.read((db) => findPiece(db, work.tenant.id, id, position));
  const first = job && (await pieceAt(0));
  if (!job || !first) return undefined;
  async function* pieces(): AsyncGenerator<Buffer, void> {
    let piece: { readonly content: string } | undefined = first;
    for (let position = 1; piece; position++) {
      yield Buffer.from(piece.content, 'base64');
      piece = await pieceAt(position);
    }
  }
  return { format: (JSON.parse(job.options) as ExportJobOptions).format, pieces: pieces() };
}

const findPiece = (db: Db, tenantId: number, id: string, position: number) =>
  db
    .selectFrom('job_files')
    .select('content')
    .where('tenant_id', '=', tenantId)
    .where('job_id', '=', id)
    .where('position', '=', position)
    .executeTakeFirst();
