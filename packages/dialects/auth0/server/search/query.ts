/**
 * The query language of Auth0's user search (contract §11, a part of Lucene's): text to clauses, by recursive descent.
 * Knows nothing of fields. Owns the bounds on what a query may ask.
 *
 * Operators bind as `NOT`, `AND`, `OR`. Clauses that merely stand side by side are alternatives, which is Lucene's
 * default; among them a leading `-` or `NOT` excludes (`a b -c` is "a or b, and not c"), and a leading `+` requires.
 */
import { QueryError } from './query-error.ts';
import { tokenAt } from './scanner.ts';

/** Text as it is, or a wildcard. */
export type TermPart = string | { readonly wildcard: '*' | '?' };

export interface Bound {
  readonly at: number;
  readonly text: string;
  readonly isInclusive: boolean;
}

export type Value =
  | { readonly kind: 'term'; readonly at: number; readonly parts: readonly TermPart[] }
  | { readonly kind: 'phrase'; readonly at: number; readonly text: string }
  /** An absent end is open (`*`). */
  | { readonly kind: 'range'; readonly at: number; readonly from?: Bound; readonly to?: Bound };

export interface FieldName {
  readonly at: number;
  readonly name: string;
}

export type Query =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Query[] }
  | { readonly kind: 'not'; readonly of: Query }
  | { readonly kind: 'clause'; readonly field: FieldName | undefined; readonly value: Value };

/** UTF-8 bytes. */
const MAX_BYTES = 8192;
const MAX_CLAUSES = 256;
const MAX_DEPTH = 32;
const START = 'a term, a phrase, a field or "("';

/** Reads a query. Throws `QueryError`. */
export function parseQuery(text: string): Query {
  if (Buffer.byteLength(text) > MAX_BYTES) throw new QueryError(MAX_BYTES, `a query has at most ${MAX_BYTES} bytes`);
  const parser = new Parser(text);
  return parser.whole();
}

/** A clause, or several joined by AND, within a group. */
interface Member {
  readonly query: Query;
  /** What stands before it. */
  readonly joint: 'or' | 'implicit';
  readonly prefix: '+' | '-' | undefined;
}

class Parser {
  readonly #text: string;
  #at = 0;
  #clauses = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Query {
    const query = this.#group(undefined);
    if (this.#at < this.#text.length) this.#fail('expected an operator or the end, found ")" that closes nothing');
    return query;
  }

