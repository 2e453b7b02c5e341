/**
 * Room 3: a route's schemas as judges. Broken rules are told with their fields; nothing is coerced but query text. Of a
 * value with very many parts only the first broken rule is told: looking for all of them could hold up everybody.
 */
import type { FieldError, Route, Schema } from '@reeve/contract';
import { Problem } from '@reeve/core';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { checkStorable } from './body.ts';

// The contract's schemas are judged by its tests; judging them again would cost most of a start.
const shared = { strict: false, useDefaults: true, validateSchema: false, meta: false } as const;
/** One stops at the first broken rule, the other goes on to the end. */
const makeJudges = (options: object) => {
  const make = (allErrors: boolean) =>
    addFormats.default(new Ajv2020({ ...shared, ...options, allErrors }), ['date-time']);
  return { quick: make(false), whole: make(true) };
};
const bodies = makeJudges({});
const queries = makeJudges({ coerceTypes: true });

const ERRORS_TOLD = 50;
/** Names that a caller made up are told back no longer than this. */
const FIELD_LENGTH = 256;

/** A value with more members and elements than this is not searched for every broken rule. */
const SEARCHED_PARTS = 2000;

type Judge<T> = (value: unknown) => T;

/** How many more parts a value may have. */
function partsLeft(value: unknown, left: number): number {
  // At once where none are left: a value may be nested deeper than the stack is.
  if (left < 0 || value === null || typeof value !== 'object') return left;
  let rest = left;
  // Not by Object.values: a large value is given up at the bound, without a copy of it.
  for (const name in value) {
    rest = partsLeft((value as Record<string, unknown>)[name], rest - 1);
    if (rest < 0) break;
  }
  return rest;
}

function fieldErrorOf({ instancePath, keyword, params, message }: ErrorObject): FieldError {
  const path = instancePath
    .slice(1)
    .split('/')
    .filter(Boolean)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const named = (params.additionalProperty ?? params.missingProperty) as string | undefined;
  const field = [...path, ...(named === undefined ? [] : [named])].join('.').slice(0, FIELD_LENGTH);
  if (keyword === 'additionalProperties') return { field, code: 'unknown', message: 'is not known here' };
  if (keyword === 'required') return { field, code: 'required', message: 'is required' };
  if (keyword === 'enum')
    return { field, code: keyword, message: `must be one of ${(params.allowedValues as unknown[]).join(', ')}` };
  return { field, code: keyword, message: message ?? 'is not valid' };
}

function refuse(validate: ValidateFunction): never {
  const errors = (validate.errors ?? []).slice(0, ERRORS_TOLD).map(fieldErrorOf);
  const told = errors.slice(0, 3).map(({ field, message }) => `${field || 'The body'} ${message}`);
  throw new Problem('invalid_request', `${told.join('; ')}.`, { errors });
}

/** Compiled at its first use: a start need not wait for routes that nobody has asked for yet. */
function judge<T>(judges: typeof bodies, schema: Schema<T>): Judge<T> {
  let quick: ValidateFunction | undefined;
  let whole: ValidateFunction | undefined;
  return (value) => {
    quick ??= judges.quick.compile(schema as object);
    if (quick(value)) return value as T;
    if (partsLeft(value, SEARCHED_PARTS) < 0) refuse(quick);
    whole ??= judges.whole.compile(schema as object);
    if (whole(value)) return value as T;
    return refuse(whole);
  };
}

/** Judges a JSON body. A route without a body takes none. */
export function bodyJudge(route: Pick<Route, 'body'>): Judge<unknown> {
  if (!route.body) {
    return (value) => {
      if (value !== undefined && !(value !== null && typeof value === 'object' && Object.keys(value).length === 0)) {
        throw new Problem('invalid_request', 'This route takes no body.', {
          errors: [{ field: '', code: 'unknown', message: 'takes no body' }],
        });
      }
      return undefined;
    };
  }
  const judged = judge(bodies, route.body as Schema);
  const isNeedless = !route.body.required && route.body.minProperties === undefined;
  return (value) => judged(value === undefined && isNeedless ? {} : value);
}

/** Judges one row of a streamed body. */
export const rowJudge = (schema: Schema): Judge<unknown> => judge(bodies, schema);

/** Judges a query string; lists are comma-separated or repeated. */
export function queryJudge(route: Pick<Route, 'query'>): Judge<unknown> {
  const schema = (route.query ?? { type: 'object', properties: {}, additionalProperties: false }) as Schema;
  const lists = Object.entries(schema.properties ?? {})
    .filter(([, property]) => property.type === 'array')
    .map(([name]) => name);
  const judged = judge(queries, schema);
  return (value) => {
    const given = { ...(value as Record<string, unknown>) };
    for (const text of Object.values(given)) checkStorable(text, 'query');
    for (const name of lists) {
      if (given[name] !== undefined) given[name] = [given[name]].flat().flatMap((text) => String(text).split(','));
    }
    return judged(given);
  };
}
