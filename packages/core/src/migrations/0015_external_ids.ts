/**
 * What another system calls a user: unique in the connection, beside the identifiers that a user signs in with. And the instant
 * that ends what of a user's access began before it.
 */
import { sql } from 'kysely';
import { isPostgres } from '../database/database.ts';
import type { Schema } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  const type = isPostgres(db as never) ? sql`text collate "C"` : sql.raw('text');
  await db.schema.alterTable('identities').addColumn('external_id', type).execute();
  await db.schema
    .createIndex('identities__external_id')
    .on('identities')
    .columns(['connection_num', 'external_id'])
    .unique()
    .where(sql.ref('external_id'), 'is not', null)
    .execute();
  await db.schema
    .alterTable('users')
    .addColumn('access_ends_at', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
}
