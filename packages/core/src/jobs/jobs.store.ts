/** Job rows. A running job is held by a lease; where that is over, its process is gone and the job counts as interrupted. */
import type { Job, RowError } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { insertColumns } from '../database/bulk.ts';
import type { Db } from '../database/database.ts';
import { locked } from '../database/database.ts';
import type { RowFailure } from '../import/slice.ts';
import type { JobTable } from '../tables.ts';
import { keyOf } from '../users/document.ts';
import type { Unit } from '../work.ts';

export type JobRow = JobTable;
export type JobState = JobTable['state'];

/** How long a job is held without a sign of life from its process. Milliseconds. */
export const LEASE = 15_000;

/** What the job really is at `now`. */
export const stateOf = (row: Pick<JobRow, 'state' | 'lease_until'>, now: number): JobState =>
  row.state === 'running' && (row.lease_until ?? 0) <= now ? 'interrupted' : row.state;

export const jobOf = (row: JobRow, now: number): Job => ({
  id: row.id,
  type: row.type,
  state: stateOf(row, now),
  mode: row.mode,
  inserted: row.inserted,
  updated: row.updated,
  failed: row.failed,
  total: row.total,
  detail: row.detail,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
  finished_at: row.finished_at === null ? null : toWire(row.finished_at),
  progress: row.progress,
  location: null,
});

/** A job that waits, as it is inserted. */
export const newJob = (unit: Unit, type: JobRow['type'], options: object): JobRow => ({
  id: unit.newId('job'),
  tenant_id: unit.tenant.id,
  type,
  state: 'pending',
  mode: null,
  options: JSON.stringify(options),
  actor_id: unit.actor.id,
  idempotency_key: null,
  total: 0,
  digest: null,
  window_rows: 0,
  window_done: 0,
  inserted: 0,
  updated: 0,
  failed: 0,
  detail: null,
  lease_until: null,
  created_at: unit.now,
  updated_at: unit.now,
  finished_at: null,
  queue: null,
  progress: null,
});

export const insertJob = (db: Db, row: JobRow) => db.insertInto('jobs').values(row).execute();

export const findJob = (db: Db, tenantId: number, id: string): Promise<JobRow | undefined> =>
  db.selectFrom('jobs').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst();

export const findJobToChange = (db: Db, tenantId: number, id: string): Promise<JobRow | undefined> =>
  locked(
    db,
    db.selectFrom('jobs').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id),
  ).executeTakeFirst();

/** The job that a caller began under an idempotency key. */
export const findJobByKey = (
  db: Db,
  tenantId: number,
  actorId: string | null,
  key: string,
): Promise<JobRow | undefined> =>
  db
    .selectFrom('jobs')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('idempotency_key', '=', key)
    .where('actor_id', actorId === null ? 'is' : '=', actorId)
    .orderBy('id', 'desc')
    .executeTakeFirst();

/** Progress of a job. `total` is where it must stand, so that of two processes only one goes on. */
export interface Progress {
  readonly rows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly failed: number;
  readonly digest: string | null;
  readonly window_rows: number;
  readonly window_done: number;
}

/** Whether the job was still ours, and was moved on. */
export async function advanceJob(
  db: Db,
  tenantId: number,
  id: string,
  total: number,
  { rows, inserted, updated, failed, ...place }: Progress,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('jobs')
    .set((e) => ({
      total: e('total', '+', rows),
      inserted: e('inserted', '+', inserted),
      updated: e('updated', '+', updated),
      failed: e('failed', '+', failed),
      ...place,
      updated_at: now,
      lease_until: now + LEASE,
    }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('state', '=', 'running')
    .where('total', '=', total)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Moves a job that stands at `total` to its next state. Whether it was there. */
export async function endJob(
  db: Db,
  tenantId: number,
  id: string,
  total: number,
  next: { readonly state: Exclude<JobState, 'running' | 'pending'>; readonly detail: string | null },
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('jobs')
    .set({
      ...next,
      updated_at: now,
      lease_until: null,
      ...(next.state === 'interrupted' ? { finished_at: null } : { finished_at: now, queue: null }),
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('state', '=', 'running')
    .where('total', '=', total)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Shows that the process of a running job is alive. */
export async function renewLease(db: Db, tenantId: number, id: string, now: number): Promise<void> {
  await db
    .updateTable('jobs')
    .set({ lease_until: now + LEASE })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('state', '=', 'running')
    .execute();
}

export const insertJobErrors = (
  db: Db,
  tenantId: number,
  jobId: string,
  errors: readonly RowFailure[],
): Promise<void> =>
  insertColumns(db, 'job_errors', errors.length, {
    tenant_id: tenantId,
    job_id: jobId,
    line: errors.map(({ line }) => line),
    position: 0,
    key: errors.map(({ key }) => key),
    folded_key: errors.map(({ key }) => (key === null ? null : keyOf(key))),
    code: errors.map(({ code }) => code),
    field: errors.map(({ field }) => field),
    message: errors.map(({ message }) => message),
    details: errors.map(({ details }) => details),
  });

/** The failed rows behind `line`, in the order of the file. */
export const findJobErrors = (
  db: Db,
  tenantId: number,
  jobId: string,
  line: number,
  limit: number,
): Promise<RowError[]> =>
  db
    .selectFrom('job_errors')
    .select(['line', 'key', 'code', 'field', 'message'])
    .where('tenant_id', '=', tenantId)
    .where('job_id', '=', jobId)
    .where('line', '>', line)
    .orderBy('line')
    .limit(limit)
    .execute();

/** The failed rows behind `line` with what is kept of them. */
export const findJobFailures = (
  db: Db,
  tenantId: number,
  jobId: string,
  line: number,
  limit: number,
): Promise<RowFailure[]> =>
  db
    .selectFrom('job_errors')
    .select(['line', 'key', 'code', 'field', 'message', 'details'])
    .where('tenant_id', '=', tenantId)
    .where('job_id', '=', jobId)
    .where('line', '>', line)
    .orderBy('line')
    .limit(limit)
    .execute();

/** At a start no job of this database runs: what was running was cut off (SQLite has one process). */
export async function interruptJobs(db: Db): Promise<void> {
  await db
    .updateTable('jobs')
    .set({ state: 'interrupted', lease_until: null })
    .where('state', '=', 'running')
    .execute();
}
