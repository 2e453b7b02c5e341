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

/** A native list: newest first, by keyset. */
export type KeysetList<Item> = (
  cursor: string | undefined,
  limit: number,
) => Promise<{ items: readonly Item[]; next: string | null }>;

/** Items that an offset may lie behind: what is walked through by keyset. Users have a way of their own. */
const DEEPEST = 100_000;

/** The items of a list that match; a page is as full as it can be, so that whoever asks for one item gets it. */
export const matching =
  <Item>(list: KeysetList<Item>, matches: (item: Item) => boolean): KeysetList<Item> =>
  async (from, limit) => {
    const items: Item[] = [];
    for (let cursor = from; ; ) {
      const page = await list(cursor, limit - items.length);
      items.push(...page.items.filter(matches));
      if (items.length >= limit || page.next === null) return { items, next: page.next };
      cursor = page.next;
    }
  };

export interface Slice<Item> {
  readonly items: Item[];
  readonly total: number | undefined;
}

/** The items of one page, found by walking a keyset list; all of it where the total is wanted. */
export async function walkTo<Item>(
  list: KeysetList<Item>,
  { page = 0, per_page: limit = PER_PAGE, include_totals: isCounted = false }: OffsetQuery,
): Promise<Slice<Item>> {
  const start = page * limit;
  if (start > DEEPEST)
    throw new Problem(
      'invalid_cursor',
      `You can only page through the first ${DEEPEST} records; ask with from and take.`,
    );
  const items: Item[] = [];
  let seen = 0;
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const read = await list(cursor, MOST);
    for (const item of read.items) {
      if (seen >= start && items.length < limit) items.push(item);
      seen++;
    }
    cursor = read.next;
    if (!isCounted && seen >= start + limit) break;
  }
  return { items, total: isCounted ? seen : undefined };
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

export const isCheckpoint = ({ from, take }: CheckpointQuery): boolean => from !== undefined || take !== undefined;

/** Answers a list that pages both ways. */
export async function pageOf<Item>(
  key: string,
  query: OffsetQuery & CheckpointQuery,
  list: KeysetList<Item>,
): Promise<Item[] | Record<string, unknown>> {
  if (!isCheckpoint(query)) return offsetAnswer(key, query, await walkTo(list, query));
  const { items, next } = await list(query.from, query.take ?? PER_PAGE);
  return { [key]: items, ...(next === null ? {} : { next }) };
}

/** Only the named fields, or all but them. A dotted name keeps the way to it. */
export function pickFields<T extends object>(value: T, { fields, include_fields: isIncluded = true }: FieldsQuery): T {
  if (fields === undefined || fields === '') return value;
  const names = fields.split(',').map((name) => name.trim());
  if (!isIncluded) return names.reduce<T>((left, name) => without(left, name.split('.')), value);
  const isNamed = (name: string) => names.some((wanted) => wanted === name || wanted.startsWith(`${name}.`));
  return Object.fromEntries(Object.entries(value).filter(([name]) => isNamed(name))) as T;
}

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
