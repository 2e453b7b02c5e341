/** Jobs: their progress and their failed rows, for whoever began them and for administrators. */
import type { jobs as contract, Job } from '@reeve/contract';
import { locationOf } from '../export/export-jobs.ts';
import { isId } from '../id.ts';
import type { RowFailure } from '../import/slice.ts';
import type { Operation } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { notFound } from '../problem.ts';
import type { Unit, Work } from '../work.ts';
import { findJob, findJobErrors, findJobFailures, insertJob, type JobRow, jobOf, newJob } from './jobs.store.ts';

export async function requireJob(work: Work, id: string): Promise<JobRow> {
  const row = isId('job', id) ? await work.read((db) => findJob(db, work.tenant.id, id)) : undefined;
  if (!row) throw notFound('job', id);
  return row;
}

/** The job with a fresh link to its file. */
const viewOf = (work: Work, row: JobRow): Job => ({ ...jobOf(row, work.now), location: locationOf(work, row) });

export const get: Operation<typeof contract.get> = async (work, { job_id }) =>
  viewOf(work, await requireJob(work, job_id));

export const list: Operation<typeof contract.list> = (work, { query }) =>
  work.read(async (db) => {
    const limit = query.limit ?? DEFAULT_LIMIT;
    let wanted = db.selectFrom('jobs').selectAll().where('tenant_id', '=', work.tenant.id);
    if (query.idempotency_key !== undefined) wanted = wanted.where('idempotency_key', '=', query.idempotency_key);
    // A running job whose lease is over counts as interrupted.
    if (query.state === 'running') wanted = wanted.where('state', '=', 'running').where('lease_until', '>', work.now);
    else if (query.state === 'interrupted')
      wanted = wanted.where((e) =>
        e.or([e('state', '=', 'interrupted'), e.and([e('state', '=', 'running'), e('lease_until', '<=', work.now)])]),
      );
    else if (query.state !== undefined) wanted = wanted.where('state', '=', query.state);
    if (query.cursor !== undefined)
      wanted = wanted.where('id', '<', decodeCursor(query.cursor, 'jobs', ['string'])[0] as string);
    const found = await wanted
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute();
    const { rows, next_cursor } = cut(found, limit, (row) => encodeCursor('jobs', [row.id]));
    return { jobs: rows.map((row) => viewOf(work, row)), next_cursor };
  });

export const errors: Operation<typeof contract.errors> = async (work, { job_id, query }) => {
  await requireJob(work, job_id);
  const limit = query.limit ?? DEFAULT_LIMIT;
  const after = query.cursor === undefined ? 0 : (decodeCursor(query.cursor, 'job_errors', ['number'])[0] as number);
  const found = await work.read((db) => findJobErrors(db, work.tenant.id, job_id, after, limit + 1));
  const { rows, next_cursor } = cut(found, limit, ({ line }) => encodeCursor('job_errors', [line]));
  return { errors: rows, next_cursor };
};

const FAILURES_AT_ONCE = 500;

/** All failed rows of a job with what is kept of them, in the order of the file, portion by portion. */
export async function* failuresOf(work: Work, jobId: string): AsyncGenerator<readonly RowFailure[], void> {
  for (let line = 0; ; ) {
    const after = line;
    const found = await work.read((db) => findJobFailures(db, work.tenant.id, jobId, after, FAILURES_AT_ONCE));
    if (found.length > 0) yield found;
    if (found.length < FAILURES_AT_ONCE) return;
    line = (found.at(-1) as RowFailure).line;
  }
}

/** Records work that is done already as a job, for vendors who tell of it as of one. */
export async function recordJob(unit: Unit, type: 'verification_email'): Promise<JobRow> {
  const job: JobRow = { ...newJob(unit, type, {}), state: 'completed', finished_at: unit.now };
  await insertJob(unit.db, job);
  return job;
}
