/** Searches users by a filter of any shape (`filter.ts`), in pages by offset, with an exact total. */
import { type RawBuilder, sql } from 'kysely';
import { findConnection } from '../connections/connections.store.ts';
import { readCounter } from '../counters/counters.ts';
import type { Db } from '../database/database.ts';
import { adHoc, docFlag, docInteger, docText } from '../database/document.ts';
import { fieldProblem } from '../problem.ts';
import type { Work } from '../work.ts';
import { parse, type User } from './document.ts';
import { type CompiledFilter, FilterCompiler } from './filter.query.ts';
import type { UserFilter, UserSort } from './filter.ts';
import { findShownByEmail, findShownPage, type ShownUser, shownColumns } from './shown-users.ts';
import { totalOf as keptTotalOf, TOTAL } from './users.query.ts';

export interface UserSearch {
  /** Absent: everybody. */
  readonly filter?: UserFilter | undefined;
  /** Default: newest first. Users without a value come first, descending last; ties are in the order of creation. */
  readonly sort?: { readonly field: UserSort; readonly direction: 'asc' | 'desc' } | undefined;
  /** How many users to pass over. Default: 0. */
  readonly offset?: number | undefined;
  /** 0 to 1000; 0 asks for the total alone. */
  readonly limit: number;
  readonly includeTotal?: boolean | undefined;
  /** Pages that reach past this record are refused (`invalid_request`, field `page`). Absent: no such bound. */
  readonly cap?: number | undefined;
}

export interface UserSearchResult {
  readonly users: User[];
  /** How many users pass the filter, exactly; undefined unless asked for. */
  readonly total: number | undefined;
}

const MAX_LIMIT = 1000;
const NEWEST = { field: 'created_at', direction: 'desc' } as const;
/** Where so many users may pass, the next page's are met sooner by reading all users in the order of the sort. */
const WIDE = 10_000;

function checkBounds({ limit, offset = 0, cap }: UserSearch): void {
  if (!Number.isInteger(limit) || limit < 0 || limit > MAX_LIMIT)
    throw fieldProblem('limit', 'maximum', `limit must be an integer of 0 to ${MAX_LIMIT}.`);
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw fieldProblem('offset', 'minimum', 'offset must be an integer of at least 0.');
  if (cap !== undefined && offset + limit > cap)
    throw fieldProblem('page', 'maximum', `Only the first ${cap} records can be paged through.`);
}

/** Finds what is committed, the last change included. */
export async function searchUsers(work: Work, search: UserSearch): Promise<UserSearchResult> {
  checkBounds(search);
  return work.read(async (db) => {
    const statements = await searchStatements(db, work.tenant.id, search);
    const rows = search.limit === 0 ? [] : (await statements.page.execute(db)).rows;
    const total = search.includeTotal
      ? await totalOf(db, work.tenant.id, search, async () => statements.count)
      : undefined;
    return { users: rows.map(({ doc }) => parse(doc)), total };
  });
}

/** As `searchUsers`, with what dialects show beside the document. */
export async function searchShown(
  work: Work,
  search: UserSearch,
): Promise<{ readonly users: readonly ShownUser[]; readonly total: number | undefined }> {
  checkBounds(search);
  const { id: tenantId } = work.tenant;
  const { limit, offset = 0 } = search;
  return work.read(async (db) => {
    const plain = await plainPage(db, tenantId, search);
    const statements = plain ? undefined : await searchStatements(db, tenantId, search);
    const users = plain ?? (await (statements as SearchStatements).shown.execute(db)).rows;
    if (!search.includeTotal) return { users, total: undefined };
    // A page that is not full ends the list.
    if (users.length < limit && (users.length > 0 || offset === 0)) return { users, total: offset + users.length };
    const count = async () => (statements ?? (await searchStatements(db, tenantId, search))).count;
    return { users, total: await totalOf(db, tenantId, search, count) };
  });
}

/** A page that a statement of its own finds: of everybody, or of an e-mail address; undefined where the search is another one. */
async function plainPage(
  db: Db,
  tenantId: number,
  { filter, sort = NEWEST, limit, offset = 0 }: UserSearch,
): Promise<ShownUser[] | undefined> {
  const { field, direction } = sort;
  if (limit === 0) return [];
  if (field !== 'created_at') return undefined;
  if (filter === undefined) return findShownPage(db, direction, { tenant_id: tenantId, limit, offset });
  if (filter.kind !== 'equals' || filter.field !== 'email' || direction !== 'desc') return undefined;
  return (await findShownByEmail(db, tenantId, filter.value)).slice(offset, offset + limit);
}

async function totalOf(
  db: Db,
  tenantId: number,
  { filter }: UserSearch,
  count: () => Promise<SearchStatements['count']>,
): Promise<number> {
  if (filter === undefined) return readCounter(db, tenantId, TOTAL);
  if (filter.kind === 'equals' && filter.field === 'connection') {
    const home = await findConnection(db, tenantId, filter.value);
    return home ? readCounter(db, tenantId, keptTotalOf('connection', home.num)) : 0;
  }
  const { rows } = await (await count()).execute(db);
  return Number(rows[0]?.n ?? 0);
}

