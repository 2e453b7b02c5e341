/**
 * Queries over the log (contract §13): what an index of the directory can find is asked of it, and every entry is judged
 * by the whole query as it is shown.
 */
import type { EventType } from '@reeve/contract';
import { Problem } from '@reeve/core';
import type { LogView } from './log.ts';
import { areWhole, eventTypesOf } from './log-types.ts';
import { instantOf } from './search/instant.ts';
import { parseQuery, type Query, type TermPart, type Value } from './search/query.ts';
import { QueryError } from './search/query-error.ts';
import { wildcardMatcher } from './search/wildcard.ts';

export type Judge = (log: LogView) => boolean;

/** What can be asked of the directory. */
export interface LogPlan {
  /** Absent: of any type; empty: none. */
  readonly types?: readonly EventType[];
  /** As Auth0 spells a user. */
  readonly userId?: string;
  /** Epoch milliseconds, both inclusive. */
  readonly from?: number;
  readonly to?: number;
  /** Whether `types`, `from` and `to` say all that the query asks: whatever they let through, the judge takes. */
  readonly isWhole: boolean;
  readonly judge: Judge;
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

/** Reads a query. Throws `invalid_request` with the place of the fault. */
export function planOf(q: string): LogPlan {
  try {
    const query = parseQuery(q);
    return { ...boundsOf(query), isWhole: isWhole(query), judge: judgeOf(query) };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new Problem('invalid_request', error.message, {
      errors: [{ field: 'q', code: 'syntax', message: error.message }],
    });
  }
}

const plainOf = (value: Value): string | undefined => {
  if (value.kind === 'phrase') return value.text;
  if (value.kind === 'range') return undefined;
  const [only] = value.parts;
  return value.parts.length === 1 && typeof only === 'string' ? only : undefined;
};

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

type Bounds = Omit<LogPlan, 'judge' | 'isWhole'>;

/** A user is told of fewer entries than the directory finds by the user: those that name another are theirs. */
const isWhole = (query: Query): boolean =>
  partsOf(query).every((part) => {
    if (part.kind === 'clause' && part.field?.name === 'date') return true;
    const types = alternativesOf(part, 'type');
    return types !== undefined && areWhole(new Set(types));
  });

const partsOf = (query: Query): readonly Query[] => (query.kind === 'and' ? query.of : [query]);

function boundsOf(query: Query): Bounds {
  let bounds: Bounds = {};
  for (const part of partsOf(query)) {
    const types = alternativesOf(part, 'type');
    if (types) {
      const found = eventTypesOf(new Set(types));
      bounds = { ...bounds, types: bounds.types?.filter((type) => found.includes(type)) ?? found };
    }
    const users = alternativesOf(part, 'user_id');
    if (users?.length === 1) bounds = { userId: users[0] as string, ...bounds };
    if (part.kind === 'clause' && part.field?.name === 'date') {
      const { from = bounds.from, to = bounds.to } = rangeOf(part.value);
      bounds = {
        ...bounds,
        ...(from === undefined ? {} : { from: Math.max(from, bounds.from ?? from) }),
        ...(to === undefined ? {} : { to: Math.min(to, bounds.to ?? to) }),
      };
    }
  }
  return bounds;
}

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
