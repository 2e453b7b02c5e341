/**
 * One declaration per operation. A route feeds validation, serialisation, OpenAPI, the SDK's methods and types, and
 * the test walkers; nothing about an operation is written down anywhere else.
 */

import type { EventType } from './event.ts';
import type { ProblemCode } from './problem.ts';
import { array, integer, nullable, object, optional, type Schema, string } from './schema.ts';

export type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Management scopes, `resource:action`. */
export const scopes = [
  'tenants:read',
  'tenants:write',
  'users:read',
  'users:write',
  'users:impersonate',
  'connections:read',
  'connections:write',
  'groups:read',
  'groups:write',
  'roles:read',
  'roles:write',
  'organizations:read',
  'organizations:write',
  'applications:read',
  'applications:write',
  'invitations:read',
  'invitations:write',
  'sessions:read',
  'sessions:write',
  'jobs:read',
  'audit:read',
  'custom_fields:read',
  'custom_fields:write',
  'resources:read',
  'resources:write',
] as const;
export type Scope = (typeof scopes)[number];

/** How a body or an answer travels when it is not one JSON document. */
export type Media = 'application/x-ndjson' | 'text/csv' | 'application/json' | 'application/merge-patch+json';

export interface Declaration<Query, Body, Response> {
  /** Needed scope; `null` where no token is asked for. */
  readonly scope: Scope | null;
  readonly query?: Schema<Query>;
  readonly body?: Schema<Body>;
  /** Absent: 204 without a body. */
  readonly response?: Schema<Response>;
  /** Success status; 200 with a response, 204 without one. */
  readonly status?: number;
  /** Codes beyond the universal ones. */
  readonly fails?: readonly ProblemCode[];
  /** Events that the operation may append; a mutation declares at least one. */
  readonly emits?: readonly EventType[];
  /** Media types of a streamed request body; the schema then describes one row. */
  readonly consumes?: readonly Media[];
  /** Media types of a streamed answer; the schema then describes one row. */
  readonly produces?: readonly Media[];
  /** The resource carries an `ETag`; a write honours `If-Match`. */
  readonly etag?: boolean;
  /** The plural under which a list answers its items. */
  readonly items?: string;
}

export interface Route<Path extends string = string, Query = unknown, Body = unknown, Response = unknown>
  extends Declaration<Query, Body, Response> {
  readonly verb: Verb;
  readonly path: Path;
  readonly status: number;
}

type PathOf<T extends string> = T extends `${Verb} ${infer P}` ? P : never;

/** Declares an operation: `route('GET /users/{user_id}', { … })`. Paths are below `/api/v1`. */
export const route = <
  const Target extends `${Verb} /${string}`,
  Query = undefined,
  Body = undefined,
  Response = undefined,
>(
  target: Target,
  declaration: Declaration<Query, Body, Response>,
): Route<PathOf<Target>, Query, Body, Response> => {
  const [verb, path] = target.split(' ') as [Verb, PathOf<Target>];
  return { verb, path, ...declaration, status: declaration.status ?? (declaration.response ? 200 : 204) };
};

/**
 * Whose repetition an Idempotency-Key answers: a POST's, and also a PATCH's or DELETE's, which repeated would be told that
 * the version is stale or the thing gone, although the change was its own. A PUT says the same again by itself, and what
 * changes nothing (a lookup by POST) takes no key: a mutation is what declares an event.
 */
export const isKeyed = ({ verb, emits }: Pick<Route, 'verb' | 'emits'>): boolean =>
  (verb === 'POST' || verb === 'PATCH' || verb === 'DELETE') && (emits?.length ?? 0) > 0;

/** The parameter names of a path template, in order. */
export const parametersOf = (path: string): string[] =>
  [...path.matchAll(/\{([a-z_]+)\}/g)].map((match) => match[1] as string);

export const limit = optional(
  integer({ minimum: 1, maximum: 100, default: 50, description: 'Items per page, 1 to 100; over it is an error' }),
);
export const cursor = optional(
  string({ minLength: 1, maxLength: 1024, description: 'Where the previous page ended (`next_cursor`)' }),
);
const nextCursor = nullable(string({ description: 'Pass as `cursor` for the next page; null on the last one' }));

/** A page of a list: `{ <plural>: [...], next_cursor }`. */
export const page = <const Name extends string, T>(
  name: Name,
  item: Schema<T>,
): Schema<{ [K in Name]: T[] } & { next_cursor: string | null }> =>
  object({ [name]: array(item), next_cursor: nextCursor }) as never;

/** A page that also tells how many items the filter matches in all. */
export const countedPage = <const Name extends string, T>(
  name: Name,
  item: Schema<T>,
): Schema<{ [K in Name]: T[] } & { next_cursor: string | null; total?: number }> =>
  object({
    [name]: array(item),
    total: optional(integer({ description: 'Matches of the whole filter; there when `include_total` is true' })),
    next_cursor: nextCursor,
  }) as never;
