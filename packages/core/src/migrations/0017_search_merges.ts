/** SQLite's search index no longer merges its segments in whichever commit comes: `SearchIndex` does, a little in each. */
import { sql } from 'kysely';
import { isPostgres } from '../database/database.ts';
import type { Schema } from './schema.ts';

export async function up(db: Schema): Promise<void> {
  if (!isPostgres(db as never))
    await sql`insert into users_search (users_search, rank) values ('automerge', 0)`.execute(db);
}
