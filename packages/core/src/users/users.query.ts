/**
 * Finding users: filters, sorts and keyset pages compiled to SQL. Each shape of a query (which filters, which sort,
 * first page or later) is built once and then runs as a prepared statement.
 */
import { type SelectQueryBuilder, sql } from 'kysely';
import { fromWire } from '../clock.ts';
import { findConnection } from '../connections/connections.store.ts';
import { readCounter } from '../counters/counters.ts';
import { filterOf } from '../custom-fields/filter.ts';
import { type Db, isPostgres } from '../database/database.ts';
import { unindexed } from '../database/document.ts';
import { statement } from '../database/statement.ts';
import { firstIdAt } from '../id.ts';
import { decodeCursor, encodeCursor, type Key } from '../page.ts';
import { fieldProblem } from '../problem.ts';
import type { Tables } from '../tables.ts';
import { keyOf, phoneKeyOf, searchNeedleOf } from './document.ts';
import { trigramsOf } from './trigrams.ts';

export interface UserQuery {
  readonly search?: string;
  readonly connection?: string;
  readonly group?: string;
  readonly role?: string;
  readonly organization?: string;
  readonly application?: string;
  readonly state?: 'active' | 'disabled';
  readonly email?: string;
  readonly username?: string;
  readonly phone_number?: string;
  /** `key=value`; of an object, `key.name=value`. */
  readonly custom_field?: string;
  readonly created_after?: string;
  readonly created_before?: string;
  readonly updated_after?: string;
  readonly updated_before?: string;
  readonly last_sign_in_after?: string;
  readonly last_sign_in_before?: string;
  readonly sort?: string;
}

type Value = string | number;
type Values = Record<string, Value>;
type Row = { readonly num: number; readonly doc: string; readonly sort_key: string | number };
type Query = SelectQueryBuilder<Tables, 'users', { num: number }>;
type SlotOf = (name: string) => never;

/** A membership filter: its table and the column that names the group, role, organization or application. */
const MEMBERSHIPS = {
  group: ['group_members', 'group_id'],
  role: ['role_members', 'role_id'],
  organization: ['organization_members', 'organization_id'],
  application: ['application_users', 'application_id'],
} as const;
type Membership = keyof typeof MEMBERSHIPS;
const isMembership = (name: string): name is Membership => name in MEMBERSHIPS;

/** How each filter narrows the query. Values stand in slots of the filter's name. */
const CONDITIONS: Record<string, (query: Query, slot: SlotOf, db: Db) => Query> = {
  connection: (query, slot) => query.where('users.connection_num', '=', slot('connection')),
  // Written out, so that the partial index of disabled users answers it.
  'state:active': (query) => query.where('users.state', '=', sql.lit('active')),
  'state:disabled': (query) => query.where('users.state', '=', sql.lit('disabled')),
  email: (query, slot) => query.where(identity('email_key', slot('email'), slot('tenant_id'))),
  username: (query, slot) => query.where(identity('username_key', slot('username'), slot('tenant_id'))),
  phone_number: (query, slot) => query.where(identity('phone_key', slot('phone_number'), slot('tenant_id'))),
  custom_field: (query, slot) =>
    query.where(
      sql<boolean>`users.num in (select user_num from metadata where tenant_id = ${slot('tenant_id')} and bag = 'custom' and path = ${slot('field_path')} and text = ${slot('field_text')})`,
    ),
  created_after: (query, slot) => query.where('users.id', '>=', slot('created_after')),
  created_before: (query, slot) => query.where('users.id', '<', slot('created_before')),
  updated_after: (query, slot) => query.where('users.updated_at', '>=', slot('updated_after')),
  updated_before: (query, slot) => query.where('users.updated_at', '<', slot('updated_before')),
  last_sign_in_after: (query, slot) =>
    query.where('users.last_sign_in_at', '>=', slot('last_sign_in_after')).where('users.last_sign_in_at', '>', 0),
  last_sign_in_before: (query, slot) =>
    query.where('users.last_sign_in_at', '<', slot('last_sign_in_before')).where('users.last_sign_in_at', '>', 0),
  nobody: (query) => query.where(sql<boolean>`1 = 0`),
  search: (query, slot, db) =>
    isPostgres(db)
      ? query.where('users.search_text', 'like', slot('pattern'))
      : query
          .where(
            'users.num',
            'in',
            sql<number>`(select rowid from users_search where users_search match ${slot('trigrams')})` as never,
          )
          .where(sql<boolean>`instr(users.search_text, ${slot('needle')}) > 0`),
};

