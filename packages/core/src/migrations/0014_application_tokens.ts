/** The tokens of an application's own end for good where it becomes public: what it is given later carries a higher number. */
import type { Schema } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  await db.schema
    .alterTable('applications')
    .addColumn('token_version', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
}
