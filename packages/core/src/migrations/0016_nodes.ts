/** What several servers of one database share beside the directory: counts of requests and failures, and files of imports. */
import { createTable, index, type Schema } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  await createTable(db, 'tallies', {
    columns: { name: 'text', used: 'number', expires_at: 'instant', lifetime: 'number', changed_at: 'instant' },
    key: ['name'],
  });
  await index(db, 'tallies', ['changed_at']);
  await index(db, 'tallies', ['expires_at']);
  // A file is here before its job: no row to die with.
  await createTable(db, 'import_files', {
    columns: { tenant_id: 'number', job_id: 'id', position: 'number', content: 'text' },
    key: ['tenant_id', 'job_id', 'position'],
  });
}
