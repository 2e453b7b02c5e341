/** Whether an application keeps no secret stands for itself; until now its type said so. */
import { sql } from 'kysely';
import type { Schema } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  await db.schema
    .alterTable('applications')
    .addColumn('is_public', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  await sql`update applications set is_public = 1 where type in ('spa', 'native')`.execute(db);
}
