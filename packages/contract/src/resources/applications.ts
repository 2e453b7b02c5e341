/** Applications: the OAuth clients of a tenant, and their secrets. Wherever one is named, its OAuth client id does as well. */
import { countedPage, cursor, limit, route, scopes } from '../route.ts';
import {
  array,
  boolean,
  instant,
  integer,
  json,
  nullable,
  object,
  oneOf,
  optional,
  patchOf,
  type Static,
  string,
} from '../schema.ts';
import { member } from './groups.ts';

export const grantTypes = [
  'client_credentials',
  'authorization_code',
  'password',
  'http://auth0.com/oauth/grant-type/password-realm',
  'refresh_token',
] as const;

/** Where people may be sent: not to what a browser would run, nor to what it would read from the machine that it runs on. */
export const REDIRECT_URL = '^(?!(?:javascript|vbscript|data|blob|file):)[a-z][a-z0-9+.-]*://';
const url = string({ maxLength: 2048, pattern: REDIRECT_URL });

const pool = string({
  minLength: 1,
  maxLength: 128,
  description: 'Id or name of a database connection; a new name makes one, which needs `connections:write`, too',
});

const types = ['machine_to_machine', 'web', 'spa', 'native'] as const;

const applicationFields = {
  name: string({ minLength: 1, maxLength: 200 }),
  type: oneOf(types),
  is_public: boolean({
    description:
      'Keeps no secret: it proves nothing at the token endpoint and gets no token of its own. Default, with every change of type: true of spa and native',
  }),
  description: string({ maxLength: 1000 }),
  grant_types: array(oneOf(grantTypes), { uniqueItems: true, maxItems: 8 }),
  scopes: array(oneOf(scopes), {
    uniqueItems: true,
    maxItems: scopes.length,
    description: 'Management scopes that the application is granted',
  }),
  redirect_uris: array(url, { uniqueItems: true, maxItems: 100 }),
  auto_grant_on_signup: boolean({ description: 'Whoever signs up through it may use it' }),
  registration_pool: {
    ...pool,
    description: `Where accounts are made that are registered through it, and people are looked for first; null: the default connection. ${pool.description}`,
  },
  read_pools: array(pool, {
    maxItems: 50,
    uniqueItems: true,
    description: 'Where people are looked for at sign-in after that, in this order',
  }),
  access_token_lifetime: integer({ minimum: 60, maximum: 2_592_000, description: 'Seconds' }),
  refresh_token_lifetime: integer({ minimum: 60, maximum: 31_536_000, description: 'Seconds' }),
  secret_overlap: integer({
    minimum: 0,
    maximum: 2_592_000,
    description: 'Seconds for which the old secret keeps working after a rotation',
  }),
  metadata: json({ maxProperties: 50 }),
} as const;

const applicationProperties = {
  id: string({ description: '`app_` and a ULID' }),
  client_id: string(),
  name: string(),
  description: nullable(string()),
  type: oneOf(types),
  is_public: boolean({ description: 'Keeps no secret' }),
  enabled: boolean(),
  is_first_party: boolean({ description: 'Came with the tenant' }),
  grant_types: array(oneOf(grantTypes)),
  scopes: array(oneOf(scopes)),
  redirect_uris: array(string()),
  auto_grant_on_signup: boolean(),
  registration_pool: nullable(string({ description: 'Name of the connection' })),
  read_pools: array(string(), { description: 'Names of connections' }),
  access_token_lifetime: integer(),
  refresh_token_lifetime: integer(),
  secret_overlap: integer(),
  metadata: json(),
  created_at: instant(),
  updated_at: instant(),
} as const;
export const application = object(applicationProperties);
export type Application = Static<typeof application>;

export const secret = object({
  id: string({ description: '`sec_` and a ULID' }),
  hint: string({ description: 'Last four characters' }),
  created_at: instant(),
  expires_at: nullable(instant({ description: 'Refused from then on; null: the current secret' })),
  last_used_at: nullable(instant()),
});

/** Lists applications, newest first. */
export const list = route('GET /applications', {
  scope: 'applications:read',
  query: object({
    search: optional(
      string({ minLength: 1, maxLength: 200, description: 'Case-insensitive substring of name or client id' }),
    ),
    enabled: optional(boolean()),
    include_total: optional(boolean()),
    limit,
    cursor,
  }),
  response: countedPage('applications', application),
  items: 'applications',
  fails: ['invalid_cursor'],
});

