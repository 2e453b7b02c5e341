/** Jobs: long work, with its progress and its per-row errors. */
import { cursor, limit, page, route } from '../route.ts';
import { instant, integer, nullable, object, oneOf, optional, type Static, string } from '../schema.ts';
import { rowError } from './import.ts';

const jobStates = ['pending', 'running', 'interrupted', 'completed', 'failed'] as const;

export const job = object({
  id: string({ description: '`job_` and a ULID' }),
  type: oneOf(['users_import', 'users_export', 'verification_email']),
  state: oneOf(jobStates, { description: '`pending`: waits for a runner; `interrupted`: its process is gone' }),
  mode: nullable(oneOf(['insert', 'upsert', 'dry_run'])),
  inserted: integer(),
  updated: integer(),
  failed: integer(),
  total: integer({ description: 'Rows read so far' }),
  detail: nullable(string({ description: 'Why the job failed' })),
  created_at: instant(),
  updated_at: instant(),
  finished_at: nullable(instant()),
  progress: nullable(integer({ minimum: 0, maximum: 100, description: 'Percent, of a job in the background' })),
  location: nullable(
    string({
      description:
        'Of a finished export: a link to its gzipped file, valid for 60 seconds; made anew at each read, for a day',
    }),
  ),
});
export type Job = Static<typeof job>;

/** Lists jobs, newest first. */
export const list = route('GET /jobs', {
  scope: 'jobs:read',
  query: object({
    state: optional(oneOf(jobStates)),
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

/** Starts an export of users in the background: the job names the link to a gzipped file when it has ended. */
export const createExport = route('POST /jobs/exports', {
  scope: 'users:read',
  body: object({
    format: optional(oneOf(['ndjson', 'csv'], { default: 'ndjson' })),
    connection: optional(string({ minLength: 1, maxLength: 128, description: 'Id or name' })),
    limit: optional(integer({ minimum: 1, maximum: 1_000_000_000, description: 'Users at most, oldest first' })),
  }),
  response: job,
  status: 202,
  fails: ['limit_reached'],
  emits: ['users.exported'],
});
