/**
 * Auth0's two ways of paging. Offset: `page`, `per_page`, with `include_totals` an envelope of exactly one list and a
 * true total. Checkpoint: `from`, `take`; where both are asked for, the checkpoint wins (contract, `pagination`).
 */
import { boolean, integer, optional, string } from '@reeve/contract';
import { Problem } from '@reeve/core';

export const PER_PAGE = 50;
const MOST = 100;

export const offsetQuery = {
  page: optional(integer({ minimum: 0 })),
  per_page: optional(integer({ minimum: 0, maximum: MOST })),
  include_totals: optional(boolean()),
} as const;

export const checkpointQuery = {
  from: optional(string({ minLength: 1, maxLength: 1024 })),
  take: optional(integer({ minimum: 1, maximum: MOST })),
} as const;

export const fieldsQuery = {
  fields: optional(string({ maxLength: 2048 })),
  include_fields: optional(boolean()),
} as const;

export interface OffsetQuery {
  readonly page?: number;
  readonly per_page?: number;
  readonly include_totals?: boolean;
}
export interface CheckpointQuery {
  readonly from?: string;
  readonly take?: number;
}
export interface FieldsQuery {
  readonly fields?: string;
  readonly include_fields?: boolean;
}

export interface KeysetPage<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
  /** How many items the list has, where it was asked for and the list can tell. */
  readonly total?: number;
}

/** A list by keyset: what lies behind a cursor, `limit` items at most. */
export type KeysetList<Item> = (
  cursor: string | undefined,
  limit: number,
  isCounted?: boolean,
) => Promise<KeysetPage<Item>>;

/** Shows the items of one page, with what has to be looked up for them. */
export type Views<Item, View> = (items: readonly Item[]) => readonly View[] | Promise<readonly View[]>;

/** Items that an offset may lie behind: what is walked through by keyset. Users have a way of their own. */
const DEEPEST = 100_000;

/** Everything in a list, or what lies behind a cursor, a page at a time. */
export async function* itemsOf<Item>(list: KeysetList<Item>, from?: string): AsyncGenerator<Item, void> {
  for (let cursor: string | null | undefined = from; cursor !== null; ) {
    const page: KeysetPage<Item> = await list(cursor, MOST);
    yield* page.items;
    cursor = page.next;
  }
}

export async function allOf<Item>(list: KeysetList<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of itemsOf(list)) all.push(item);
  return all;
}

/** The items of a list that match; a page is as full as it can be, so that whoever asks for one item gets it. */
export const matching =
  <Item>(list: KeysetList<Item>, matches: (item: Item) => boolean): KeysetList<Item> =>
  async (from, limit) => {
    const items: Item[] = [];
    for (let cursor = from; ; ) {
      const page = await list(cursor, MOST);
      for (const [i, item] of page.items.entries()) {
        if (!matches(item)) continue;
        items.push(item);
        if (items.length < limit) continue;
        // The next page begins behind the last item that was taken, not behind the last one that was looked at.
        const isLast = i + 1 === page.items.length;
        return { items, next: isLast ? page.next : (await list(cursor, i + 1)).next };
      }
      if (page.next === null) return { items, next: null };
      cursor = page.next;
    }
  };

/** The same list, its items as they are shown. */
export const viewed =
  <Item, View>(list: KeysetList<Item>, views: Views<Item, View>): KeysetList<View> =>
  async (...asked) => {
    const page = await list(...asked);
    return { ...page, items: await views(page.items) };
  };

/** The cursor of the page that only holds what stands behind a list. */
const BEHIND = 'behind';

/** The list with one item more behind all others: where there is no room left for it, on a page by itself. */
export const followedBy =
  <Item>(list: KeysetList<Item>, item: Item): KeysetList<Item> =>
  async (cursor, limit, isCounted) => {
    if (cursor === BEHIND) return { items: [item], next: null };
    const page = await list(cursor, limit, isCounted);
    const counted = { ...page, ...(page.total === undefined ? {} : { total: page.total + 1 }) };
    if (page.next !== null) return counted;
    return page.items.length >= limit
      ? { ...counted, next: BEHIND }
      : { ...counted, items: [...page.items, item], next: null };
  };

/** A list of what is known already. */
export const listOf =
  <Item>(items: readonly Item[]): KeysetList<Item> =>
  async (cursor, limit) => {
    const start = cursor === undefined ? 0 : Number(cursor);
    if (!Number.isSafeInteger(start) || start < 0)
      throw new Problem('invalid_cursor', 'The checkpoint was not made by this list; begin again without one.');
    const end = start + limit;
    return { items: items.slice(start, end), next: end < items.length ? String(end) : null, total: items.length };
  };

/** A list of nothing, wherever it is asked to begin. */
export const nothing: KeysetList<never> = async () => ({ items: [], next: null, total: 0 });

export interface Slice<Item> {
  readonly items: Item[];
  readonly total: number | undefined;
}