const identity = (column: 'email_key' | 'username_key' | 'phone_key', value: never, tenant: never) =>
  sql<boolean>`users.num in (select user_num from identities where tenant_id = ${tenant} and position = 0 and ${sql.ref(column)} = ${value})`;

interface Shape {
  readonly filters: readonly string[];
  readonly memberships: readonly Membership[];
}

function narrowed(db: Db, { filters, memberships }: Shape, slot: SlotOf): Query {
  // Who has a value is listed by its index: SQLite would rather read the whole tenant in the order of the sort.
  const tenant = filters.includes('custom_field') ? unindexed(db, 'users.tenant_id') : sql.ref('users.tenant_id');
  const isTenants = sql<boolean>`${tenant} = ${slot('tenant_id')}`;
  let query = db.selectFrom('users').where(isTenants) as unknown as Query;
  for (const name of memberships) {
    const [table, column] = MEMBERSHIPS[name];
    query = query.innerJoin(`${table} as ${name}`, (join) =>
      join
        .onRef(`${name}.user_num` as never, '=', 'users.num')
        .on(`${name}.tenant_id` as never, '=', slot('tenant_id'))
        .on(`${name}.${column}` as never, '=', slot(name)),
    ) as unknown as Query;
  }
  return filters.reduce((built, name) => (CONDITIONS[name] as (typeof CONDITIONS)[string])(built, slot, db), query);
}

/** Sort columns. `num` is the order of creation. */
const SORTS = {
  created_at: 'users.num',
  updated_at: 'users.updated_at',
  name: 'users.name_key',
  last_sign_in_at: 'users.last_sign_in_at',
  email: 'identities.email_key',
} as const;
type Sort = keyof typeof SORTS;

type Statement = (db: Db, values: Values) => Promise<Row[]>;
const pages = new Map<string, Statement>();
const counts = new Map<string, (db: Db, values: Values) => Promise<{ n: number | string }[]>>();
/** Callers choose the shapes: that many are kept, and then all are built anew. */
const MAX_SHAPES = 1000;

function pageStatement(shape: Shape, sort: Sort, descending: boolean, isLater: boolean): Statement {
  const known = [sort, descending, isLater, ...shape.filters, ...shape.memberships].join(' ');
  let built = pages.get(known);
  if (!built) {
    built = statement<Values, Row>(
      (db, slot) => buildPage(db, shape, sort, descending, isLater, slot as unknown as SlotOf) as never,
    );
    if (pages.size >= MAX_SHAPES) pages.clear();
    pages.set(known, built);
  }
  return built;
}

