/** What a search of the log is judged by: the user whom an event names beside its actor and target, and how users who are gone were spelled. */
import { sql } from 'kysely';
import { isPostgres } from '../database/database.ts';
import { createTable, index, type Schema } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  const postgres = isPostgres(db as never);
  const type = postgres ? sql`text collate "C"` : sql`text`;
  await db.schema.alterTable('events').addColumn('named_user_id', type).execute();
  const isText = postgres
    ? sql`json_typeof(data::json -> 'user_id') = 'string'`
    : sql`json_type(data, '$.user_id') = 'text'`;
  const userId = postgres ? sql`data::json ->> 'user_id'` : sql`json_extract(data, '$.user_id')`;
  await sql`update events set named_user_id = ${userId} where data like '%"user_id":%' and ${isText}`.execute(db);
  // Few events name one: the others cost this index nothing.
  await db.schema
    .createIndex('events_by_named_user_id')
    .on('events')
    .columns(['tenant_id', 'named_user_id', 'num'])
    .where(sql.ref('named_user_id'), 'is not', null)
    .execute();
  await createTable(db, 'deleted_identities', {
    columns: { tenant_id: 'number', provider: 'text', subject: 'text', user_id: 'id' },
    key: ['tenant_id', 'user_id'],
    clustered: true,
  });
  await index(db, 'deleted_identities', ['tenant_id', 'subject', 'provider']);
}
