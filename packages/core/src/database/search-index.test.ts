import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Db } from './database.ts';
import { migrate } from './migrate.ts';
import { openDatabase, openLoan } from './open.ts';

const COMMITS = 400;
const ROWS = 4;
/** What FTS5 merges by itself when a level has so many segments; here never. */
const NEVER = 1000;

describe('the search index of SQLite', () => {
  let dir: string;
  let database: Database;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'reeve-search-'));
    database = openDatabase(`sqlite:${join(dir, 'search.db')}`);
    await migrate(database);
    await sql`insert into users_search (users_search, rank) values ('crisismerge', ${sql.lit(NEVER)})`.execute(
      database.root,
    );
  });
  afterEach(async () => {
    await database.close();
    await rm(dir, { recursive: true, force: true });
  });

  const add = async (db: Db, commit: number): Promise<void> => {
    for (let row = 0; row < ROWS; row++)
      await sql`insert into users_search (rowid, text) values (${commit * ROWS + row + 1}, ${`person ${commit * 7919} of ${row}`})`.execute(
        db,
      );
  };
  const countOf = (query: ReturnType<typeof sql<{ n: number }>>) =>
    database.read(async (db) => (await query.execute(db)).rows[0]?.n);
  const segments = () => countOf(sql<{ n: number }>`select count(distinct segid) as n from users_search_idx`);
  const found = (trigram: string) =>
    countOf(sql<{ n: number }>`select count(*) as n from users_search where users_search match ${`"${trigram}"`}`);

  it('is left alone by FTS5', async () => {
    expect(await countOf(sql<{ n: number }>`select v as n from users_search_config where k = 'automerge'`)).toBe(0);
  });

  it('stays in few segments under single commits, and has every row', async () => {
    for (let commit = 0; commit < COMMITS; commit++) await database.write((db) => add(db, commit));
    expect(await segments()).toBeLessThan(20);
    expect(await found('per')).toBe(COMMITS * ROWS);
  });

  it('stays in few segments under a bulk writer, and has every row', async () => {
    const loan = database.lend();
    const bulk = openLoan(loan.ticket);
    for (let commit = 0; commit < COMMITS; commit++) await bulk.write((db) => add(db, commit));
    await bulk.close();
    loan.end();
    expect(await segments()).toBeLessThan(20);
    expect(await found('per')).toBe(COMMITS * ROWS);
  });

  it.each(['a request', 'a bulk writer'])('does not fail %s where there is no room to merge', async (whose) => {
    await sql`create table notes (n integer primary key, text text not null)`.execute(database.root);
    await sql`insert into notes values (1, 'old')`.execute(database.root);
    // Each a commit of its own that merges nothing.
    for (let commit = 0; commit < 40; commit++) await add(database.root, commit);
    const loan = whose === 'a request' ? undefined : database.lend();
    const bulk = loan && openLoan(loan.ticket);
    const { root, write } = bulk ?? database;
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(root);
    await sql`pragma max_page_count = ${sql.lit(rows[0]?.page_count)}`.execute(root);
    try {
      await write((db) => sql`update notes set text = 'new'`.execute(db));
    } finally {
      await bulk?.close();
      loan?.end();
    }
    expect(await countOf(sql<{ n: number }>`select count(*) as n from notes where text = 'new'`)).toBe(1);
    expect(await segments()).toBeGreaterThan(30);
  });
});