/** Creates an application. The secret is shown this once. */
export const create = route('POST /applications', {
  scope: 'applications:write',
  body: object({
    name: applicationFields.name,
    type: applicationFields.type,
    is_public: optional(applicationFields.is_public),
    client_id: optional(
      string({
        minLength: 3,
        maxLength: 128,
        pattern: '^[A-Za-z0-9._~-]+$',
        description: 'Default: made by the server',
      }),
    ),
    description: optional(nullable(applicationFields.description)),
    grant_types: optional(applicationFields.grant_types),
    scopes: optional(applicationFields.scopes),
    redirect_uris: optional(applicationFields.redirect_uris),
    auto_grant_on_signup: optional(applicationFields.auto_grant_on_signup),
    registration_pool: optional(nullable(applicationFields.registration_pool)),
    read_pools: optional(applicationFields.read_pools),
    access_token_lifetime: optional(applicationFields.access_token_lifetime),
    refresh_token_lifetime: optional(applicationFields.refresh_token_lifetime),
    secret_overlap: optional(applicationFields.secret_overlap),
    metadata: optional(applicationFields.metadata),
  }),
  response: object({
    ...applicationProperties,
    client_secret: nullable(string({ description: 'Null where it is public' })),
  }),
  status: 201,
  etag: true,
  fails: ['client_id_taken', 'limit_reached'],
  emits: ['application.created', 'connection.created'],
});

/** Reads one application, by id or client id. */
export const get = route('GET /applications/{application_id}', {
  scope: 'applications:read',
  response: application,
  etag: true,
  fails: ['not_found'],
});

/**
 * Changes an application by JSON merge patch (RFC 7396). One that becomes public loses its secrets; one that ceases to be
 * public has none until `rotate-secret` makes it.
 */
export const update = route('PATCH /applications/{application_id}', {
  scope: 'applications:write',
  body: patchOf(applicationFields, ['description', 'registration_pool', 'metadata']),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: application,
  etag: true,
  fails: ['not_found', 'protected_resource', 'precondition_failed'],
  emits: ['application.updated', 'application.secret_revoked', 'connection.created'],
});

/** Deletes an application; its tokens are refused from then on. */
const remove = route('DELETE /applications/{application_id}', {
  scope: 'applications:write',
  etag: true,
  fails: ['not_found', 'protected_resource', 'precondition_failed'],
  emits: ['application.deleted', 'client_grant.deleted'],
});

export { remove as delete };

/** Disables an application: no new tokens, and those that are out are refused. */
export const disable = route('POST /applications/{application_id}/disable', {
  scope: 'applications:write',
  response: application,
  etag: true,
  fails: ['precondition_failed', 'not_found', 'conflict'],
  emits: ['application.disabled'],
});

/** Enables a disabled application. */
export const enable = route('POST /applications/{application_id}/enable', {
  scope: 'applications:write',
  response: application,
  etag: true,
  fails: ['precondition_failed', 'not_found'],
  emits: ['application.enabled'],
});

/** Lets a user use an application. Granting it again changes nothing. */
export const grantUser = route('PUT /applications/{application_id}/users/{user_id}', {
  scope: 'applications:write',
  fails: ['not_found'],
  emits: ['application.user_granted'],
});

/** Takes an application from a user. Taking one that was not granted changes nothing. */
export const revokeUser = route('DELETE /applications/{application_id}/users/{user_id}', {
  scope: 'applications:write',
  fails: ['not_found'],
  emits: ['application.user_revoked'],
});

/** Lists the users who are granted an application, the newest user first. */
export const listUsers = route('GET /applications/{application_id}/users', {
  scope: 'applications:read',
  query: object({ include_total: optional(boolean()), limit, cursor }),
  response: countedPage('members', member),
  items: 'members',
  fails: ['not_found', 'invalid_cursor'],
});

/** Makes a new secret, shown this once; the previous one works until `expires_at`. */
export const rotateSecret = route('POST /applications/{application_id}/rotate-secret', {
  scope: 'applications:write',
  body: object({
    overlap: optional(
      integer({
        minimum: 0,
        maximum: 2_592_000,
        description: 'Seconds; default: the application’s `secret_overlap` (24 h)',
      }),
    ),
  }),
  response: object({
    client_secret: string(),
    expires_at: nullable(instant({ description: 'When the previous secret stops working; null if there was none' })),
  }),
  fails: ['not_found', 'conflict', 'limit_reached'],
  emits: ['application.secret_rotated'],
});

/** Lists the secrets of an application, without their text. */
export const listSecrets = route('GET /applications/{application_id}/secrets', {
  scope: 'applications:read',
  response: object({ secrets: array(secret) }),
  fails: ['not_found'],
});

/** Ends a secret at once. */
export const revokeSecret = route('DELETE /applications/{application_id}/secrets/{secret_id}', {
  scope: 'applications:write',
  fails: ['not_found'],
  emits: ['application.secret_revoked'],
});
