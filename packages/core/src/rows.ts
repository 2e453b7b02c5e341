/**
 * The rows of tables that are keyed by tenant and id, and lists of them. Owns the invariants that an id of another
 * shape names nothing, and that a list of these tables is newest first by id, so that its pages cover it exactly.
 */
import { type Selectable, type SelectQueryBuilder, sql } from 'kysely';
import { type Db, held, locked, padded, uniqueViolation } from './database/database.ts';
import { statement } from './database/statement.ts';
import { isId, type Prefix } from './id.ts';
import { DEFAULT_LIMIT, decodeCursor, encodeCursor } from './page.ts';
import { notFound, type Problem } from './problem.ts';
import type { Tables } from './tables.ts';
import { keyOf } from './users/document.ts';

const KINDS = {
  groups: ['grp', 'group'],
  roles: ['rol', 'role'],
  organizations: ['org', 'organization'],
  applications: ['app', 'application'],
  rules: ['rul', 'rule'],
  client_grants: ['cgr', 'client grant'],
  custom_fields: ['fld', 'custom field'],
  resource_namespaces: ['rns', 'resource namespace'],
  resources: ['res', 'resource'],
} as const satisfies Record<string, readonly [Prefix, string]>;

export type KeyedTable = keyof typeof KINDS;
export type Row<T extends KeyedTable> = Selectable<Tables[T]>;

/**
 * What a unit is about to do with the row: `change` it (others wait), or `point` to it (it can't be deleted meanwhile).
 * On SQLite the writer is alone anyway.
 */
export type Purpose = 'read' | 'change' | 'point';

type ById = { tenant_id: number; id: string };
type Finder = (db: Db, values: ById) => Promise<unknown[]>;
const finders = new Map<string, Finder>();

function finderOf(table: KeyedTable, purpose: Purpose): Finder {
  const name = `${table} ${purpose}`;
  let finder = finders.get(name);
  if (!finder) {
    finder = statement<ById, unknown>((db, slot) => {
      const query = db
        .selectFrom(table as 'groups')
        .selectAll()
        .where('tenant_id', '=', slot('tenant_id'))
        .where('id', '=', slot('id'));
      if (purpose === 'read') return query;
      return purpose === 'change' ? locked(db, query) : held(db, query);
    });
    finders.set(name, finder);
  }
  return finder;
}

/** Ids of one statement. */
const AT_ONCE = 500;

/** The rows with these ids, by id; what is not there has no entry. */
export async function findRows<T extends KeyedTable>(
  db: Db,
  table: T,
  tenantId: number,
  ids: readonly string[],
): Promise<Map<string, Row<T>>> {
  const found = new Map<string, Row<T>>();
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const some = ids.slice(from, from + AT_ONCE) as [string, ...string[]];
    const query = db
      .selectFrom(table as 'groups')
      .selectAll()
      .where('tenant_id', '=', tenantId);
    for (const row of await query.where('id', 'in', padded(some)).execute())
      found.set(row.id, row as unknown as Row<T>);
  }
  return found;
}

/** The codes of groups or roles, by id; what is not there has no entry. */
export async function codesOf(
  db: Db,
  table: 'groups' | 'roles',
  tenantId: number,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const rows = await findRows(db, table, tenantId, ids);
  return new Map([...rows].map(([id, { code }]) => [id, code]));
}

export async function findRow<T extends KeyedTable>(
  db: Db,
  table: T,
  tenantId: number,
  id: string,
  purpose: Purpose = 'read',
): Promise<Row<T> | undefined> {
  if (!isId(KINDS[table][0], id)) return undefined;
  const [row] = await finderOf(table, purpose)(db, { tenant_id: tenantId, id });
  return row as Row<T> | undefined;
}

/** The row, or `not_found`. */
export async function requireRow<T extends KeyedTable>(
  db: Db,
  table: T,
  tenantId: number,
  id: string,
  purpose: Purpose = 'read',
): Promise<Row<T>> {
  const row = await findRow(db, table, tenantId, id, purpose);
  if (!row) throw notFound(KINDS[table][1], id);
  return row;
}

/** Whether one of the (lowered) columns holds `text`, without case. */
export const containing = (columns: readonly string[], text: string) => {
  const pattern = `%${keyOf(text).replace(/[\\%_]/g, '\\$&')}%`;
  const matches = columns.map((column) => sql`${sql.ref(column)} like ${pattern} escape '\\'`);
  return sql<boolean>`(${sql.join(matches, sql` or `)})`;
};

export interface ListQuery {
  readonly limit?: number;
  readonly cursor?: string;
}

/** One page of the query's rows, the greatest `column` (an id that rises with time) first. */
export async function newestFirst<DB, TB extends keyof DB, O extends { readonly id: string }>(
  query: SelectQueryBuilder<DB, TB, O>,
  column: string,
  { limit = DEFAULT_LIMIT, cursor }: ListQuery,
): Promise<{ rows: O[]; next_cursor: string | null }> {
  let page = query.orderBy(sql.ref(column), 'desc').limit(limit + 1);
  if (cursor !== undefined) {
    const [after] = decodeCursor(cursor, column, ['string']);
    page = page.where(sql<boolean>`${sql.ref(column)} < ${after}`);
  }
  const rows = await page.execute();
  if (rows.length <= limit) return { rows, next_cursor: null };
  const kept = rows.slice(0, limit);
  return { rows: kept, next_cursor: encodeCursor(column, [(kept.at(-1) as O).id]) };
}

/** How many rows a query matches. */
export async function countRows<DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>): Promise<number> {
  const row = await query.select((e) => e.fn.countAll().as('matches')).executeTakeFirstOrThrow();
  return Number((row as { matches: number | string }).matches);
}

/** Runs a write; a value of `<table>.<column>` that another row has already is refused with `problem`. */
export async function refusing<T>(taken: string, problem: () => Problem, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const violated = uniqueViolation(error);
    if (violated && `${violated.table}.${violated.column}` === taken) throw problem();
    throw error;
  }
}
