/** Where a search looks first: indexes that list who may pass a filter (`filter.query.ts`). */
import { type RawBuilder, sql } from 'kysely';
import { type Db, isPostgres } from '../database/database.ts';
import type { PatternPart } from '../database/document.ts';
import { keyOf, searchableKey, WORD } from './document.ts';
import type { TextField, UserFilter } from './filter.ts';
import { trigramsOf } from './trigrams.ts';

export interface Candidates {
  /** Each lists row numbers; all of them together hold everybody who passes. */
  readonly selects: readonly RawBuilder<unknown>[];
  /** How many they may be: 0, a few for each value asked for; 1, one value's; 2, a part of a text's; 3, a range's. */
  readonly rank: 0 | 1 | 2 | 3;
}

export const candidatesOf = (select: RawBuilder<unknown>, rank: Candidates['rank']): Candidates => ({
  selects: [select],
  rank,
});

/** The connections of the tenant whose row fulfils a condition. */
export const connectionsOf = (tenant: number, condition: RawBuilder<unknown> = sql`1 = 1`): RawBuilder<unknown> =>
  sql`(select connections.num from connections where connections.tenant_id = ${tenant} and ${condition})`;

/** Users whose search text holds the needle (SQLite: who may). */
export async function withNeedle(db: Db, tenant: number, needle: string): Promise<RawBuilder<unknown>> {
  if (!isPostgres(db))
    return sql`select rowid from users_search where users_search match ${await trigramsOf(db, needle)}`;
  const pattern = `%${needle.replace(/[\\%_]/g, '\\$&')}%`;
  return sql`select users.num from users where users.tenant_id = ${tenant} and users.search_text like ${pattern}`;
}

/** The first text, by code points, after all that begin with `prefix`; undefined where there is none. */
function successor(prefix: string): string | undefined {
  const points = [...prefix].map((character) => character.codePointAt(0) as number);
  while (points.length > 0) {
    const last = points.pop() as number;
    // Surrogates are no characters.
    if (last < 0x10ffff) return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}

/** The texts of a column that begin with `prefix`, as a range that an index answers; undefined for an empty prefix. */
export function prefixRange(column: RawBuilder<unknown>, prefix: string): RawBuilder<boolean> | undefined {
  if (prefix === '') return undefined;
  const end = successor(prefix);
  return end === undefined ? sql`${column} >= ${prefix}` : sql`(${column} >= ${prefix} and ${column} < ${end})`;
}

/**
 * The longest text that the search text of whoever has a field of this pattern is sure to hold. `mark` stands before the
 * beginning of the field.
 */
export function needleOf(pattern: readonly PatternPart[], isFolded: boolean, mark = WORD): string | undefined {
  let longest: string | undefined;
  for (const [i, part] of pattern.entries()) {
    if (typeof part !== 'string') continue;
    const sure = isFolded ? part : asciiOf(part, i + 1 < pattern.length);
    const text = searchableKey(keyOf(sure)).slice(WORD.length);
    if (text === '') continue;
    const needle = i === 0 ? mark + text : text;
    if (longest === undefined || [...needle].length > [...longest].length) longest = needle;
  }
  return longest;
}

/** What composition (NFKC) leaves as it is, whatever character comes after it. */
const asciiOf = (part: string, isFollowed: boolean): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant.
  /^[\x00-\x7f]*$/.test(part) ? part.slice(0, isFollowed ? -1 : undefined) : '';

export interface AnyOf {
  readonly field: TextField;
  readonly values: readonly string[];
}

/** Equalities of one field within an "or" become one list of values: one look into the index instead of many. */
export function merged(filters: readonly UserFilter[]): (UserFilter | AnyOf)[] {
  const lists = new Map<TextField, string[]>();
  const rest: UserFilter[] = [];
  for (const filter of filters) {
    if (filter.kind !== 'equals') rest.push(filter);
    else lists.set(filter.field, [...(lists.get(filter.field) ?? []), filter.value]);
  }
  return [...[...lists].map(([field, values]) => ({ field, values })), ...rest];
}

/** What stands within the ands of an and, or the ors of an or, stands beside the rest. */
export const flattened = ({ kind, of }: Extract<UserFilter, { kind: 'and' | 'or' }>): UserFilter[] =>
  of.flatMap((part) => (part.kind === kind ? flattened(part) : [part]));
