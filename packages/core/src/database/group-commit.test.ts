import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Db } from './database.ts';
import { openDatabase } from './open.ts';

describe('group commit', () => {
  let dir: string;
  let database: Database;
  let other: DatabaseSync;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'reeve-test-'));
    database = openDatabase(`sqlite:${join(dir, 'group.db')}`);
    await sql`create table notes (n integer primary key, text text not null)`.execute(database.root);
    other = new DatabaseSync(join(dir, 'group.db'), { readOnly: true });
  });
  afterEach(async () => {
    other.close();
    await database.close();
    await rm(dir, { recursive: true, force: true });
  });

  const add = (db: Db, n: number, text = 'kept') => sql`insert into notes (n, text) values (${n}, ${text})`.execute(db);
  /** What another connection sees: only what is committed. */
  const committed = (): number[] =>
    other
      .prepare('select n from notes order by n')
      .all()
      .map(({ n }) => n as number);

  it('tells a unit that it is done once another connection sees it', async () => {
    const seen = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        await database.write((db) => add(db, n));
        return committed().includes(n);
      }),
    );
    expect(seen).toEqual(Array(20).fill(true));
  });

  it('undoes a unit that fails after it has written, and no other', async () => {
    const runs = Array<number>(9).fill(0);
    const outcomes = await Promise.allSettled(
      runs.map((_, n) =>
        database.write(async (db) => {
          runs[n] = (runs[n] as number) + 1;
          await add(db, n);
          if (n % 4 === 2) throw new Error(`unit ${n} fails`);
          return n;
        }),
      ),
    );
    expect(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.message)),
    ).toEqual([0, 1, 'unit 2 fails', 3, 4, 5, 'unit 6 fails', 7, 8]);
    expect(committed()).toEqual([0, 1, 3, 4, 5, 7, 8]);
    // The others of the group ran twice at most: once without a savepoint, once with one.
    expect(Math.max(...runs)).toBe(2);
  });

  it('lets a refusal before any write pass by the others', async () => {
    let runs = 0;
    const outcomes = await Promise.allSettled([
      database.write(async (db) => {
        runs++;
        await add(db, 1);
      }),
      database.write(async () => {
        throw new Error('refused');
      }),
      database.write((db) => add(db, 2)),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(committed()).toEqual([1, 2]);
    expect(runs).toBe(1);
  });

  it('undoes a statement that violates a rule, whoever comes first', async () => {
    const outcomes = await Promise.allSettled(
      [1, 1, 2].map((n, i) =>
        database.write(async (db) => {
          await add(db, 10 + i);
          await add(db, n);
        }),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(committed()).toEqual([1, 2, 10, 12]);
  });

  it('goes on after a first unit that fails alone', async () => {
    const failing = database.write(async (db) => {
      await add(db, 1);
      throw new Error('alone');
    });
    await expect(failing).rejects.toThrow('alone');
    await database.write((db) => add(db, 2));
    expect(committed()).toEqual([2]);
  });
});
