/**
 * Reads the audit log. Owns its order, which is that of the row numbers: pages and streams go by it, and a range of time
 * is turned into a range of numbers first, so that no filter ever walks events outside its range.
 */
import { type SelectQueryBuilder, sql } from 'kysely';
import { toWire } from '../clock.ts';
import { type Db, padded } from '../database/database.ts';
import { selective, unindexed } from '../database/document.ts';
import type { EventTable, Tables } from '../tables.ts';
import { conditionOf, type EventCondition } from './condition.ts';

/** How far the clocks of nodes, and the begin and end of a unit of work, may lie apart. */
const SKEW_MILLISECONDS = 600_000;

export interface EventFilter {
  /** Epoch milliseconds, inclusive. */
  readonly start?: number | undefined;
  /** Exclusive. */
  readonly end?: number | undefined;
  readonly types?: readonly string[] | undefined;
  /** Who did it: a user's id, or an application's where it acted for itself. */
  readonly actor?: string | undefined;
  readonly target?: string | undefined;
  /** Who did it, had it done to them, or is named by it. */
  readonly user?: string | undefined;
  /** Whom it is about: the user it was done to, else the one it names, else the one who did it. None: nobody. */
  readonly about?: readonly string[] | undefined;
  readonly requestId?: string | undefined;
  /** What else must hold. No index helps: it is judged of what the others find, in their order. */
  readonly where?: EventCondition | undefined;
}

/** Exclusive on both sides. */
export interface NumberRange {
  readonly after?: number | undefined;
  readonly before?: number | undefined;
}

export type EventRow = Omit<EventTable, 'num' | 'tenant_id' | 'named_user_id'> & { readonly num: number };

const columns = [
  'events.num',
  'events.id',
  'events.type',
  'events.actor_type',
  'events.actor_id',
  'events.application_id',
  'events.impersonator_id',
  'events.target_type',
  'events.target_id',
  'events.request_id',
  'events.ip',
  'events.user_agent',
  'events.data',
  'events.created_at',
] as const;

/** The number of an event of this tenant. */
export async function findEventNumber(db: Db, tenantId: number, id: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('events')
    .select('num')
    .where('id', '=', id)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  return row?.num;
}

/** Numbers between which every event of the time range lies. */
export async function numbersOf(db: Db, tenantId: number, { start, end }: EventFilter): Promise<NumberRange> {
  const inTenant = db.selectFrom('events').select('num').where('tenant_id', '=', tenantId).limit(1);
  const [after, before] = await Promise.all([
    start === undefined
      ? undefined
      : inTenant
          .where('created_at', '<', start - SKEW_MILLISECONDS)
          .orderBy('created_at', 'desc')
          .executeTakeFirst(),
    end === undefined
      ? undefined
      : inTenant
          .where('created_at', '>=', end + SKEW_MILLISECONDS)
          .orderBy('created_at')
          .executeTakeFirst(),
  ]);
  return { after: after?.num, before: before?.num };
}

/** The first and the last number of a tenant's events. */
export async function boundsOf(db: Db, tenantId: number): Promise<{ readonly first: number; readonly last: number }> {
  const inTenant = db.selectFrom('events').select('num').where('tenant_id', '=', tenantId).limit(1);
  const [first, last] = await Promise.all([
    inTenant.orderBy('num').executeTakeFirst(),
    inTenant.orderBy('num', 'desc').executeTakeFirst(),
  ]);
  return { first: first?.num ?? 1, last: last?.num ?? 0 };
}

/** Types that are read off their index each, where a condition goes with them. */
const MOST_BRANCHES = 8;

type Matches = SelectQueryBuilder<Tables, 'events', object>;

export interface Portion {
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  /** How many matches are passed over first. */
  readonly offset?: number | undefined;
}

/** Up to `limit` events inside the filter and the range, by number. */
export const findEvents = (
  db: Db,
  tenantId: number,
  filter: EventFilter,
  range: NumberRange,
  portion: Portion,
): Promise<EventRow[]> => eventQuery(db, tenantId, filter, range, portion).execute();

/** The query of `findEvents`. */
export function eventQuery(
  db: Db,
  tenantId: number,
  filter: EventFilter,
  range: NumberRange,
  { order, limit, offset = 0 }: Portion,
) {
  const branches = branchesOf(db, tenantId, filter, range);
  // The matches of several users come out of their index user by user: few to sort, where the log in its order is long.
  const num = (filter.about?.length ?? 0) > 1 ? unindexed(db, 'events.num') : sql.ref('events.num');
  const cut = (query: Matches) => query.orderBy(num, order).limit(limit + offset);
  const [only, ...others] = branches;
  if (only && others.length === 0)
    return only
      .select(columns)
      .orderBy('events.num', order)
      .limit(limit)
      .$if(offset > 0, (query) => query.offset(offset));
  // Each is read off its index in order, and the heads are merged: no branch makes another one's events be walked.
  const [first, ...rest] = branches.map((branch) =>
    db.selectFrom(cut(branch).select('events.num').as('of_branch')).select('num'),
  );
  const heads = rest.reduce((all, next) => all.union(next), first as NonNullable<typeof first>);
  return db
    .selectFrom(heads.as('heads'))
    .innerJoin('events', 'events.num', 'heads.num')
    .where('events.tenant_id', '=', tenantId)
    .select(columns)
    .orderBy('heads.num', order)
    .limit(limit)
    .$if(offset > 0, (query) => query.offset(offset));
}

