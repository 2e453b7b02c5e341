/** Keys by which a search compares parts of a person's name, and the leaves of linked identities' profiles. */
import { sql } from 'kysely';
import { isPostgres } from '../database/database.ts';
import { partKeysOf, type User } from '../users/document.ts';
import type { Schema } from './schema.ts';

const BATCH = 500;
const COLUMNS = ['given_name_key', 'family_name_key', 'nickname_key'] as const;

export async function up(db: Schema): Promise<void> {
  const type = isPostgres(db as never) ? sql`text collate "C"` : sql`text`;
  for (const column of COLUMNS) await db.schema.alterTable('users').addColumn(column, type).execute();
  await fill(db);
}

async function fill(db: Schema): Promise<void> {
  for (let last = 0; ; ) {
    const { rows } = await sql<{ num: number; doc: string }>`
      select num, doc from users where num > ${last} order by num limit ${BATCH}`.execute(db);
    for (const { num, doc } of rows) {
      const keys = partKeysOf(JSON.parse(doc) as User);
      await sql`update users set given_name_key = ${keys.given_name_key}, family_name_key = ${keys.family_name_key},
        nickname_key = ${keys.nickname_key} where num = ${num}`.execute(db);
    }
    const end = rows.at(-1);
    if (!end) return;
    last = end.num;
  }
}
