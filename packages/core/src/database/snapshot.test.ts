/** What the reads of one turn of the event loop see: all that was committed before each of them (SQLite). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Database, Db } from './database.ts';
import { openDatabase } from './open.ts';

let dir: string;
let database: Database;
/** Commits as another thread does. */
let other: DatabaseSync;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'reeve-snapshot-'));
  database = openDatabase(`sqlite:${join(dir, 'read.db')}`);
  await sql`create table notes (n integer primary key)`.execute(database.root);
  other = new DatabaseSync(join(dir, 'read.db'));
  await nextTurn();
});
afterEach(async () => {
  other.close();
  await database.close();
  await rm(dir, { recursive: true, force: true });
});

const add = (db: Db, n: number) => sql`insert into notes (n) values (${n})`.execute(db);
const seen = () =>
  database.read(async (db) =>
    (await sql<{ n: number }>`select n from notes order by n`.execute(db)).rows.map(({ n }) => n),
  );

it('is one state of the database, until the turn ends', async () => {
  expect(await seen()).toEqual([]);
  other.exec('insert into notes values (1)');
  expect(await seen(), 'the same turn').toEqual([]);
  await nextTurn();
  expect(await seen(), 'the next one').toEqual([1]);
});

it('holds what was acknowledged in the same turn', async () => {
  let during: Promise<number[]> | undefined;
  await database.write(async (db) => {
    await add(db, 1);
    during = seen();
    await during;
  });
  const after = await seen();
  expect([await during, after]).toEqual([[], [1]]);
  await add(database.root, 2);
  expect(await seen()).toEqual([1, 2]);
});

it('does not keep the log from starting over at a commit', async () => {
  await database.write(async (db) => {
    await add(db, 1);
    await seen();
  });
  expect({ ...other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() }).toEqual({ busy: 0, log: 0, checkpointed: 0 });
});

it('is not begun anew by whoever reads while the database is being closed', async () => {
  expect(await seen()).toEqual([]);
  const closing = database.close();
  const reads: Promise<unknown>[] = [];
  for (let tick = 0; tick < 40; tick++) {
    await Promise.resolve();
    reads.push(seen().catch(() => 'closed'));
  }
  await closing;
  const outcomes = await Promise.all(reads);
  expect(outcomes.at(-1)).toBe('closed');
  // What would be left of a snapshot ends in this turn, and would end the process.
  await nextTurn();
  await expect(seen()).rejects.toThrow();
  database = openDatabase(`sqlite:${join(dir, 'read.db')}`);
});

it('is each statement alone while another thread may commit', async () => {
  expect(await seen()).toEqual([]);
  const loan = database.lend();
  try {
    for (const n of [1, 2]) {
      other.exec(`insert into notes values (${n})`);
      expect(await seen()).toContain(n);
    }
  } finally {
    loan.end();
  }
});
