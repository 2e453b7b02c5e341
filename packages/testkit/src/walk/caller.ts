/**
 * Calls operations as the contract declares them and checks of every answer what holds for all of them: a request id, the
 * declared status, a body that the response schema describes, and no problem code that the route does not declare.
 */
import { problemBody, type Route, type Schema } from '@reeve/contract';
import { type NamedRoute, routes } from '@reeve/contract/native';
import { codesOf } from '@reeve/contract/openapi';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import { ask } from '../wire.ts';

/** What one request is made of, beside its route. */
export interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WalkAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body of one document; undefined where there is none, or lines. */
  readonly body: unknown;
  readonly requestId: string;
  /** The problem code of a refusal. */
  readonly code: string | undefined;
}

export type Caller = (id: string, call?: Call, token?: string | null) => Promise<WalkAnswer>;

const ajv = addFormats.default(new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }));
const validators = new Map<unknown, ValidateFunction>();
const validatorOf = (schema: unknown): ValidateFunction => {
  const known = validators.get(schema) ?? ajv.compile(schema as object);
  validators.set(schema, known);
  return known;
};

/** Fails the test unless the value is what the schema describes. */
export function expectSchema(schema: Schema, value: unknown, what: string): void {
  const validate = validatorOf(schema);
  expect(validate(value) ? [] : validate.errors, `${what}: ${JSON.stringify(value)?.slice(0, 500)}`).toEqual([]);
}

export const routeOf = (id: string): NamedRoute => {
  const found = routes.find((named) => named.id === id);
  if (!found) throw new Error(`The contract has no operation ${id}.`);
  return found;
};

/** Path and query; nothing in them is normalised on the way. */
export function pathOf(route: Route, { params = {}, query = {} }: Call): string {
  const path = route.path.replace(/\{([a-z_]+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new Error(`${route.verb} ${route.path} needs ${name}.`);
    return encodeURIComponent(value);
  });
  const text = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, String(one)] as [string, string]),
    ),
  ).toString();
  return `/api/v1${path}${text === '' ? '' : `?${text}`}`;
}

/** NDJSON and CSV answers are checked line by line; a last line may be a trailer. */
function checkRows(id: string, route: Route, text: string): void {
  const lines = text.split('\n').filter(Boolean);
  for (const [i, line] of lines.entries()) {
    const value = JSON.parse(line) as object;
    if (i === lines.length - 1 && 'trailer' in value) continue;
    expectSchema(route.response as Schema, value, id);
  }
}

function checkSuccess(id: string, route: Route, answer: WalkAnswer): void {
  expect(answer.status, id).toBe(route.status);
  if (route.etag && route.response) expect(answer.headers.get('etag'), id).toMatch(/^"v\d+"$/);
  const type = answer.headers.get('content-type') ?? '';
  if (!route.response) expect(answer.text, id).toBe('');
  else if (type.startsWith('application/x-ndjson')) checkRows(id, route, answer.text);
  else if (!type.startsWith('text/csv')) expectSchema(route.response as Schema, answer.body, id);
}

function checkRefusal(id: string, route: Route, answer: WalkAnswer): void {
  expect(answer.headers.get('content-type'), id).toMatch(/^application\/problem\+json/);
  expectSchema(problemBody, answer.body, id);
  expect(answer.body).toMatchObject({ status: answer.status, request_id: answer.requestId });
  expect(codesOf(route), `${id} answered ${answer.text}`).toContain(answer.code);
  expect(answer.code, `${id}: ${answer.text}`).not.toBe('internal');
}

/** Calls operations at `base`; without a token of its own a call carries `token`. `host`: the tenant's name. */
export function createCaller(base: string, token: string, host?: string): Caller {
  return async (id, call = {}, own) => {
    const { route } = routeOf(id);
    const bearer = own === undefined ? token : own;
    const body = call.raw ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
    const { status, headers, text } = await ask(base, {
      path: pathOf(route, call),
      method: route.verb,
      headers: {
        ...(host === undefined ? {} : { host }),
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      body,
    });
    const isDocument = /^application\/(problem\+)?json/.test(headers.get('content-type') ?? '');
    const parsed = isDocument && text !== '' ? (JSON.parse(text) as unknown) : undefined;
    const answer: WalkAnswer = {
      status,
      headers,
      text,
      body: parsed,
      requestId: headers.get('x-request-id') ?? '',
      code: status >= 400 ? (parsed as { code: string }).code : undefined,
    };
    expect(answer.requestId, id).toMatch(/^req_/);
    if (answer.status >= 400) checkRefusal(id, route, answer);
    else checkSuccess(id, route, answer);
    return answer;
  };
}
