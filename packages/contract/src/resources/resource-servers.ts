/**
 * Resource servers: the APIs of the tenant that access tokens are made for, and the scopes that they know. Wherever one is
 * named, its identifier (the audience of its tokens) does as well.
 */
import { countedPage, cursor, limit, route } from '../route.ts';
import {
  array,
  boolean,
  instant,
  integer,
  nullable,
  object,
  oneOf,
  optional,
  partial,
  patchOf,
  type Static,
  string,
} from '../schema.ts';

export const tokenDialects = ['access_token', 'access_token_authz'] as const;

const LONGEST_LIFETIME = 2_592_000;

const scopes = array(
  object({
    value: string({
      minLength: 1,
      maxLength: 280,
      pattern: '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$',
      description: 'As tokens carry it (RFC 6749 §3.3); not one of OpenID Connect',
    }),
    description: optional(nullable(string({ maxLength: 500 }))),
  }),
  { maxItems: 1000, description: 'Each value once' },
);

const fields = {
  name: string({ minLength: 1, maxLength: 200 }),
  scopes,
  token_lifetime: integer({
    minimum: 1,
    maximum: LONGEST_LIFETIME,
    description: 'Seconds that access tokens are valid; 86400 unless set',
  }),
  token_lifetime_for_web: integer({
    minimum: 1,
    maximum: LONGEST_LIFETIME,
    description:
      'Seconds that access tokens of browser flows are valid; never over `token_lifetime`, and lowered with it; 7200 unless set',
  }),
  allow_offline_access: boolean({
    description: 'Whether the scope `offline_access` gives a refresh token; false unless set',
  }),
  enforce_policies: boolean({
    description: 'Whether a person’s token carries only the permissions that the person holds; false unless set',
  }),
  token_dialect: oneOf(tokenDialects, {
    description: 'With `access_token_authz` and `enforce_policies` tokens carry the claim `permissions`',
  }),
  skip_consent: boolean({ description: 'Whether first-party applications need no consent; true unless set' }),
} as const;

export const resourceServer = object({
  id: string({ description: '`api_` and a ULID' }),
  identifier: string({ description: 'The audience of its tokens' }),
  name: string(),
  scopes: array(object({ value: string(), description: nullable(string()) })),
  signing_alg: oneOf(['RS256']),
  token_lifetime: integer(),
  token_lifetime_for_web: integer(),
  allow_offline_access: boolean(),
  enforce_policies: boolean(),
  token_dialect: oneOf(tokenDialects),
  skip_consent: boolean(),
  created_at: instant(),
  updated_at: instant(),
});
export type ResourceServer = Static<typeof resourceServer>;

/** Lists resource servers, newest first. */
export const list = route('GET /resource-servers', {
  scope: 'applications:read',
  query: object({
    identifiers: optional(
      array(string({ minLength: 1, maxLength: 600 }), { minItems: 1, maxItems: 100, description: 'Exact; an "or"' }),
    ),
    include_total: optional(boolean()),
    limit,
    cursor,
  }),
  response: countedPage('resource_servers', resourceServer),
  items: 'resource_servers',
  fails: ['invalid_cursor'],
});

/** Creates a resource server. Its identifier stays as it is. */
export const create = route('POST /resource-servers', {
  scope: 'applications:write',
  body: object({
    identifier: string({
      minLength: 1,
      maxLength: 600,
      pattern: '^\\S(?:.*\\S)?$',
      description: 'Unique, and none of this server’s own audiences; no white space at its ends',
    }),
    ...partial(fields),
  }),
  response: resourceServer,
  status: 201,
  etag: true,
  fails: ['identifier_taken'],
  emits: ['resource_server.created'],
});

/** Reads one resource server, by id or identifier. */
export const get = route('GET /resource-servers/{resource_server_id}', {
  scope: 'applications:read',
  response: resourceServer,
  etag: true,
  fails: ['not_found'],
});

/**
 * Changes a resource server by JSON merge patch (RFC 7396). `scopes` is replaced as a whole: with a scope go the permissions and
 * the grants of it.
 */
export const update = route('PATCH /resource-servers/{resource_server_id}', {
  scope: 'applications:write',
  body: patchOf(fields, []),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: resourceServer,
  etag: true,
  fails: ['not_found', 'precondition_failed'],
  emits: ['resource_server.updated', 'client_grant.updated'],
});

/** Deletes a resource server with its permissions and grants; its tokens are refused from then on. */
const remove = route('DELETE /resource-servers/{resource_server_id}', {
  scope: 'applications:write',
  etag: true,
  fails: ['not_found', 'precondition_failed'],
  emits: ['resource_server.deleted', 'client_grant.deleted', 'tenant.updated'],
});

export { remove as delete };
