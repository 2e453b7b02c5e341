/** Who acts as others is looked for when that ends: in the sessions, and in the events that are cleared of an erased person. */
import { sql } from 'kysely';
import type { Schema } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  for (const table of ['sessions', 'events'] as const)
    await db.schema
      .createIndex(`${table}_by_impersonator_id`)
      .on(table)
      .columns(['tenant_id', 'impersonator_id'])
      .where(sql.ref('impersonator_id'), 'is not', null)
      .execute();
}
