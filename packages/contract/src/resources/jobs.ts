/** Jobs: long work, with its progress and its per-row errors. */
import { cursor, limit, page, route } from '../route.ts';
import { instant, integer, nullable, object, oneOf, optional, type Static, string } from '../schema.ts';
import { rowError } from './import.ts';

export const job = object({
  id: string({ description: '`job_` and a ULID' }),
  type: oneOf(['users_import']),
  state: oneOf(['running', 'interrupted', 'completed', 'failed']),
  mode: nullable(oneOf(['insert', 'upsert', 'dry_run'])),
  inserted: integer(),
  updated: integer(),
  failed: integer(),
  total: integer({ description: 'Rows read so far' }),
  detail: nullable(string({ description: 'Why the job failed' })),
  created_at: instant(),
  updated_at: instant(),
  finished_at: nullable(instant()),
});
export type Job = Static<typeof job>;

/** Lists jobs, newest first. */
export const list = route('GET /jobs', {
  scope: 'jobs:read',
  query: object({
    state: optional(oneOf(['running', 'interrupted', 'completed', 'failed'])),
    idempotency_key: optional(
      string({ minLength: 1, maxLength: 255, description: 'The key that the job was begun with' }),
    ),
    limit,
    cursor,
  }),
  response: page('jobs', job),
  items: 'jobs',
  fails: ['invalid_cursor'],
});

/** Reads one job. */
export const get = route('GET /jobs/{job_id}', { scope: 'jobs:read', response: job, fails: ['not_found'] });

/** Lists the failed rows of a job in the order of the file. */
export const errors = route('GET /jobs/{job_id}/errors', {
  scope: 'jobs:read',
  query: object({ limit, cursor }),
  response: page('errors', rowError),
  items: 'errors',
  fails: ['not_found', 'invalid_cursor'],
});