  #fail(message: string, at = this.#at): never {
    throw new QueryError(at, message);
  }

  #space(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at++;
  }

  /** Takes an operator where one stands. */
  #takes(word: string, symbol: string): boolean {
    this.#space();
    const isWord =
      this.#text.startsWith(word, this.#at) &&
      /^(\s|[()"]|$)/.test(this.#text.slice(this.#at + word.length, this.#at + word.length + 1));
    const length = isWord ? word.length : this.#text.startsWith(symbol, this.#at) ? symbol.length : 0;
    this.#at += length;
    return length > 0;
  }

  #isAtEnd(): boolean {
    this.#space();
    return this.#at >= this.#text.length || this.#text[this.#at] === ')';
  }

  /** Up to the end or the ")" that closes it. */
  #group(field: FieldName | undefined): Query {
    const members: Member[] = [this.#member('implicit', field)];
    while (!this.#isAtEnd()) members.push(this.#member(this.#takes('OR', '||') ? 'or' : 'implicit', field));
    return combined(members);
  }

  #member(joint: Member['joint'], field: FieldName | undefined): Member {
    const first = this.#prefixed(field);
    if (!this.#takes('AND', '&&')) return { ...first, joint };
    const all = [first, this.#prefixed(field)];
    while (this.#takes('AND', '&&')) all.push(this.#prefixed(field));
    const of = all.map(({ query, prefix }): Query => (prefix === '-' ? { kind: 'not', of: query } : query));
    return { query: { kind: 'and', of }, joint, prefix: undefined };
  }

  #prefixed(field: FieldName | undefined): Pick<Member, 'query' | 'prefix'> {
    let prefix: Member['prefix'];
    for (;;) {
      if (this.#takes('NOT', '!') || this.#takesSign('-')) prefix = prefix === '-' ? undefined : '-';
      else if (this.#takesSign('+')) prefix ??= '+';
      else return { query: this.#primary(field), prefix };
    }
  }

  #takesSign(sign: '-' | '+'): boolean {
    this.#space();
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    if (/^(\s|$)/.test(this.#text.charAt(this.#at))) this.#fail(`expected ${START} right after "${sign}"`);
    return true;
  }

  #primary(field: FieldName | undefined): Query {
    this.#space();
    if (this.#text[this.#at] === '(') return this.#parenthesis(field);
    const token = this.#token(START);
    const isField = token.kind === 'term' && this.#text[this.#at] === ':';
    if (!isField) return this.#clause(field, token);
    if (field)
      this.#fail(`expected a value of ${field.name}: a field can't stand within another one's parentheses`, token.at);
    const [name] = token.parts;
    if (token.parts.length !== 1 || typeof name !== 'string')
      return this.#fail('expected the name of a field without wildcards', token.at);
    this.#at++;
    return this.#resultOf({ at: token.at, name });
  }

  #resultOf(field: FieldName): Query {
    this.#space();
    const next = this.#text[this.#at];
    if (next === '(') return this.#parenthesis(field);
    if (next === '[' || next === '{') return this.#clause(field, this.#range());
    if (next === '<' || next === '>') this.#fail('expected a value; write a comparison as a range, as in [5 TO *]');
    const value = this.#token(`a value of ${field.name}`);
    if (this.#text[this.#at] === ':')
      this.#fail('expected the end of the value; a ":" within it is escaped (\\:) or quoted');
    return this.#clause(field, value);
  }

  #clause(field: FieldName | undefined, value: Value): Query {
    if (++this.#clauses > MAX_CLAUSES) this.#fail(`a query has at most ${MAX_CLAUSES} clauses`, value.at);
    return { kind: 'clause', field, value };
  }

  #parenthesis(field: FieldName | undefined): Query {
    const open = this.#at++;
    if (++this.#depth > MAX_DEPTH) this.#fail(`parentheses are at most ${MAX_DEPTH} deep`, open);
    const query = this.#group(field);
    if (this.#text[this.#at] !== ')') this.#fail(`expected ")" for the "(" at character ${open}`);
    this.#at++;
    this.#depth--;
    return query;
  }

  #token(expected: string): Exclude<Value, { kind: 'range' }> {
    const token = tokenAt(this.#text, this.#at, expected);
    this.#at = token.end;
    return token.value;
  }

  #range(): Value {
    const at = this.#at++;
    const from = this.#bound(this.#text[at] === '[');
    this.#space();
    if (!/^TO\s/.test(this.#text.slice(this.#at, this.#at + 3)))
      this.#fail('expected "TO" between the ends of the range');
    this.#at += 2;
    const to = this.#bound(true);
    this.#space();
    const close = this.#text[this.#at];
    if (close !== ']' && close !== '}') this.#fail(`expected "]" or "}" for the range at character ${at}`);
    this.#at++;
    return {
      kind: 'range',
      at,
      ...(from && { from }),
      ...(to && { to: { ...to, isInclusive: close === ']' } }),
    };
  }

  /** Undefined: `*`. */
  #bound(isInclusive: boolean): Bound | undefined {
    this.#space();
    const at = this.#at;
    const { value, end } = tokenAt(this.#text, at, 'an end of the range', true);
    this.#at = end;
    if (value.kind === 'phrase') return { at, text: value.text, isInclusive };
    const [text] = value.parts;
    if (value.parts.length === 1 && typeof text === 'string') return { at, text, isInclusive };
    if (value.parts.length === 1 && typeof text === 'object' && text.wildcard === '*') return undefined;
    return this.#fail('expected an end of the range without wildcards; "*" alone leaves it open', at);
  }
}

/** What a group of clauses means (the header tells how). */
function combined(members: readonly Member[]): Query {
  const required: Query[] = [];
  const optional: Query[] = [];
  for (const [i, { query, joint, prefix }] of members.entries()) {
    const isAlternative = i === 0 ? members[1]?.joint === 'or' : joint === 'or';
    if (prefix === '+') required.push(query);
    else if (prefix === undefined) optional.push(query);
    else if (isAlternative) optional.push({ kind: 'not', of: query });
    else required.push({ kind: 'not', of: query });
  }
  const isDemanded = members.some(({ prefix }) => prefix === '+');
  if (optional.length > 0 && !isDemanded) required.push(joined('or', optional));
  return joined('and', required);
}

const joined = (kind: 'and' | 'or', of: readonly Query[]): Query => (of.length === 1 ? (of[0] as Query) : { kind, of });
