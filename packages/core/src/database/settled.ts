/**
 * Up to which number a table is settled: every row below it that will ever be visible is visible. On PostgreSQL rows are
 * numbered when they are inserted and seen when they are committed, in another order; whoever reads on from the last
 * number seen would pass over a row that is committed late. Owns the invariant that such a reader leaves none out.
 */
import { sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { type Db, isPostgres } from './database.ts';

export interface Settled {
  /** The newest number that was ever given out. */
  latest(db: Db): Promise<number>;
  /** The greatest number that is known to be settled now; ask again while it is below `latest`. */
  advance(db: Db): Promise<number>;
}

/** Watches a numbered table (`num`) that only grows. */
export function watchSettled(db: Db, table: keyof Tables): Settled {
  return isPostgres(db) ? watchPostgres(table) : watchSqlite(table);
}

/** SQLite has one writer at a time, so that the order of numbers is the order of commits. */
function watchSqlite(table: keyof Tables): Settled {
  const newest = async (db: Db) => {
    const { rows } = await sql<{ num: number | null }>`select max(num) as num from ${sql.table(table)}`.execute(db);
    return rows[0]?.num ?? 0;
  };
  return { latest: newest, advance: newest };
}

/**
 * A writer holds a ROW EXCLUSIVE lock on the table from before it is given a number until its end is visible. So once
 * every transaction that held the lock when the sequence stood at n has let it go, the rows up to n are settled.
 */
function watchPostgres(table: keyof Tables): Settled {
  let settled = 0;
  let awaited: { readonly num: number; readonly writers: ReadonlySet<string> } | undefined;

  async function latest(db: Db): Promise<number> {
    const { rows } = await sql<{ num: number }>`
      select case when is_called then last_value else 0 end as num from ${sql.table(`${table}_num_seq`)}`.execute(db);
    return rows[0]?.num ?? 0;
  }
  async function writersNow(db: Db): Promise<Set<string>> {
    const { rows } = await sql<{ writer: string }>`
      select virtualtransaction as writer from pg_locks
      where locktype = 'relation' and relation = ${sql.lit(table)}::regclass and mode = 'RowExclusiveLock'
        and database = (select oid from pg_database where datname = current_database())`.execute(db);
    return new Set(rows.map(({ writer }) => writer));
  }
  return {
    latest,
    async advance(db) {
      if (awaited) {
        const { num, writers } = awaited;
        const now = await writersNow(db);
        if ([...writers].some((writer) => now.has(writer))) return settled;
        settled = num;
        awaited = undefined;
      }
      // First the number, then who writes: a later writer can only have been given a greater number.
      const num = await latest(db);
      if (num <= settled) return settled;
      const writers = await writersNow(db);
      if (writers.size === 0) settled = num;
      else awaited = { num, writers };
      return settled;
    },
  };
}
