/** Small translations that every view needs. */
import type { Schema } from '@reeve/contract';
import { firstItems } from '@reeve/core';
import { CODES, Refusal } from './problems.ts';

/** Where a view keeps the native id of what it shows, for what hangs on it; nothing that is answered has it. */
export const ID: unique symbol = Symbol('native id');

export interface PageArgs {
  readonly page?: number | null;
  readonly limit?: number | null;
}

const LIMIT = 10;
const MOST = 1000;

/** The slice that a page is: `page` from 1, `limit` of 1 to 1,000. Throws 2231 of anything else. */
export function sliceOf({ page, limit }: PageArgs): { readonly offset: number; readonly limit: number } {
  const [number, size] = [page ?? 1, limit ?? LIMIT];
  if (number < 1) throw new Refusal(CODES.parameterWrong, 'page must be at least 1.', 'page');
  if (size < 1 || size > MOST) throw new Refusal(CODES.parameterWrong, `limit must be of 1 to ${MOST}.`, 'limit');
  return { offset: (number - 1) * size, limit: size };
}

/** One page of what is all there. */
export function pageOf<Item>(items: readonly Item[], args: PageArgs): { totalCount: number; list: readonly Item[] } {
  const { offset, limit } = sliceOf(args);
  return { totalCount: items.length, list: items.slice(offset, offset + limit) };
}

/** One page of a list that is read in its own order, and no further than the page. */
export async function pageIn<Key extends string, Item>(
  key: Key,
  args: PageArgs,
  list: Parameters<typeof firstItems<Key, Item>>[2],
): Promise<{ totalCount: number; list: readonly Item[] }> {
  const { offset, limit } = sliceOf(args);
  const { items, total } = await firstItems(key, offset + limit, list);
  return { totalCount: total, list: items.slice(offset) };
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/;

/** An ISO 8601 text as an instant in UTC; without a zone it is UTC. Throws a refusal of anything else. */
export function instantFrom(field: string, text: string): string {
  const [matched, , , zone] = INSTANT.exec(text) ?? [];
  const at = new Date(matched === undefined ? Number.NaN : zone === undefined ? `${text}Z` : text);
  // The parser takes the 30th of February for a day in March.
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const isDay = !Number.isNaN(day.valueOf()) && day.toISOString().startsWith(text.slice(0, 10));
  if (Number.isNaN(at.valueOf()) || !isDay)
    throw new Refusal(CODES.failed, `${field} must be an ISO 8601 instant.`, field);
  return at.toISOString();
}

interface TextRules {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

/** A text as the native schema has it. Throws a refusal that names the field and the rule. */
export function textFrom(field: string, schema: Schema, text: string): string {
  const { minLength = 0, maxLength = 4096, pattern } = schema as TextRules;
  const length = [...text].length;
  if (length < minLength || length > maxLength)
    throw new Refusal(CODES.failed, `${field} must have ${minLength} to ${maxLength} characters.`, field);
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(text))
    throw new Refusal(CODES.failed, `${field} must match ${pattern}.`, field);
  return text;
}

const NEWEST_FIRST = 'CREATEDAT_DESC';

/** Whether a `SortByEnum` is the order of the directory's own lists. */
export const isNewestFirst = (sortBy: string | null | undefined): boolean => (sortBy ?? NEWEST_FIRST) === NEWEST_FIRST;

/** Sorts what is newest first by a `SortByEnum`. */
export function inOrder<Item extends { readonly created_at: string; readonly updated_at: string }>(
  items: readonly Item[],
  sortBy: string | null | undefined,
): Item[] {
  const [by, order] = (sortBy ?? NEWEST_FIRST).split('_');
  const key = by === 'UPDATEDAT' ? 'updated_at' : 'created_at';
  const sorted = items.toSorted((a, b) => (a[key] < b[key] ? 1 : a[key] > b[key] ? -1 : 0));
  return order === 'ASC' ? sorted.toReversed() : sorted;
}
