/** PostgreSQL by `pg`: a pool, units of work as READ COMMITTED transactions, run again after a deadlock. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { Problem } from '../problem.ts';
import type { Tables } from '../tables.ts';
import { type Database, type Db, storageProblem } from './database.ts';

const TRIES = 5;
const AGAIN = new Set(['40001', '40P01']);

// Instants and counts are int8 and stay far below 2^53.
const INT8 = 20;
const types = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/** Statements that stay prepared on each connection; what comes later is parsed each time. */
const PREPARED = 500;
const names = new Map<string, string>();

/**
 * The name under which `text` is prepared. A plan for unknown values is a bad one for `like`, and the columns of `*`
 * change with a migration, so these are never kept.
 */
function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= PREPARED || text.includes('*') || text.includes(' like ')) return known;
  const name = `reeve_${names.size}`;
  names.set(text, name);
  return name;
}

/**
 * The longest that one statement may take, its wait for locks included, and that a transaction may stand still: far beyond
 * what any of ours needs, so that what hangs gives its connection and its locks back. The URL may set others
 * (`?statement_timeout=…`, milliseconds); migrations have no bound (`migrate.ts`).
 */
const STATEMENT_MILLISECONDS = 60_000;
const IDLE_MILLISECONDS = 60_000;
/** query_canceled, idle_in_transaction_session_timeout. */
const TIMED_OUT = new Set(['57014', '25P03']);
const AFTER_TIMEOUT_SECONDS = 5;

type Query = (...given: unknown[]) => unknown;

/** What `pg` has beside its types. */
interface Inner {
  readonly connection: { readonly stream: { destroy(): void } };
  /** Milliseconds, from the URL as text. */
  readonly connectionParameters: { readonly statement_timeout?: number | string | false };
}

/** A client that prepares each statement once for each connection: a lookup by key takes 0.6 of the time, an update 0.7. */
class PreparingClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    // A connection that dies between two statements of a unit is told by the next one; unheard it would end the process.
    this.on('error', () => {});
  }

  override query = ((...given: unknown[]) => {
    const [text, values, ...rest] = given;
    if (text === 'commit') return this.#commit();
    const name = typeof text === 'string' && Array.isArray(values) && values.length > 0 ? nameOf(text) : undefined;
    const query = super.query as Query;
    return name === undefined ? query.apply(this, given) : query.call(this, { name, text, values }, ...rest);
  }) as pg.Client['query'];

  /**
   * PostgreSQL keeps no bound on a commit, which waits for a synchronous standby as long as there is none. Here it has that of a
   * statement: then the connection is given up, and what became of the commit is not known.
   */
  async #commit(): Promise<unknown> {
    const { connection, connectionParameters } = this as unknown as Inner;
    const bound = Number(connectionParameters.statement_timeout);
    const slow = bound > 0 ? setTimeout(() => connection.stream.destroy(), bound) : undefined;
    try {
      return await super.query('commit');
    } finally {
      clearTimeout(slow);
    }
  }
}

export function openPostgres(url: string, poolSize: number): Database {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: url,
    max: poolSize,
    types,
    application_name: 'reeve',
    // Also the longest that a unit of work waits for its turn: as long as for a lock, since whoever holds the connections
    // may be waiting for one.
    connectionTimeoutMillis: STATEMENT_MILLISECONDS,
    statement_timeout: STATEMENT_MILLISECONDS,
    idle_in_transaction_session_timeout: IDLE_MILLISECONDS,
  });
  // A connection that dies while it is idle is replaced at its next use; without a listener it would end the process.
  pool.on('error', () => {});
  const root: Db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return {
    dialect: 'postgres',
    root,
    read: (unit) => unit(root).catch(rethrow),
    write: (unit) => transact(root, unit),
    lend: () => ({ ticket: { url, id: 0, gate: undefined }, end: () => {} }),
    close: () => root.destroy(),
  };
}

const rethrow = (error: unknown): never => {
  throw problemOf(error);
};

/** What `pg` says of a connection that died under it; it has no code. */
const DEAD = /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired)/;

function problemOf(error: unknown): unknown {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (DEAD.test(message))
    return new Problem('overloaded', 'The connection to the database broke.', { retryAfter: 1, cause: error });
  if (!TIMED_OUT.has(code)) return storageProblem(error);
  return new Problem('overloaded', 'The database did not answer in time; nothing was changed.', {
    retryAfter: AFTER_TIMEOUT_SECONDS,
    cause: error,
  });
}

async function transact<T>(root: Db, unit: (db: Db) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await root.transaction().execute(unit);
    } catch (error) {
      if (tries >= TRIES || !AGAIN.has((error as { code?: string }).code ?? '')) throw problemOf(error);
    }
  }
}