const isOfNoUser = sql<boolean>`(events.target_type is null or events.target_type <> 'user' or events.target_id is null)`;

/** The matches, divided so that each part is one index's. */
function branchesOf(db: Db, tenantId: number, filter: EventFilter, range: NumberRange): Matches[] {
  const types = [...new Set(filter.types)];
  const typed = (query: Matches): Matches => (types.length === 0 ? query : query.where('events.type', 'in', types));
  const branch = () => typed(matching(db, tenantId, filter, range));
  const { user, about } = filter;
  if (user !== undefined) return SIDES.map((side) => branch().where(isAmong(db, side, [user])));
  if (about !== undefined) return aboutBranches(db, branch, about);
  const isNarrow = (filter.actor ?? filter.target ?? filter.requestId) !== undefined;
  // A window is walked for a condition anyway, and each branch would repeat it.
  const isWalked = filter.where !== undefined && types.length > MOST_BRANCHES;
  if (types.length < 2 || isNarrow || isWalked) return [branch()];
  return types.map((type) => matching(db, tenantId, filter, range).where('events.type', '=', type));
}

const SIDES = ['events.actor_id', 'events.target_id', 'events.named_user_id'] as const;

/** Whether a column that has an index of its own is one of these: few events are. */
function isAmong(db: Db, column: (typeof SIDES)[number] | 'events.request_id', ids: readonly string[]) {
  const [first = '', ...rest] = ids;
  const name = sql.ref(column);
  return selective(
    db,
    rest.length === 0 ? sql`${name} = ${first}` : sql`${name} in (${sql.join(padded([first, ...rest]))})`,
  );
}

/** Every event is in one of these at most. */
function aboutBranches(db: Db, branch: () => Matches, ids: readonly string[]): Matches[] {
  const among = (query: Matches, side: (typeof SIDES)[number]): Matches => query.where(isAmong(db, side, ids));
  return [
    among(branch(), 'events.target_id').where('events.target_type', '=', 'user'),
    among(branch(), 'events.named_user_id').where(isOfNoUser),
    among(branch(), 'events.actor_id')
      .where('events.actor_type', '=', 'user')
      .where('events.named_user_id', 'is', null)
      .where(isOfNoUser),
  ];
}

/** What matches in every branch. */
function matching(db: Db, tenantId: number, filter: EventFilter, range: NumberRange): Matches {
  let query: Matches = db.selectFrom('events').where('events.tenant_id', '=', tenantId);
  const { actor, target, requestId } = filter;
  if (actor !== undefined) query = query.where(isAmong(db, 'events.actor_id', [actor]));
  if (target !== undefined) query = query.where(isAmong(db, 'events.target_id', [target]));
  if (requestId !== undefined) query = query.where(isAmong(db, 'events.request_id', [requestId]));
  // The range of numbers bounds what is walked; an index on time would have the matches sorted by number first.
  const { start, end } = filter;
  if (start !== undefined) query = query.where((e) => e(e('events.created_at', '+', 0), '>=', start));
  if (end !== undefined) query = query.where((e) => e(e('events.created_at', '+', 0), '<', end));
  if (range.after !== undefined) query = query.where('events.num', '>', range.after);
  if (range.before !== undefined) query = query.where('events.num', '<', range.before);
  if (filter.where !== undefined) query = query.where(conditionOf(db, tenantId, filter.where));
  return query;
}

/** How many events there are inside the filter and the range. */
export async function countEvents(db: Db, tenantId: number, filter: EventFilter, range: NumberRange): Promise<number> {
  const [first, ...rest] = branchesOf(db, tenantId, filter, range).map((branch) => branch.select('events.num'));
  const all = rest.reduce((left, right) => left.union(right), first as NonNullable<typeof first>);
  const { n } = await db
    .selectFrom(all.as('matches'))
    .select((e) => e.fn.countAll<number | string>().as('n'))
    .executeTakeFirstOrThrow();
  return Number(n);
}

export const findEvent = (db: Db, tenantId: number, id: string): Promise<EventRow | undefined> =>
  db
    .selectFrom('events')
    .select(columns)
    .where('events.id', '=', id)
    .where('events.tenant_id', '=', tenantId)
    .executeTakeFirst();

const text = (value: string | null): string => (value === null ? 'null' : JSON.stringify(value));

/** The event as the contract shows it. `data` is stored as JSON text and passed on as it is. */
export const renderEvent = (row: EventRow): string =>
  `{"id":"${row.id}","event_type":"${row.type}","actor":{"type":"${row.actor_type}","id":${text(row.actor_id)},` +
  `"application_id":${text(row.application_id)},"impersonator_id":${text(row.impersonator_id)}},` +
  `"target":{"type":${text(row.target_type)},"id":${text(row.target_id)}},"request_id":${text(row.request_id)},` +
  `"ip":${text(row.ip)},"user_agent":${text(row.user_agent)},"data":${row.data ?? 'null'},` +
  `"created_at":"${toWire(row.created_at)}"}`;
