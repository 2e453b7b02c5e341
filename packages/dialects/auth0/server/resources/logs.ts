/** `/logs` and `/users/{id}/logs`: the directory's events in Auth0's words (contract §13). */
import { type Event, object, optional, type Static, string } from '@reeve/contract';
import {
  DialectAnswer,
  type DialectCall,
  type DialectRow,
  findUserIdBySpelling,
  operations,
  Problem,
  row,
  type Work,
} from '@reeve/core';
import { LogContext, type LogView } from '../log.ts';
import { type LogPlan, planOf } from '../log-query.ts';
import {
  checkpointQuery,
  fieldsQuery,
  isCheckpoint,
  offsetAnswer,
  offsetQuery,
  PER_PAGE,
  pickEach,
  pickFields,
  type Slice,
  walkTo,
} from '../paging.ts';
import { idOf, inexistentUser } from '../user.ts';
import { resultOf } from '../value.ts';

const READ = ['read:logs', 'read:logs_users'];
const inexistentLog = { status: 404, code: 'inexistent_log_event', message: 'The log event does not exist.' } as const;
/** Entries that one search looks at: it renders each. */
const MOST_JUDGED = 20_000;
const AT_ONCE = 100;

const sort = optional(string({ pattern: '^(date|created_at):-?1$' }));
const userQuery = object({ ...offsetQuery, sort });
const listQuery = object({
  ...offsetQuery,
  ...checkpointQuery,
  ...fieldsQuery,
  sort,
  q: optional(string({ maxLength: 8192 })),
  search: optional(string({ maxLength: 8192 })),
});
type ListQuery = Static<typeof listQuery>;
type NativeFilter = NonNullable<Parameters<typeof operations.audit.list>[1]['query']>;
interface Page {
  readonly events: readonly Event[];
  readonly next: string | null;
  readonly total: number | undefined;
}

async function read(work: Work, query: NativeFilter): Promise<Page> {
  const { events, next_cursor, total } = resultOf(await operations.audit.list(work, { query, body: undefined }));
  return { events, next: next_cursor, total };
}

const orderOf = (given: string | undefined) => ({ order: given?.endsWith(':1') ? 'asc' : 'desc' }) as const;

/** A page of everything that a native filter finds. */
async function pageBy(work: Work, filter: NativeFilter, query: Static<typeof userQuery>): Promise<Slice<LogView>> {
  const context = new LogContext(work);
  const base = { ...filter, ...orderOf(query.sort) };
  const found = await walkTo<Event>(
    async (cursor, limit) => {
      const { events, next } = await read(work, { ...base, limit, ...(cursor === undefined ? {} : { cursor }) });
      return { items: events, next };
    },
    { ...query, include_totals: false },
  );
  const total = query.include_totals ? (await read(work, { ...base, limit: 1, include_total: true })).total : undefined;
  return { items: await context.views(found.items), total };
}

/** The native filter of a plan; undefined: nothing can match. */
async function filterOf(work: Work, { types, userId, from, to }: LogPlan): Promise<NativeFilter | undefined> {
  if (types?.length === 0 || (from !== undefined && to !== undefined && from > to)) return undefined;
  const user = userId === undefined ? undefined : ((await findUserIdBySpelling(work, userId)) ?? userId);
  return {
    ...(types === undefined ? {} : { event_types: [...types] }),
    ...(user === undefined ? {} : { user: user.slice(0, 128) }),
    ...(from === undefined ? {} : { start: new Date(from).toISOString() }),
    ...(to === undefined ? {} : { end: new Date(to + 1).toISOString() }),
  };
}

/** What a search has looked at, in the order of the filter, and whether the plan's judge takes it. */
interface Looked {
  readonly log: LogView;
  readonly isTaken: boolean;
}

async function* judged(work: Work, plan: LogPlan, base: NativeFilter): AsyncGenerator<Looked> {
  const context = new LogContext(work);
  for (let cursor: string | null | undefined = base.cursor; cursor !== null; ) {
    const page: Page = await read(work, { ...base, limit: AT_ONCE, ...(cursor === undefined ? {} : { cursor }) });
    for (const log of await context.views(page.events)) yield { log, isTaken: plan.judge(log) };
    cursor = page.next;
  }
}