function buildPage(db: Db, shape: Shape, sort: Sort, descending: boolean, isLater: boolean, slot: SlotOf): Query {
  let query = narrowed(db, shape, slot);
  // A membership's own row order is the order of creation, too: reading in it needs no sort.
  const first = shape.memberships[0];
  const num = first && sort === 'created_at' ? `${first}.user_num` : 'users.num';
  const column = sort === 'created_at' ? num : SORTS[sort];
  if (sort === 'email') {
    query = query.innerJoin('identities', (join) =>
      join
        .onRef('identities.user_num', '=', 'users.num')
        .on('identities.position', '=', 0)
        .on('identities.tenant_id', '=', slot('tenant_id')),
    ) as unknown as Query;
  }
  const direction = descending ? 'desc' : 'asc';
  const ends = descending ? '<' : '>';
  if (isLater) {
    query =
      sort === 'created_at'
        ? query.where(num as never, ends, slot('after_num'))
        : query.where(
            sql<boolean>`(${sql.ref(column)}, users.num) ${sql.raw(ends)} (${slot('after_key')}, ${slot('after_num')})`,
          );
  }
  if (sort !== 'created_at') query = query.orderBy(column as never, direction);
  return query
    .select(['users.num', 'users.doc' as never, sql.ref(column).as('sort_key') as never])
    .orderBy(num as never, direction)
    .limit(slot('limit'));
}

export interface UserPage {
  /** Public JSON of each user. */
  readonly docs: string[];
  readonly nextCursor: string | null;
}

interface Resolved extends Shape {
  readonly values: Values;
}

/** Looks up what filters name and turns every filter into a condition with its value. */
async function resolve(db: Db, tenantId: number, query: UserQuery): Promise<Resolved> {
  const filters: string[] = [];
  const memberships: Membership[] = [];
  const values: Values = { tenant_id: tenantId };
  const add = (name: string, value: Value | undefined) => {
    if (value === undefined) filters.push('nobody');
    else {
      if (isMembership(name)) memberships.push(name);
      else filters.push(name);
      values[name] = value;
    }
  };
  if (query.connection !== undefined) add('connection', (await findConnection(db, tenantId, query.connection))?.num);
  for (const name of Object.keys(MEMBERSHIPS) as Membership[]) {
    const named = query[name];
    if (named !== undefined) add(name, await findByIdOrKey(db, name, tenantId, named));
  }
  if (query.state !== undefined) filters.push(`state:${query.state}`);
  if (query.email !== undefined) add('email', keyOf(query.email));
  if (query.username !== undefined) add('username', keyOf(query.username));
  if (query.phone_number !== undefined) add('phone_number', phoneKeyOf(query.phone_number));
  if (query.custom_field !== undefined) {
    const { path, text } = await filterOf(db, tenantId, query.custom_field);
    filters.push('custom_field');
    Object.assign(values, { field_path: path, field_text: text });
  }
  if (query.created_after !== undefined)
    add('created_after', firstIdAt('usr', fromWire('created_after', query.created_after)));
  if (query.created_before !== undefined)
    add('created_before', firstIdAt('usr', fromWire('created_before', query.created_before)));
  for (const field of ['updated_after', 'updated_before', 'last_sign_in_after', 'last_sign_in_before'] as const) {
    const text = query[field];
    if (text !== undefined) add(field, fromWire(field, text));
  }
  if (query.search !== undefined) await addSearch(db, query.search, filters, values);
  return { filters, memberships, values };
}

async function addSearch(db: Db, search: string, filters: string[], values: Values): Promise<void> {
  const needle = searchNeedleOf(search);
  if (needle === undefined) throw fieldProblem('search', 'minLength', 'search must hold something to look for.');
  filters.push('search');
  values.needle = needle;
  if (isPostgres(db)) values.pattern = `%${needle.replace(/[\\%_]/g, '\\$&')}%`;
  else values.trigrams = await trigramsOf(db, needle);
}

