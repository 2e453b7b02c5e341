/** Opens the database that a URL names. The composition root and the tests call it, nobody else. */
import { type BulkDatabase, openSqliteBulk } from './bulk.ts';
import type { Database, LoanTicket } from './database.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

export interface DatabaseOptions {
  /** Megabytes of page cache for each SQLite connection. Default 32. */
  readonly cacheMegabytes?: number;
  /** Connections of the PostgreSQL pool. Default 10. */
  readonly poolSize?: number;
}

/** `sqlite:<path>` or `postgres://…`. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  if (url.startsWith('sqlite:')) return openSqlite(url.slice('sqlite:'.length), options.cacheMegabytes ?? 32);
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgres(url, options.poolSize ?? 10);
  throw new Error('The database URL must begin with "sqlite:" or "postgres://".');
}

/** Opens what was lent, in the thread of the bulk writer. */
export function openLoan({ url, id, gate }: LoanTicket, cacheMegabytes = 16): BulkDatabase {
  if (gate) return openSqliteBulk(url.slice('sqlite:'.length), cacheMegabytes, id, gate);
  const database = openPostgres(url, 2);
  return { ...database, isAwaited: () => false };
}
