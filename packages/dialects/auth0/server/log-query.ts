/**
 * Queries over the log (contract §13). What the directory's columns tell is judged by the database: types, users, clients,
 * addresses, ids and times, in any combination. What is made only when an entry is shown (names, words, wildcards) is
 * judged entry by entry, of what the rest of the query leaves over.
 */
import { type EventCondition, type EventFilter, findUserIdsEverSpelled, Problem, type Work } from '@reeve/core';
import type { LogView } from './log.ts';
import { areWhole, conditionOfCode, conditionOfCodes, eventTypesOf } from './log-types.ts';
import { instantOf } from './search/instant.ts';
import { parseQuery, type Query, type TermPart, type Value } from './search/query.ts';
import { QueryError } from './search/query-error.ts';
import { wildcardMatcher } from './search/wildcard.ts';

export type Judge = (log: LogView) => boolean;

export interface LogPlan {
  /** For the database; undefined: nothing can match. */
  readonly filter: EventFilter | undefined;
  /** Of what the filter finds; undefined: all of it matches. */
  readonly judge: Judge | undefined;
}

const WORDS = ['description', 'user_name', 'client_name', 'user_agent', 'hostname'] as const;
const EXACT = [
  'type',
  'connection',
  'connection_id',
  'client_id',
  'ip',
  'user_id',
  'audience',
  'scope',
  'strategy',
  'strategy_type',
  'log_id',
  '_id',
] as const;
const FIELDS = [...WORDS, ...EXACT] as const;
const MAX_WILDCARDS = 8;
/** Users of one statement. */
const MOST_USERS = 1000;

/** Reads a query. Throws `invalid_request` with the place of the fault. */
export async function planOf(work: Work, q: string): Promise<LogPlan> {
  const query = understood(q);
  const ids = new Map<string, readonly string[]>();
  for (const spelling of new Set(valuesOf(query, 'user_id'))) ids.set(spelling, await idsOf(work, spelling));
  if ([...ids.values()].flat().length > MOST_USERS)
    throw new Problem('limit_reached', `The query names more than ${MOST_USERS} users.`);
  const left: Query[] = [];
  let filter: EventFilter | undefined = {};
  for (const part of partsOf(query)) {
    const narrowed: EventFilter | undefined = filter && narrow(filter, part, ids);
    if (narrowed !== filter) filter = narrowed;
    else left.push(part);
  }
  const judges = left.map(judgeOf);
  return { filter, judge: judges.length === 0 ? undefined : (log) => judges.every((judge) => judge(log)) };
}

/** The query, all of whose fields and values are understood. */
function understood(q: string): Query {
  try {
    const query = parseQuery(q);
    judgeOf(query);
    return query;
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new Problem('invalid_request', error.message, {
      errors: [{ field: 'q', code: 'syntax', message: error.message }],
    });
  }
}

/** Who is or was called so. A user whom nothing else is known of any more is shown, and searched, by the native id. */
const idsOf = async (work: Work, spelling: string): Promise<string[]> =>
  spelling.includes('|') ? findUserIdsEverSpelled(work, spelling) : [spelling];

const partsOf = (query: Query): readonly Query[] => (query.kind === 'and' ? query.of.flatMap(partsOf) : [query]);

const plainOf = (value: Value): string | undefined => {
  if (value.kind === 'phrase') return value.text;
  if (value.kind === 'range') return undefined;
  const [only] = value.parts;
  return value.parts.length === 1 && typeof only === 'string' ? only : undefined;
};

/** Every plain value that a query compares a field with. */
function valuesOf(query: Query, field: string): string[] {
  if (query.kind === 'not') return valuesOf(query.of, field);
  if (query.kind !== 'clause') return query.of.flatMap((part) => valuesOf(part, field));
  const text = query.field?.name === field ? plainOf(query.value) : undefined;
  return text === undefined ? [] : [text];
}

