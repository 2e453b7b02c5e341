/**
 * SQLite by `node:sqlite`: one writer, one reader (WAL), and group commit. Units of work that are waiting when the
 * writer comes free run one after another, each in its savepoint, and share one durable commit.
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Tables } from '../tables.ts';
import type { Database, Db } from './database.ts';
import { WriteGate } from './gate.ts';
import { GroupCommit } from './group-commit.ts';
import { createLender } from './lending.ts';
import { Snapshot } from './snapshot.ts';
import { runDirectly } from './statement.ts';

const STATEMENT_CACHE = 512;
/**
 * SQLite plans by the value of a bare parameter behind `limit`, and so prepares the statement anew at every execution: a
 * look-up by a unique index took 35 µs of which 25 µs were that. Behind a sign the parameter is an expression like any other.
 */
const BARE_LIMIT = ' limit ?';
const OPAQUE_LIMIT = ' limit +?';

type Value = null | number | bigint | string | Uint8Array;
interface Statement {
  readonly prepared: StatementSync;
  readonly reads: boolean;
}

/** A connection whose statements are prepared once for each SQL text. */
export class SqliteConnection implements DatabaseConnection {
  readonly handle: DatabaseSync;
  readonly #statements = new Map<string, Statement>();

  constructor(path: string, pragmas: readonly string[]) {
    this.handle = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 5000 });
    for (const pragma of pragmas) this.handle.exec(`PRAGMA ${pragma}`);
  }

  /** Runs one statement and gives its rows; the way of hot paths, which need no more of a result. */
  readonly run = (sql: string, parameters: readonly unknown[]): unknown[] => {
    const { prepared, reads } = this.prepare(sql);
    if (reads) return prepared.all(...(parameters as Value[]));
    prepared.run(...(parameters as Value[]));
    return [];
  };

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { prepared, reads } = this.prepare(sql);
    if (reads) return { rows: prepared.all(...(parameters as Value[])) as R[] };
    const { changes } = prepared.run(...(parameters as Value[]));
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  async *streamQuery<R>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    const statement = this.handle.prepare(sql);
    for (const row of statement.iterate(...(parameters as Value[]))) yield { rows: [row as R] };
  }

  prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const prepared = this.handle.prepare(sql.replaceAll(BARE_LIMIT, OPAQUE_LIMIT));
    const statement = { prepared, reads: prepared.columns().length > 0 };
    if (this.#statements.size >= STATEMENT_CACHE)
      this.#statements.delete(this.#statements.keys().next().value as string);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Transactional DDL is SQLite's own; Kysely's adapter does not claim it. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** `ran` is called after whatever Kysely runs on the connection; hot paths' statements go past it (`runDirectly`). */
export function dialectOf(connection: SqliteConnection, ran: () => void = () => {}): Dialect {
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: async () => connection.handle.exec('BEGIN IMMEDIATE'),
    commitTransaction: async () => connection.handle.exec('COMMIT'),
    rollbackTransaction: async () => connection.handle.exec('ROLLBACK'),
    releaseConnection: async () => ran(),
    destroy: async () => connection.handle.close(),
  };
  return {
    createDriver: () => driver,
    createAdapter: () => new TransactionalSqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

/** Settings of every connection that writes. */
export const writerPragmas = (cacheMegabytes: number): string[] => [
  'page_size = 8192',
  'journal_mode = WAL',
  'synchronous = FULL',
  ...sharedPragmas(cacheMegabytes),
];
const sharedPragmas = (cacheMegabytes: number): string[] => [
  'busy_timeout = 5000',
  `cache_size = -${cacheMegabytes * 1024}`,
  'temp_store = MEMORY',
  'foreign_keys = ON',
];

/** A new file is its owner's alone: it holds people and password hashes. SQLite gives the log the same mode. */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch {
    // It is there already, or can't be: SQLite tells which.
  }
}

export function openSqlite(path: string, cacheMegabytes: number): Database {
  makePrivate(path);
  const writer = new SqliteConnection(path, writerPragmas(cacheMegabytes));
  const reader = new SqliteConnection(path, [...sharedPragmas(cacheMegabytes), 'query_only = ON']);
  const snapshot = new Snapshot(reader.handle);
  const root: Db = new Kysely<Tables>({ dialect: dialectOf(writer, () => snapshot.end()) });
  const reading: Db = new Kysely<Tables>({ dialect: dialectOf(reader) });
  runDirectly(root, writer.run);
  runDirectly(reading, reader.run);
  const gate = new WriteGate();
  const lender = createLender({
    path,
    writer: writer.handle,
    reader: reader.handle,
    cacheMegabytes,
    gate,
    snapshot,
  });
  const groups = new GroupCommit(writer.handle, root, gate, snapshot);
  return {
    dialect: 'sqlite',
    root,
    read(unit) {
      try {
        snapshot.share();
      } catch (error) {
        return Promise.reject(error);
      }
      return unit(reading);
    },
    write: (unit) => groups.add(unit),
    lend: lender.lend,
    async close() {
      await groups.idle();
      await lender.idle();
      snapshot.forbid();
      await reading.destroy();
      await root.destroy();
    },
  };
}
