/** Room 3: a route's schemas as judges. Every broken rule is told with its field; nothing is coerced but query text. */
import type { FieldError, Route, Schema } from '@reeve/contract';
import { Problem } from '@reeve/core';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { checkStorable } from './body.ts';

// The contract's schemas are judged by its tests; judging them again would cost most of a start.
const shared = { allErrors: true, strict: false, useDefaults: true, validateSchema: false, meta: false } as const;
const bodies = addFormats.default(new Ajv2020(shared), ['date-time']);
const queries = addFormats.default(new Ajv2020({ ...shared, coerceTypes: true }), ['date-time']);

const ERRORS_TOLD = 50;
/** Names that a caller made up are told back no longer than this. */
const FIELD_LENGTH = 256;

type Judge<T> = (value: unknown) => T;

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
function judge<T>(ajv: typeof bodies, schema: Schema<T>): Judge<T> {
  let validate: ValidateFunction | undefined;
  return (value) => {
    validate ??= ajv.compile(schema as object);
    if (!validate(value)) refuse(validate);
    return value as T;
  };
}

/** Judges a JSON body. A route without a body takes none. */
export function bodyJudge(route: Route): Judge<unknown> {
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
export function queryJudge(route: Route): Judge<unknown> {
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
