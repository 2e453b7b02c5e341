/**
 * The bulk writer's side of the database: large transactions in a thread of its own. Owns the invariant that a bulk writer
 * never keeps a request waiting for more than the step that it is in and its commit.
 */
import { CompiledQuery, Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { type Database, type Db, isPostgres, storageProblem } from './database.ts';
import { WriteGate } from './gate.ts';
import { SearchIndex } from './search-index.ts';
import { dialectOf, SqliteConnection, writerPragmas } from './sqlite.ts';
import { runDirectly } from './statement.ts';

export interface BulkDatabase extends Omit<Database, 'lend'> {
  /** Whether a request waits for this writer: end the transaction soon. */
  isAwaited(): boolean;
}

/** Of the time that a unit took, for the search index: merging takes a fifth of what the rows take, and has to keep up. */
const MERGE_SHARE = 0.5;

export function openSqliteBulk(
  path: string,
  cacheMegabytes: number,
  id: number,
  cells: SharedArrayBuffer,
): BulkDatabase {
  const gate = new WriteGate(cells);
  const connection = new SqliteConnection(path, [
    ...writerPragmas(cacheMegabytes),
    'wal_autocheckpoint = 0',
    // Every row that a bulk writer ties to another one was read or written in the same transaction.
    'foreign_keys = OFF',
  ]);
  const { handle } = connection;
  const root: Db = new Kysely<Tables>({ dialect: dialectOf(connection) });
  connections.set(root, connection);
  runDirectly(root, connection.run);
  const searchIndex = new SearchIndex(handle);
  /** As long as nobody waits. False: the unit is to run again, without this: upkeep fails nobody. */
  const mergeSearch = (unitMilliseconds: number): boolean => {
    const end = performance.now() + unitMilliseconds * MERGE_SHARE;
    try {
      while (!gate.isAwaited && searchIndex.merge() && performance.now() < end);
      return true;
    } catch {
      if (handle.isTransaction) handle.exec('ROLLBACK');
      return false;
    }
  };
  const run = async <T>(unit: (db: Db) => Promise<T>): Promise<T> => {
    handle.exec('BEGIN IMMEDIATE');
    const began = performance.now();
    const value = await unit(root);
    return mergeSearch(performance.now() - began) ? value : run(unit);
  };
  /** What is left of the log is little, and nobody waits for it: the gate is free. */
  const catchUp = () => {
    if (!gate.isBehind || gate.isAwaited) return;
    handle.exec('PRAGMA wal_checkpoint(PASSIVE)');
    gate.isBehind = false;
  };
  return {
    dialect: 'sqlite',
    root,
    read: (unit) => unit(root),
    // One after another: a bulk writer never begins a unit before the last one ended.
    async write(unit) {
      gate.enterLast(id);
      try {
        const value = await run(unit);
        handle.exec('COMMIT');
        return value;
      } catch (error) {
        if (handle.isTransaction) handle.exec('ROLLBACK');
        throw storageProblem(error);
      } finally {
        gate.leave(id);
        catchUp();
      }
    },
    isAwaited: () => gate.isAwaited,
    close: () => root.destroy(),
  };
}

/** The values of one column: one for each row, or the same for all. */
export type Column = readonly Value[] | Value;
type Value = string | number | null;

/** Connections of bulk writers: their inserts go past the query executor, which costs as much as an insert. */
const connections = new WeakMap<Db, SqliteConnection>();

/** Rows of one statement. SQLite inserts row by row: a statement of several rows first copies each page that it changes. */
const ROWS = { sqlite: 1, postgres: 1000 } as const;

const texts = new Map<string, string>();

function textOf(table: string, columns: readonly string[], rows: number, postgres: boolean): string {
  const known = `${table} ${columns.join()} ${rows} ${postgres}`;
  let text = texts.get(known);
  if (text === undefined) {
    let n = 0;
    const tuple = () => `(${columns.map(() => (postgres ? `$${++n}` : '?')).join(', ')})`;
    text = `insert into "${table}" (${columns.map((c) => `"${c}"`).join(', ')}) values ${Array.from({ length: rows }, tuple).join(', ')}`;
    texts.set(known, text);
  }
  return text;
}

/** Inserts rows that are given column by column. */
export async function insertColumns<T extends keyof Tables | 'users_search'>(
  db: Db,
  table: T,
  count: number,
  columns: Readonly<Record<string, Column>>,
): Promise<void> {
  const postgres = isPostgres(db);
  const names = Object.keys(columns);
  const values = Object.values(columns);
  const connection = connections.get(db);
  const many = postgres ? ROWS.postgres : ROWS.sqlite;
  for (let from = 0; from < count; ) {
    const rows = Math.min(many, count - from);
    const text = textOf(table, names, rows, postgres);
    if (connection) {
      const { prepared } = connection.prepare(text);
      for (; count - from >= rows; from += rows) prepared.run(...parametersOf(values, from, rows));
    } else {
      await db.executeQuery(CompiledQuery.raw(text, parametersOf(values, from, rows)));
      from += rows;
    }
  }
}

function parametersOf(values: readonly Column[], from: number, rows: number): Value[] {
  const parameters = new Array<Value>(values.length * rows);
  let at = 0;
  for (let row = from; row < from + rows; row++) {
    for (const value of values)
      parameters[at++] = typeof value === 'object' && value !== null ? (value[row] as Value) : value;
  }
  return parameters;
}

/** Numbers for `count` new rows of a numbered table, increasing. */
export async function reserveNumbers(db: Db, table: 'users', count: number): Promise<number[]> {
  if (count === 0) return [];
  if (isPostgres(db)) {
    const { rows } = await sql<{ num: number }>`
      select nextval(${sql.lit(`${table}_num_seq`)}) as num from generate_series(1, ${count})`.execute(db);
    return rows.map(({ num }) => num).sort((a, b) => a - b);
  }
  const newest = `select max(num) as top from "${table}"`;
  const connection = connections.get(db);
  const rows = connection ? connection.run(newest, []) : (await db.executeQuery(CompiledQuery.raw(newest))).rows;
  const top = (rows[0] as { top: number | null } | undefined)?.top ?? 0;
  return Array.from({ length: count }, (_, i) => top + 1 + i);
}

/** A key that an identity has. */
export interface HeldKey {
  readonly key: string;
  readonly user_num: number;
  /** 0: of the user itself, else of a linked identity. */
  readonly position: number;
}

/** Which of `keys` are in a unique column of a connection's identities, whose they are and at which position. */
export async function findIdentities(
  db: Db,
  column: 'email_key' | 'username_key' | 'phone_key' | 'subject',
  tenantId: number,
  connectionNum: number,
  keys: readonly string[],
): Promise<HeldKey[]> {
  const connection = connections.get(db);
  if (connection) {
    // One look after another is cheaper than a list: it is sorted and stored first.
    const { prepared } = connection.prepare(
      `select user_num, position from identities where tenant_id = ? and ${column} = ? and connection_num = ?`,
    );
    const found: HeldKey[] = [];
    for (const key of keys) {
      const row = prepared.get(tenantId, key, connectionNum) as Omit<HeldKey, 'key'> | undefined;
      if (row) found.push({ key, user_num: row.user_num, position: row.position });
    }
    return found;
  }
  const at = sql.ref(column);
  // On PostgreSQL key by key, too: as a list the planner, while it knows nothing of a growing table, reads all of it.
  const { rows } = isPostgres(db)
    ? await sql<HeldKey>`
        select wanted.key, found.user_num, found.position from unnest(${keys as string[]}::text[]) as wanted (key)
        cross join lateral (
          select user_num, position from identities
          where tenant_id = ${tenantId} and ${at} = wanted.key and connection_num = ${connectionNum} limit 1
        ) as found`.execute(db)
    : await sql<HeldKey>`
        select ${at} as key, user_num, position from identities
        where tenant_id = ${tenantId} and connection_num = ${connectionNum} and ${at} in (${sql.join([...keys])})`.execute(
        db,
      );
  return rows;
}
