/**
 * Statements for hot paths: built with Kysely once for each dialect, then run as prepared text. Building and compiling
 * a query costs several times its execution.
 */
import {
  CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Tables } from '../tables.ts';
import { type Db, isPostgres } from './database.ts';

type Parameters = Readonly<Record<string, string | number | null>>;

/** Stands where a parameter will stand. */
class Slot {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

interface Compiled {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Runs prepared text at once. */
export type DirectRun = (sql: string, values: readonly unknown[]) => unknown[];
const directRuns = new WeakMap<Db, DirectRun>();

/**
 * Lets statements pass by Kysely's executor on this handle. On SQLite, where a statement runs within the call, its
 * promises and frozen objects are a good part of a small read.
 */
export const runDirectly = (db: Db, run: DirectRun): void => void directRuns.set(db, run);

const compilers: { readonly sqlite: Db; readonly postgres: Db } = {
  sqlite: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  postgres: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
};

/**
 * `build` is given a query builder and `slot(name)`, which stands for the parameter of that name. The result runs the
 * statement: `await findUser(db, { tenantId, id })` gives its rows.
 */
export function statement<P extends Parameters, R>(
  build: (
    db: Db,
    slot: <K extends keyof P & string>(name: K) => NonNullable<P[K]>,
  ) => { compile(provider: Db): CompiledQuery<R> },
): (db: Db, parameters: P) => Promise<R[]> {
  const known: { sqlite?: Compiled; postgres?: Compiled } = {};
  return async (db, parameters) => {
    const direct = directRuns.get(db);
    const dialect = direct || !isPostgres(db) ? 'sqlite' : 'postgres';
    known[dialect] ??= build(compilers[dialect], (name) => new Slot(name) as never).compile(compilers[dialect]);
    const { sql, parameters: template } = known[dialect];
    const values = template.map((value) => (value instanceof Slot ? parameters[value.name] : value));
    if (direct) return direct(sql, values) as R[];
    const { rows } = await db.executeQuery<R>(CompiledQuery.raw(sql, values));
    return rows;
  };
}
