/** Jobs: their progress and their failed rows, for whoever began them and for administrators. */
import type { jobs as contract } from '@reeve/contract';
import { isId } from '../id.ts';
import type { Operation } from '../operation.ts';
import { cut, DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { notFound } from '../problem.ts';
import type { Work } from '../work.ts';
import { findJob, findJobErrors, type JobRow, jobOf } from './jobs.store.ts';

export async function requireJob(work: Work, id: string): Promise<JobRow> {
  const row = isId('job', id) ? await work.read((db) => findJob(db, work.tenant.id, id)) : undefined;
  if (!row) throw notFound('job', id);
  return row;
}

export const get: Operation<typeof contract.get> = async (work, { job_id }) =>
  jobOf(await requireJob(work, job_id), work.now);

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
    return { jobs: rows.map((row) => jobOf(row, work.now)), next_cursor };
  });

export const errors: Operation<typeof contract.errors> = async (work, { job_id, query }) => {
  await requireJob(work, job_id);
  const limit = query.limit ?? DEFAULT_LIMIT;
  const after = query.cursor === undefined ? 0 : (decodeCursor(query.cursor, 'job_errors', ['number'])[0] as number);
  const found = await work.read((db) => findJobErrors(db, work.tenant.id, job_id, after, limit + 1));
  const { rows, next_cursor } = cut(found, limit, ({ line }) => encodeCursor('job_errors', [line]));
  return { errors: rows, next_cursor };
};