/** Where an offset page begins, and how long it is. Throws `invalid_cursor` where that is too far. */
export function placeOf({ page = 0, per_page: limit = PER_PAGE }: OffsetQuery): { start: number; limit: number } {
  const start = page * limit;
  if (start > DEEPEST)
    throw new Problem(
      'invalid_cursor',
      `You can only page through the first ${DEEPEST} records; ask with from and take.`,
    );
  return { start, limit };
}

/** The items of one page, found by walking a keyset list, and the total where it is wanted: a list that can't tell it is walked to its end. */
export async function walkTo<Item>(list: KeysetList<Item>, query: OffsetQuery): Promise<Slice<Item>> {
  const { start, limit } = placeOf(query);
  const { include_totals: isCounted = false } = query;
  const end = start + limit;
  const items: Item[] = [];
  let seen = 0;
  let total: number | undefined;
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const most = seen >= end ? MOST : Math.min(MOST, end - seen);
    const page: KeysetPage<Item> = await list(cursor, most, isCounted && cursor === undefined);
    total ??= page.total;
    items.push(...page.items.slice(Math.max(0, start - seen), Math.max(0, end - seen)));
    seen += page.items.length;
    cursor = page.next;
    if (seen >= end && !(isCounted && total === undefined)) break;
  }
  return { items, total: isCounted ? (total ?? seen) : undefined };
}

/** Answers an offset page: the bare list, or the envelope. `hasLength`: users and logs tell how many are on the page. */
export function offsetAnswer<Item>(
  key: string,
  { page = 0, per_page: limit = PER_PAGE, include_totals: isCounted = false }: OffsetQuery,
  { items, total }: Slice<Item>,
  hasLength = false,
): Item[] | Record<string, unknown> {
  if (!isCounted) return items;
  return {
    start: page * limit,
    limit,
    ...(hasLength ? { length: items.length } : {}),
    total: total ?? items.length,
    [key]: items,
  };
}

/** The same as JSON, of items that are JSON already. */
export function offsetText(
  key: string,
  query: OffsetQuery,
  { items, total }: Slice<string>,
  hasLength = false,
): string {
  const list = `[${items.join(',')}]`;
  const answer = offsetAnswer<string>(key, query, { items, total }, hasLength);
  if (Array.isArray(answer)) return list;
  const { [key]: _items, ...head } = answer;
  return `${JSON.stringify(head).slice(0, -1)},"${key}":${list}}`;
}

export const isCheckpoint = ({ from, take }: CheckpointQuery): boolean => from !== undefined || take !== undefined;

/** Answers a list that pages both ways; what is shown of its items is looked up for those of the page. */
export async function pageOf<Item, View>(
  key: string,
  query: OffsetQuery & CheckpointQuery,
  list: KeysetList<Item>,
  views: Views<Item, View>,
): Promise<View[] | Record<string, unknown>> {
  if (!isCheckpoint(query)) {
    const { items, total } = await walkTo(list, query);
    return offsetAnswer(key, query, { items: [...(await views(items))], total });
  }
  const { items, next } = await list(query.from, query.take ?? PER_PAGE);
  return { [key]: await views(items), ...(next === null ? {} : { next }) };
}

/** Each item is shown by itself. */
export const each =
  <Item, View>(view: (item: Item) => View): Views<Item, View> =>
  (items) =>
    items.map(view);

/** The items are shown already. */
export const asTheyAre = <Item>(items: readonly Item[]): readonly Item[] => items;

/** Only the named fields, or all but them. A dotted name keeps the way to it. */
export function pickFields<T extends object>(value: T, { fields, include_fields: isIncluded = true }: FieldsQuery): T {
  if (fields === undefined || fields === '') return value;
  const names = fields.split(',').map((name) => name.trim());
  if (!isIncluded) return names.reduce<T>((left, name) => without(left, name.split('.')), value);
  const isNamed = (name: string) => names.some((wanted) => wanted === name || wanted.startsWith(`${name}.`));
  return Object.fromEntries(Object.entries(value).filter(([name]) => isNamed(name))) as T;
}

/** `pickFields` of what is JSON already. */
export const pickText = (text: string, query: FieldsQuery): string =>
  query.fields === undefined || query.fields === ''
    ? text
    : JSON.stringify(pickFields(JSON.parse(text) as object, query));

/** The value without what a path leads to; nothing is changed in place. */
function without<T extends object>(value: T, [name = '', ...rest]: readonly string[]): T {
  if (!Object.hasOwn(value, name)) return value;
  const { [name as keyof T]: inner, ...others } = value;
  if (rest.length === 0) return others as T;
  if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return value;
  return { ...value, [name]: without(inner, rest) };
}

/** The fields of each item of a list answer, in its envelope or not. */
export function pickEach(key: string, answer: object, query: FieldsQuery): unknown {
  if (Array.isArray(answer)) return answer.map((item: object) => pickFields(item, query));
  const items = (answer as Record<string, object[]>)[key] as object[];
  return { ...answer, [key]: items.map((item) => pickFields(item, query)) };
}