/** The values of one field, where a query asks for nothing but one of them. */
function alternativesOf(query: Query, field: string): string[] | undefined {
  if (query.kind === 'clause') {
    const text = query.field?.name === field ? plainOf(query.value) : undefined;
    return text === undefined ? undefined : [text];
  }
  if (query.kind !== 'or') return undefined;
  const all = query.of.map((part) => alternativesOf(part, field));
  return all.every((texts) => texts !== undefined) ? (all.flat() as string[]) : undefined;
}

type Spelled = ReadonlyMap<string, readonly string[]>;

const both = (one: EventCondition | undefined, other: EventCondition): EventCondition =>
  one ? { kind: 'and', of: [one, other] } : other;

/**
 * The filter with one more demand; itself where the database can't judge it. Types, a user and a range of time lead to
 * an index. Undefined: nothing can match.
 */
function narrow(filter: EventFilter, part: Query, ids: Spelled): EventFilter | undefined {
  const users = alternativesOf(part, 'user_id');
  if (users && filter.about === undefined) {
    const about = users.flatMap((spelling) => ids.get(spelling) ?? []);
    return about.length === 0 ? undefined : { ...filter, about };
  }
  const codes = alternativesOf(part, 'type');
  if (codes) return narrowToCodes(filter, codesOf(codes));
  if (part.kind === 'clause' && part.field?.name === 'date') {
    const { from, to } = rangeOf(part.value);
    const start = Math.max(from ?? Number.NEGATIVE_INFINITY, filter.start ?? Number.NEGATIVE_INFINITY);
    const end = Math.min(to === undefined ? Number.POSITIVE_INFINITY : to + 1, filter.end ?? Number.POSITIVE_INFINITY);
    if (start >= end) return undefined;
    return {
      ...filter,
      ...(Number.isFinite(start) ? { start } : {}),
      ...(Number.isFinite(end) ? { end } : {}),
    };
  }
  const condition = conditionOf(part, ids);
  return condition ? { ...filter, where: both(filter.where, condition) } : filter;
}

function narrowToCodes(filter: EventFilter, codes: ReadonlySet<string>): EventFilter | undefined {
  const found: readonly string[] = eventTypesOf(codes);
  const types = filter.types?.filter((type) => found.includes(type)) ?? found;
  if (types.length === 0) return undefined;
  if (areWhole(codes)) return { ...filter, types };
  return { ...filter, types, where: both(filter.where, conditionOfCodes(codes)) };
}

const codesOf = (texts: readonly string[]): ReadonlySet<string> => new Set(texts.map((text) => text.toLowerCase()));

/** The query as the database judges it; undefined where it can't. */
function conditionOf(query: Query, ids: Spelled): EventCondition | undefined {
  if (query.kind === 'clause') return query.field && conditionOfField(query.field.name, query.value, ids);
  if (query.kind === 'not') {
    const of = conditionOf(query.of, ids);
    return of && { kind: 'not', of };
  }
  // Types that are alternatives are one set: each code stands for many of the directory's own.
  const codes = query.kind === 'or' ? query.of.flatMap((part) => alternativesOf(part, 'type') ?? []) : [];
  const others = codes.length === 0 ? query.of : query.of.filter((part) => !alternativesOf(part, 'type'));
  const of = [
    ...(codes.length === 0 ? [] : [conditionOfCodes(codesOf(codes))]),
    ...others.map((part) => conditionOf(part, ids)),
  ];
  return of.every((part) => part !== undefined) ? { kind: query.kind, of } : undefined;
}

function conditionOfField(name: string, value: Value, ids: Spelled): EventCondition | undefined {
  if (name === 'date') return { kind: 'time', ...rangeOf(value) };
  const text = plainOf(value);
  if (text === undefined) return undefined;
  switch (name) {
    case '_exists_':
      return IS_THERE.get(text);
    case 'type':
      return conditionOfCode(text.toLowerCase());
    case 'user_id':
      return { kind: 'about', ids: ids.get(text) ?? [] };
    case 'client_id':
      return { kind: 'client', clientId: text };
    case 'ip':
      return { kind: 'ip', value: text };
    case 'log_id':
    case '_id':
      return { kind: 'id', value: text };
    default:
      return undefined;
  }
}

