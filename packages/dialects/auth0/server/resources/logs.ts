/** `/logs` and `/users/{id}/logs`: the directory's events in Auth0's words (contract §13). */
import { object, optional, type Static, string } from '@reeve/contract';
import {
  DialectAnswer,
  type DialectCall,
  type DialectRow,
  type EventFilter,
  type EventSearch,
  operations,
  Problem,
  resultOf,
  row,
  searchEvents,
  type Work,
} from '@reeve/core';
import { type LogView, logViews } from '../log.ts';
import { planOf } from '../log-query.ts';
import {
  checkpointQuery,
  fieldsQuery,
  isCheckpoint,
  itemsOf,
  type OffsetQuery,
  offsetAnswer,
  offsetQuery,
  PER_PAGE,
  pickEach,
  pickFields,
  placeOf,
  type Slice,
} from '../paging.ts';
import { idOf, inexistentUser } from '../user.ts';

const READ = ['read:logs', 'read:logs_users'];
const inexistentLog = { status: 404, code: 'inexistent_log_event', message: 'The log event does not exist.' } as const;
/** Entries that one search looks at: it renders each. */
const MOST_JUDGED = 20_000;

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
type Sorted = Pick<ListQuery, 'sort'> & OffsetQuery;

const orderOf = (given: string | undefined) => (given?.endsWith(':1') ? 'asc' : 'desc');

/** A page of everything that a filter finds. */
async function pageBy(work: Work, filter: EventFilter, query: Sorted): Promise<Slice<LogView>> {
  const { start: offset, limit } = placeOf(query);
  const search = { filter, order: orderOf(query.sort), limit, offset, includeTotal: query.include_totals } as const;
  const { events, total } = await searchEvents(work, search);
  return { items: await logViews(work, events), total };
}

/** The entries that a search looks at, as they are shown. */
const entriesOf = (work: Work, search: Pick<EventSearch, 'filter' | 'order'>, from?: string) =>
  itemsOf<LogView>(async (cursor, limit) => {
    const { events, next } = await searchEvents(work, { ...search, cursor, limit });
    return { items: await logViews(work, events), next };
  }, from);

async function pageByQuery(work: Work, q: string, query: ListQuery): Promise<Slice<LogView>> {
  const { filter, judge } = await planOf(work, q);
  const isCounted = query.include_totals === true;
  if (!filter) return { items: [], total: isCounted ? 0 : undefined };
  if (!judge) return pageBy(work, filter, query);
  const { start, limit } = placeOf(query);
  const items: LogView[] = [];
  let total = 0;
  let seen = 0;
  for await (const log of entriesOf(work, { filter, order: orderOf(query.sort) })) {
    if (seen++ >= MOST_JUDGED)
      throw new Problem(
        'limit_reached',
        `The search looks at more than ${MOST_JUDGED} entries; narrow it by type, user_id, client_id, ip or date.`,
      );
    if (!judge(log)) continue;
    if (total >= start && items.length < limit) items.push(log);
    total++;
    if (!isCounted && items.length >= limit) break;
  }
  return { items, total: isCounted ? total : undefined };
}

/** Entries behind a checkpoint, and the last one that was looked at: the next page begins there. */
interface Behind {
  readonly items: readonly LogView[];
  readonly last: string | undefined;
}

async function behind(work: Work, q: string, cursor: string | undefined, take: number): Promise<Behind> {
  const { filter, judge } = q === '' ? { filter: {}, judge: undefined } : await planOf(work, q);
  if (!filter) return { items: [], last: undefined };
  const search = { filter, order: 'asc' } as const;
  if (!judge) {
    const { events } = await searchEvents(work, { ...search, cursor, limit: take });
    return { items: await logViews(work, events), last: events.at(-1)?.id };
  }
  const items: LogView[] = [];
  let last: string | undefined;
  let seen = 0;
  for await (const log of entriesOf(work, search, cursor)) {
    last = log.log_id;
    if (judge(log)) items.push(log);
    if (items.length >= take || ++seen >= MOST_JUDGED) break;
  }
  return { items, last };
}

/** What came after an entry, oldest first; the header names where the next page begins. */
async function checkpoint({ work, query, origin }: DialectCall<ListQuery>) {
  const { from, take = PER_PAGE } = query;
  const q = queryOf(query);
  const { items, last } = await behind(work, q, from, take);
  const next = last ?? from;
  const body = items.map((item) => pickFields(item, query));
  if (next === undefined) return body;
  const url = new URL(`${origin}/api/v2/logs`);
  url.searchParams.set('from', next);
  url.searchParams.set('take', String(take));
  if (q !== '') url.searchParams.set('q', q);
  return new DialectAnswer(body, { headers: { link: `<${url.href}>; rel="next"` } });
}

const queryOf = ({ q, search }: ListQuery): string => q ?? search ?? '';

async function list(call: DialectCall<ListQuery>) {
  const { work, query } = call;
  if (isCheckpoint(query)) return checkpoint(call);
  const q = queryOf(query);
  const slice = q === '' ? await pageBy(work, {}, query) : await pageByQuery(work, q, query);
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
  const [view] = await logViews(work, [event]);
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