type Named = { id: string };
type ByIdOrKey = { tenant_id: number; id: string; key: string };
const byIdOrKey: Record<Membership, (db: Db, values: ByIdOrKey) => Promise<Named[]>> = {
  group: statement((db, slot) =>
    db
      .selectFrom('groups')
      .select('id')
      .where('tenant_id', '=', slot('tenant_id'))
      .where((e) => e.or([e('id', '=', slot('id')), e('code_key', '=', slot('key'))])),
  ),
  role: statement((db, slot) =>
    db
      .selectFrom('roles')
      .select('id')
      .where('tenant_id', '=', slot('tenant_id'))
      .where((e) =>
        e.or([
          e('id', '=', slot('id')),
          e.and([e('namespace', '=', sql.lit('default')), e('code_key', '=', slot('key'))]),
        ]),
      ),
  ),
  organization: statement((db, slot) =>
    db
      .selectFrom('organizations')
      .select('id')
      .where('tenant_id', '=', slot('tenant_id'))
      .where((e) => e.or([e('id', '=', slot('id')), e('name_key', '=', slot('key'))])),
  ),
  // Client ids are told apart by case.
  application: statement((db, slot) =>
    db
      .selectFrom('applications')
      .select('id')
      .where('tenant_id', '=', slot('tenant_id'))
      .where((e) => e.or([e('id', '=', slot('id')), e('client_id', '=', slot('id'))])),
  ),
};

/** An id goes before a code or name that looks like one. Roles are named by their code in the namespace `default`. */
async function findByIdOrKey(db: Db, kind: Membership, tenantId: number, name: string): Promise<string | undefined> {
  const rows = await byIdOrKey[kind](db, { tenant_id: tenantId, id: name, key: keyOf(name) });
  return (rows.find(({ id }) => id === name) ?? rows[0])?.id;
}

/** One page of the users that match, as public JSON texts. */
export async function findPage(
  db: Db,
  tenantId: number,
  query: UserQuery,
  limit: number,
  cursor: string | undefined,
): Promise<UserPage> {
  const { values, ...shape } = await resolve(db, tenantId, query);
  const wanted = query.sort ?? '-created_at';
  const descending = wanted.startsWith('-');
  const sort = wanted.replace('-', '') as Sort;
  const byText = sort === 'name' || sort === 'email';
  if (cursor !== undefined) {
    const key: Key = decodeCursor(cursor, wanted, [byText ? 'string' : 'number', 'number']);
    [values.after_key, values.after_num] = key as [Value, Value];
  }
  const rows = await pageStatement(shape, sort, descending, cursor !== undefined)(db, { ...values, limit: limit + 1 });
  if (rows.length <= limit) return { docs: rows.map((row) => row.doc), nextCursor: null };
  const last = rows[limit - 1] as Row;
  return {
    docs: rows.slice(0, limit).map((row) => row.doc),
    nextCursor: encodeCursor(wanted, [last.sort_key, last.num]),
  };
}

/** How many users match: kept for no filter and for one by connection, membership or state; else counted. */
export async function countUsers(db: Db, tenantId: number, query: UserQuery): Promise<number> {
  const { values, ...shape } = await resolve(db, tenantId, query);
  if (shape.filters.includes('nobody')) return 0;
  const kept = keptName(shape, values);
  if (kept !== undefined) return readCounter(db, tenantId, kept);
  const known = JSON.stringify(shape);
  let built = counts.get(known);
  if (!built) {
    built = statement<Values, { n: number | string }>(
      (builder, slot) =>
        narrowed(builder, shape, slot as unknown as SlotOf).select((e) => e.fn.countAll().as('n')) as never,
    );
    if (counts.size >= MAX_SHAPES) counts.clear();
    counts.set(known, built);
  }
  const [row] = await built(db, values);
  return Number(row?.n ?? 0);
}

function keptName({ filters, memberships }: Shape, values: Values): string | undefined {
  const names = [...filters, ...memberships];
  if (names.length === 0) return 'users';
  if (names.length > 1) return undefined;
  const [name] = names as [string];
  if (name.startsWith('state:')) return `users:${name}`;
  return name === 'connection' || isMembership(name) ? `users:${name}:${values[name]}` : undefined;
}

/** Name of the kept total of users under a filter. */
export const totalOf = (filter: 'connection' | Membership, value: number | string): string =>
  `users:${filter}:${value}`;
export const totalOfState = (state: 'active' | 'disabled'): string => `users:state:${state}`;
export const TOTAL = 'users';