const ALWAYS: EventCondition = { kind: 'and', of: [] };
const IS_THERE: ReadonlyMap<string, EventCondition> = new Map<string, EventCondition>([
  ...['date', 'type', 'log_id', '_id'].map((field) => [field, ALWAYS] as const),
  ['ip', { kind: 'ip' }],
  ['user_id', { kind: 'about' }],
]);

/** A date stands for the whole day, minute, second or millisecond that it names. */
function rangeOf(value: Value): { from?: number; to?: number } {
  if (value.kind !== 'range') {
    const text = plainOf(value);
    if (text === undefined)
      throw new QueryError(value.at, "expected a value of date: it can't be searched by wildcard");
    return instantOf('date', { at: value.at, text });
  }
  const { from, to } = value;
  const first = from && instantOf('date', from);
  const last = to && instantOf('date', to);
  return {
    ...(first ? { from: from.isInclusive ? first.from : first.to + 1 } : {}),
    ...(last ? { to: to.isInclusive ? last.to : last.from - 1 } : {}),
  };
}

function judgeOf(query: Query): Judge {
  if (query.kind === 'not') {
    const inner = judgeOf(query.of);
    return (log) => !inner(log);
  }
  if (query.kind === 'clause') return query.field ? fieldJudge(query.field, query.value) : anywhere(query.value);
  const parts = query.of.map(judgeOf);
  return query.kind === 'and'
    ? (log) => parts.every((judge) => judge(log))
    : (log) => parts.some((judge) => judge(log));
}

const textAt = (log: LogView, field: string): string | undefined => {
  const value = (log as unknown as Readonly<Record<string, unknown>>)[field];
  return typeof value === 'string' ? value : undefined;
};

function fieldJudge({ at, name }: { readonly at: number; readonly name: string }, value: Value): Judge {
  if (name === 'date') {
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = rangeOf(value);
    return ({ date }) => Date.parse(date) >= from && Date.parse(date) <= to;
  }
  if (name === '_exists_') {
    const field = plainOf(value) ?? '';
    if (field === 'date') return () => true;
    checkField(value.at, field);
    return (log) => textAt(log, field) !== undefined;
  }
  checkField(at, name);
  const matches = matcherOf(value, (WORDS as readonly string[]).includes(name));
  return (log) => {
    const text = textAt(log, name);
    return text !== undefined && matches(text);
  };
}

function checkField(at: number, name: string): void {
  if (!(FIELDS as readonly string[]).includes(name))
    throw new QueryError(at, `expected a field, found ${name}: the fields are ${[...FIELDS, 'date'].join(', ')}`);
}

function anywhere(value: Value): Judge {
  const matches = matcherOf(value, true);
  return (log) => FIELDS.some((field) => matches(textAt(log, field) ?? ''));
}

/** Without case. `isWords`: the words may stand anywhere in the text. */
function matcherOf(value: Value, isWords: boolean): (text: string) => boolean {
  if (value.kind === 'range') throw new QueryError(value.at, 'expected a value: only date can be searched by range');
  if (value.kind === 'term' && value.parts.some((part) => typeof part !== 'string'))
    return patternOf(value.at, value.parts, isWords);
  const wanted = (plainOf(value) ?? '').toLowerCase();
  if (!isWords) return (text) => text.toLowerCase() === wanted;
  return (text) =>
    ` ${text.toLowerCase().replace(/[^\p{L}\p{N}@._|-]+/gu, ' ')} `.includes(` ${wanted} `) ||
    text.toLowerCase() === wanted;
}

function patternOf(at: number, parts: readonly TermPart[], isWords: boolean): (text: string) => boolean {
  if (parts.filter((part) => typeof part !== 'string').length > MAX_WILDCARDS)
    throw new QueryError(at, `expected at most ${MAX_WILDCARDS} wildcards`);
  const isOf = wildcardMatcher(parts);
  return (text) => isOf(text) || (isWords && text.split(/\s+/).some(isOf));
}
