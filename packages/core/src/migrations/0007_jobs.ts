/** Jobs that run in the background: what waits for a runner, how far it is, what failed, and the files that they make. */
import { createTable, index, type Schema } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  await db.schema.alterTable('jobs').addColumn('queue', 'text').execute();
  await db.schema.alterTable('jobs').addColumn('progress', 'bigint').execute();
  await db.schema.alterTable('job_errors').addColumn('details', 'text').execute();
  await index(db, 'jobs', ['queue']);
  await createTable(db, 'job_files', {
    columns: { tenant_id: 'number', job_id: 'id', position: 'number', content: 'text', expires_at: 'instant' },
    key: ['tenant_id', 'job_id', 'position'],
    diesWith: { job_id: 'jobs' },
  });
  await index(db, 'job_files', ['expires_at']);
}
