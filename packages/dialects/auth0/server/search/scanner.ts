/** Terms and quoted phrases of a query, with their escapes. */
import type { TermPart } from './query.ts';
import { QueryError } from './query-error.ts';

type Token =
  | { readonly kind: 'term'; readonly at: number; readonly parts: readonly TermPart[] }
  | { readonly kind: 'phrase'; readonly at: number; readonly text: string };

interface Scanned {
  readonly value: Token;
  /** Where the text goes on. */
  readonly end: number;
}

/** What ends a term. */
const STOPS = /[\s()"[\]{}:]/;
/** An end of a range may hold colons: a time has some. */
const BOUND_STOPS = /[\s()"[\]{}]/;
const UNSUPPORTED: Readonly<Record<string, string>> = {
  '^': 'weights (^) are not supported',
  '~': 'fuzzy and proximity searches (~) are not supported',
  '/': 'regular expressions (/…/) are not supported',
};

/** The term or phrase at a place. Throws where neither stands there. */
export function tokenAt(text: string, at: number, expected: string, isBound = false): Scanned {
  if (text[at] === '"') return phraseAt(text, at);
  const stops = isBound ? BOUND_STOPS : STOPS;
  const parts: TermPart[] = [];
  let literal = '';
  let end = at;
  for (; end < text.length; end++) {
    const character = text.charAt(end);
    if (stops.test(character)) break;
    if (character === '*' || character === '?') {
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push({ wildcard: character });
    } else if (character === '\\') {
      literal += escapedAt(text, end++);
    } else {
      refuseUnsupported(character, end, end === at);
      literal += character;
    }
  }
  if (literal !== '') parts.push(literal);
  if (parts.length === 0) throw new QueryError(at, `expected ${expected}, found ${foundAt(text, at)}`);
  refuseOperator(text, at, end, expected);
  return { value: { kind: 'term', at, parts }, end };
}

function phraseAt(text: string, at: number): Scanned {
  let phrase = '';
  for (let end = at + 1; end < text.length; end++) {
    const character = text.charAt(end);
    if (character === '"') {
      if (text[end + 1] === '~' || text[end + 1] === '^') refuseUnsupported(text.charAt(end + 1), end + 1, false);
      return { value: { kind: 'phrase', at, text: phrase }, end: end + 1 };
    }
    phrase += character === '\\' ? escapedAt(text, end++) : character;
  }
  throw new QueryError(text.length, `expected a closing quotation mark for the one at character ${at}`);
}

function escapedAt(text: string, at: number): string {
  if (at + 1 >= text.length) throw new QueryError(at, 'expected a character after the backslash');
  return text.charAt(at + 1);
}

function refuseUnsupported(character: string, at: number, isFirst: boolean): void {
  const reason = UNSUPPORTED[character];
  if (reason !== undefined && (character !== '/' || isFirst))
    throw new QueryError(at, `${reason}; a "${character}" that is meant is escaped (\\${character})`);
}

function refuseOperator(text: string, at: number, end: number, expected: string): void {
  const word = text.slice(at, end);
  if (['AND', 'OR', 'NOT', '&&', '||'].includes(word) && text[end] !== ':')
    throw new QueryError(at, `expected ${expected}, found the operator ${word}`);
}

const foundAt = (text: string, at: number): string => (at >= text.length ? 'the end' : `"${text.charAt(at)}"`);