export interface SearchStatements {
  readonly page: RawBuilder<{ doc: string }>;
  /** The same page, with what dialects show beside the document. */
  readonly shown: RawBuilder<ShownUser>;
  readonly count: RawBuilder<{ n: number }>;
}

/** The SQL of a search. Which way the page is read depends on how many users the filter's indexes list. */
export async function searchStatements(
  db: Db,
  tenantId: number,
  { filter = { kind: 'everybody' }, sort, offset = 0, limit }: UserSearch,
): Promise<SearchStatements> {
  const { field, direction } = sort ?? NEWEST;
  const compiled = await new FilterCompiler(db, tenantId).compile(filter);
  const { key, join, isIndexed } = sortKey(db, field, tenantId);
  const readsInOrder = isIndexed && (await isWide(db, compiled));
  const order = sql.raw(direction);
  const found = (columns: RawBuilder<unknown>) => sql`
    select ${columns} from users ${join} where ${condition(tenantId, compiled, !readsInOrder)}
    order by ${key === undefined ? sql`users.num ${order}` : sql`${key} ${order}, users.num ${order}`}
    limit ${limit} offset ${offset}`;
  const all =
    key === undefined && filter.kind === 'everybody' ? pageOfAll(tenantId, { order, offset, limit }) : undefined;
  return {
    page: all ?? sql`${found(sql`users.doc`)} ${adHoc()}`,
    // Looked up for the users of the page alone, and not for all that are sorted.
    shown: sql`
      select ${shownColumns('place')} from
        (${found(sql`users.num, users.doc, users.connection_num${key === undefined ? sql`` : sql`, ${key} as sort_key`}`)}) as place
      order by ${key === undefined ? sql`` : sql`place.sort_key ${order},`} place.num ${order} ${adHoc()}`,
    count: sql`select count(*) as n from users where ${condition(tenantId, compiled, true)} ${adHoc()}`,
  };
}

/** Finds the place of the page in an index: PostgreSQL reads the row of every user that is passed over in the table. */
const pageOfAll = (
  tenantId: number,
  { order, offset, limit }: { order: RawBuilder<unknown>; offset: number; limit: number },
): RawBuilder<{ doc: string }> => sql`
  select users.doc from
    (select num from users where tenant_id = ${tenantId} order by num ${order} limit ${limit} offset ${offset}) as place
    inner join users on users.num = place.num order by place.num ${order} ${adHoc()}`;

function condition(tenantId: number, { test, candidates }: CompiledFilter, isNarrowed: boolean): RawBuilder<unknown> {
  if (!candidates || !isNarrowed) return sql`users.tenant_id = ${tenantId} and ${test}`;
  return sql`users.num in (${unionOf(candidates.selects)}) and users.tenant_id = ${tenantId} and ${test}`;
}

const unionOf = (selects: readonly RawBuilder<unknown>[]) => sql.join(selects, sql` union all `);

async function isWide(db: Db, { candidates }: CompiledFilter): Promise<boolean> {
  if (!candidates || candidates.rank === 0) return false;
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from (select 1 from (${unionOf(candidates.selects)}) as found limit ${WIDE}) as counted ${adHoc()}`.execute(
    db,
  );
  return Number(rows[0]?.n) >= WIDE;
}

interface SortKey {
  /** Undefined: the order of creation alone. */
  readonly key?: RawBuilder<unknown>;
  readonly join: RawBuilder<unknown>;
  /** Whether an index has users in this order. */
  readonly isIndexed: boolean;
}

function sortKey(db: Db, field: UserSort, tenantId: number): SortKey {
  const join = sql``;
  const identity = sql`inner join identities on identities.user_num = users.num and identities.position = 0 and identities.tenant_id = ${tenantId}`;
  const text = (value: RawBuilder<unknown>) => ({ key: sql`coalesce(${value}, '')`, join, isIndexed: false });
  switch (field) {
    case 'created_at':
      return { join, isIndexed: true };
    case 'updated_at':
    case 'last_sign_in_at':
      return { key: sql.ref(`users.${field}`), join, isIndexed: true };
    case 'name':
      return { key: sql`users.name_key`, join, isIndexed: true };
    case 'email':
      return { key: sql`identities.email_key`, join: identity, isIndexed: true };
    case 'primary_identity':
      return { key: sql`(identities.provider || '|' || identities.subject)`, join: identity, isIndexed: false };
    case 'given_name':
    case 'family_name':
    case 'nickname':
      return text(sql.ref(`users.${field}_key`));
    case 'username':
    case 'phone_number':
    case 'last_sign_in_ip':
      return text(docText(db, field));
    case 'sign_in_count':
      return { key: docInteger(db, field), join, isIndexed: false };
    case 'email_verified':
      return { key: sql`case when ${docFlag(db, field)} then 1 else 0 end`, join, isIndexed: false };
  }
}
