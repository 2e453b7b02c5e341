/**
 * The storage port: one source of SQL through Kysely, on SQLite or PostgreSQL. This folder alone knows which one it is.
 * Owns the invariant that a unit of work is atomic, and durable before it is acknowledged.
 */
import { type Kysely, PostgresAdapter, type SelectQueryBuilder } from 'kysely';
import { Problem } from '../problem.ts';
import type { Tables } from '../tables.ts';

export type Db = Kysely<Tables>;

export interface Database {
  readonly dialect: 'sqlite' | 'postgres';
  /** Runs `unit` on a read connection; it sees only what is committed. */
  read<T>(unit: (db: Db) => Promise<T>): Promise<T>;
  /**
   * Runs `unit` in a transaction and resolves once that is durable. Inside, nothing but the given `db` may be awaited:
   * on SQLite units that are waiting together share one commit. `unit` may run again (PostgreSQL: a deadlock or
   * serialisation failure; SQLite: another unit of the shared commit failed), so it has no effect beyond `db`.
   */
  write<T>(unit: (db: Db) => Promise<T>): Promise<T>;
  /** The handle for migrations and maintenance; no core area imports it. */
  readonly root: Db;
  /** Opens the database to a bulk writer in another thread, until the loan is given back. */
  lend(): Loan;
  close(): Promise<void>;
}

/** What a bulk writer's thread needs (`openLoan`); plain data, so that it can be posted to it. */
export interface LoanTicket {
  readonly url: string;
  /** Tells bulk writers apart; 2 or greater. */
  readonly id: number;
  /** The gate that all writers of the process pass (SQLite). */
  readonly gate: SharedArrayBuffer | undefined;
}

export interface Loan {
  readonly ticket: LoanTicket;
  /** Call it when the thread has ended, however it ended. */
  end(): void;
}

export const isPostgres = (db: Db): boolean => db.getExecutor().adapter instanceof PostgresAdapter;

/** Reads rows that the same unit is about to change: on PostgreSQL they are locked, on SQLite the writer is alone. */
export const locked = <DB, TB extends keyof DB, O>(
  db: Db,
  query: SelectQueryBuilder<DB, TB, O>,
): SelectQueryBuilder<DB, TB, O> => (isPostgres(db) ? query.forUpdate() : query);

/** Reads rows that the same unit points to: on PostgreSQL nobody can delete them meanwhile, though others may point, too. */
export const held = <DB, TB extends keyof DB, O>(
  db: Db,
  query: SelectQueryBuilder<DB, TB, O>,
): SelectQueryBuilder<DB, TB, O> => (isPostgres(db) ? query.forKeyShare() : query);

/** Reads rows to lease them: on PostgreSQL rows that another process is leasing are passed over. */
export const skippingLocked = <DB, TB extends keyof DB, O>(
  db: Db,
  query: SelectQueryBuilder<DB, TB, O>,
): SelectQueryBuilder<DB, TB, O> => (isPostgres(db) ? query.forUpdate().skipLocked() : query);

const SQLITE_CONSTRAINT_UNIQUE = 2067;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const SQLITE_CONSTRAINT_FOREIGNKEY = 787;
const SQLITE_FULL = 13;

interface DriverError {
  readonly code?: string;
  readonly constraint?: string;
  readonly errcode?: number;
  readonly message?: string;
}

/**
 * What a unique violation violated, or undefined where the error is none: PostgreSQL names the constraint, SQLite the
 * columns; every unique index is named after its table and its last column, which both then give.
 */
export function uniqueViolation(error: unknown): { table: string; column: string } | undefined {
  const { code, constraint, errcode, message } = (error ?? {}) as DriverError;
  if (code === '23505' && constraint) {
    const [table = '', column = ''] = constraint.split('__');
    return { table, column };
  }
  if (errcode === SQLITE_CONSTRAINT_UNIQUE || errcode === SQLITE_CONSTRAINT_PRIMARYKEY) {
    const [table = '', column = ''] = (message ?? '').split(': ').at(-1)?.split(', ').at(-1)?.split('.') ?? [];
    return { table, column };
  }
  return undefined;
}

/** Whether a write failed because a row that it points to is gone. */
export function isOrphan(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as DriverError;
  return code === '23503' || errcode === SQLITE_CONSTRAINT_FOREIGNKEY;
}

/**
 * The values of an `in` list, the last one repeated up to a power of two: lists of any length make few statements, which
 * stay prepared.
 */
export function padded<T>(values: readonly [T, ...T[]]): T[] {
  const length = 2 ** Math.ceil(Math.log2(values.length));
  return [...values, ...Array<T>(length - values.length).fill(values.at(-1) as T)];
}

/** What the system says of a connection that is not to be had, or broke. */
const AWAY: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);
/**
 * SQLSTATEs of a PostgreSQL that will do its work later or elsewhere: connection exceptions, out of resources, stopping or
 * starting, closed to connections, and a standby that nobody has promoted yet.
 */
const AWAY_STATE = /^(08...|53...|57P0.|55000|25006)$/;

/** Turns what a database reports of its disk or its absence into the problem that a caller can act on. */
export function storageProblem(error: unknown): unknown {
  const { code, errcode, message } = (error ?? {}) as DriverError;
  if (errcode === SQLITE_FULL || code === '53100') {
    return new Problem('storage_full', 'The disk is full; nothing was changed.', { cause: error });
  }
  // What the pool says when no connection came free in time; it has no code.
  if (message === 'timeout exceeded when trying to connect') {
    return new Problem('overloaded', 'The database is busy; try again.', { retryAfter: 1, cause: error });
  }
  if (code !== undefined && (AWAY.has(code) || AWAY_STATE.test(code))) {
    return new Problem('overloaded', 'The database does not answer.', { retryAfter: 1, cause: error });
  }
  return error;
}
