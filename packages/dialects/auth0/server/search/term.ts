/** Wildcards, and terms that name no field. */
import { MANY, ONE, type PatternPart, type UserFilter } from '@reeve/core';
import type { TermPart, Value } from './query.ts';
import { QueryError } from './query-error.ts';

/** Characters in a row that a pattern must hold: what an index can look for (contract §11). */
const MIN_LITERAL = 3;
const MAX_WILDCARDS = 8;

type Term = Extract<Value, { kind: 'term' }>;

function checkLiterals({ at, parts }: Term): void {
  const longest = Math.max(0, ...parts.map((part) => (typeof part === 'string' ? [...part].length : 0)));
  if (longest < MIN_LITERAL)
    throw new QueryError(
      at,
      `expected ${MIN_LITERAL} or more characters in a row beside the wildcard; that a field is there at all is _exists_:field`,
    );
  if (parts.filter((part) => typeof part !== 'string').length > MAX_WILDCARDS)
    throw new QueryError(at, `expected at most ${MAX_WILDCARDS} wildcards`);
}

/** The pattern of a term with wildcards. */
export function patternOf(term: Term): PatternPart[] {
  checkLiterals(term);
  return term.parts.map((part) => (typeof part === 'string' ? part : part.wildcard === '*' ? MANY : ONE));
}

/** Words of the names, the address, the username or the number; or a whole `user_id`. Metadata is passed over. */
export function anywhere(value: Value): UserFilter {
  if (value.kind === 'range') throw new QueryError(value.at, 'expected a field before the range');
  if (value.kind === 'phrase') return words(value.text, value.at);
  const { parts } = value;
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'string') return words(only, value.at);
  checkLiterals(value);
  const isOpenLeft = isStar(parts[0]);
  const isOpenRight = isStar(parts.at(-1));
  const inner = parts.slice(isOpenLeft ? 1 : 0, isOpenRight ? -1 : undefined);
  const [text] = inner;
  if (inner.length !== 1 || typeof text !== 'string')
    throw new QueryError(value.at, 'expected the wildcard * at the beginning or the end of a term without a field');
  return { kind: 'words', text, isOpenLeft, isOpenRight };
}

const isStar = (part: TermPart | undefined): boolean => typeof part === 'object' && part.wildcard === '*';

function words(text: string, at: number): UserFilter {
  if (text.trim() === '') throw new QueryError(at, 'expected something to look for');
  const filter: UserFilter = { kind: 'words', text, isOpenLeft: false, isOpenRight: false };
  if (!text.includes('|')) return filter;
  return { kind: 'or', of: [filter, { kind: 'equals', field: 'primary_identity', value: text }] };
}