async function pageByQuery(work: Work, q: string, query: ListQuery): Promise<Slice<LogView>> {
  const plan = planOf(q);
  const filter = await filterOf(work, plan);
  const { page = 0, per_page: limit = PER_PAGE, include_totals: isCounted = false } = query;
  if (!filter) return { items: [], total: isCounted ? 0 : undefined };
  if (plan.isWhole) return pageBy(work, filter, query);
  const start = page * limit;
  const items: LogView[] = [];
  let total = 0;
  let seen = 0;
  for await (const { log, isTaken } of judged(work, plan, { ...filter, ...orderOf(query.sort) })) {
    if (seen++ >= MOST_JUDGED)
      throw new Problem(
        'limit_reached',
        `The search looks at more than ${MOST_JUDGED} entries; narrow it by type, user_id or date.`,
      );
    if (!isTaken) continue;
    if (total >= start && items.length < limit) items.push(log);
    total++;
    if (!isCounted && items.length >= limit) break;
  }
  return { items, total: isCounted ? total : undefined };
}

/** The entries that a query takes behind a checkpoint, and the last one that it looked at: the next page begins there. */
async function checkpointByQuery(work: Work, q: string, base: NativeFilter, take: number) {
  const plan = planOf(q);
  const filter = await filterOf(work, plan);
  const items: LogView[] = [];
  let last: string | undefined;
  let seen = 0;
  if (filter)
    for await (const { log, isTaken } of judged(work, plan, { ...base, ...filter })) {
      last = log.log_id;
      if (isTaken) items.push(log);
      if (items.length >= take || ++seen >= MOST_JUDGED) break;
    }
  return { items, last };
}

/** What came after an entry, oldest first; the header names where the next page begins. */
async function checkpoint({ work, query, origin }: DialectCall<ListQuery>) {
  const { from, take = PER_PAGE } = query;
  const q = query.q ?? query.search;
  const base: NativeFilter = { order: 'asc', ...(from === undefined ? {} : { cursor: from }) };
  const { items, last } =
    q === undefined || q === ''
      ? await checkpointOfAll(work, base, take)
      : await checkpointByQuery(work, q, base, take);
  const next = last ?? from;
  const body = items.map((item) => pickFields(item, query));
  if (next === undefined) return body;
  const url = new URL(`${origin}/api/v2/logs`);
  url.searchParams.set('from', next);
  url.searchParams.set('take', String(take));
  if (q !== undefined) url.searchParams.set('q', q);
  return new DialectAnswer(body, { headers: { link: `<${url.href}>; rel="next"` } });
}

async function checkpointOfAll(work: Work, base: NativeFilter, take: number) {
  const { events } = await read(work, { ...base, limit: take });
  return { items: await new LogContext(work).views(events), last: events.at(-1)?.id };
}

async function list(call: DialectCall<ListQuery>) {
  const { work, query } = call;
  if (isCheckpoint(query)) return checkpoint(call);
  const q = query.q ?? query.search;
  const slice = q === undefined || q === '' ? await pageBy(work, {}, query) : await pageByQuery(work, q, query);
  return pickEach('logs', offsetAnswer('logs', query, slice, true), query);
}

async function ofUser({ work, params, query }: DialectCall<Static<typeof userQuery>>) {
  const user = await idOf(work, params.id as string);
  return offsetAnswer('logs', query, await pageBy(work, { user }, query), true);
}

async function get({ work, params }: DialectCall) {
  const event = resultOf(
    await operations.audit.get(work, { event_id: params.id as string, query: undefined, body: undefined }),
  );
  const [view] = await new LogContext(work).views([event]);
  return view;
}

const badQuery = {
  invalid_request: { status: 400, code: 'invalid_query_string' },
  invalid_cursor: { status: 400, code: 'invalid_query_string' },
  limit_reached: { status: 400, code: 'invalid_query_string' },
} as const;

export const logs: readonly DialectRow[] = [
  row('GET /logs', { scopes: READ, query: listQuery, problems: badQuery, run: list }),
  row('GET /logs/{id}', { scopes: READ, problems: { not_found: inexistentLog }, run: get }),
  row('GET /users/{id}/logs', {
    scopes: READ,
    query: userQuery,
    problems: { ...badQuery, not_found: inexistentUser },
    run: ofUser,
  }),
];
