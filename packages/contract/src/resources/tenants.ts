/** Tenants: estates with their own users, keys and settings, told apart by host. */
import { cursor, limit, page, route } from '../route.ts';
import {
  array,
  boolean,
  instant,
  integer,
  nullable,
  object,
  oneOf,
  optional,
  patchOf,
  type Static,
  string,
} from '../schema.ts';

const domain = string({
  minLength: 1,
  maxLength: 253,
  pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?$',
  description: 'Host name, lower case, optional port',
});

const settingsFields = {
  deleted_user_retention_days: integer({
    minimum: 0,
    maximum: 3650,
    description: 'Days for which a deleted person is kept out of sight before erasure; 0 erases at once',
  }),
  require_verified_email: boolean({ description: 'Refuse sign-in until the e-mail address is verified' }),
  verification_link_lifetime: integer({ minimum: 300, maximum: 2_592_000, description: 'Seconds' }),
  password_reset_link_lifetime: integer({ minimum: 300, maximum: 604_800, description: 'Seconds' }),
  session_lifetime: integer({ minimum: 300, maximum: 31_536_000, description: 'Seconds' }),
  allow_delete_all_users: boolean({
    description: 'Answer `DELETE /users`, which deletes everybody but administrators',
  }),
  strict_vendor_limits: boolean({
    description: 'Vendors’ clients also meet the vendors’ own limits, such as Auth0’s first 1,000 records of a search',
  }),
  allow_impersonation: boolean({ description: 'Let holders of `users:impersonate` act as other users' }),
} as const;

/** Cleared where what they name is deleted. */
const defaultFields = {
  default_audience: string({
    minLength: 1,
    maxLength: 600,
    description:
      'Identifier of the resource server that tokens are for where a request names no audience; null: this API',
  }),
  default_connection: string({
    minLength: 1,
    maxLength: 128,
    description:
      'Id or name of the database connection that a password sign-in is for where it names none; shown as id; null: the default connection',
  }),
} as const;

export const settings = object({
  ...settingsFields,
  default_audience: nullable(defaultFields.default_audience),
  default_connection: nullable(defaultFields.default_connection),
});
export type Settings = Static<typeof settings>;
const settingsPatch = patchOf({ ...settingsFields, ...defaultFields }, ['default_audience', 'default_connection']);

export const tenant = object({
  id: string({ description: '`ten_` and a ULID' }),
  name: string(),
  display_name: nullable(string()),
  is_default: boolean(),
  domains: array(string(), { description: 'Hosts whose requests belong to this tenant' }),
  settings,
  created_at: instant(),
  updated_at: instant(),
});
export type Tenant = Static<typeof tenant>;

const tenantFields = {
  display_name: string({ minLength: 1, maxLength: 200 }),
  domains: array(domain, { maxItems: 20, uniqueItems: true }),
  settings: settingsPatch,
} as const;

export const signingKey = object({
  id: string({ description: 'The `kid` in the JWKS' }),
  algorithm: oneOf(['RS256']),
  state: oneOf(['current', 'retiring'], { description: '`retiring`: still verifies, signs no more' }),
  created_at: instant(),
  retires_at: nullable(instant({ description: 'Leaves the JWKS then' })),
});

/** Reads the tenant that the request’s host belongs to. */
export const current = route('GET /tenant', { scope: 'tenants:read', response: tenant });

/** Changes the tenant that the request’s host belongs to, by JSON merge patch (RFC 7396). */
export const updateCurrent = route('PATCH /tenant', {
  scope: 'tenants:write',
  body: patchOf(tenantFields, ['display_name']),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: tenant,
  fails: ['domain_taken'],
  emits: ['tenant.updated'],
});

/** Lists all tenants; answered in the default tenant only. */
export const list = route('GET /tenants', {
  scope: 'tenants:read',
  query: object({ limit, cursor }),
  response: page('tenants', tenant),
  items: 'tenants',
  fails: ['invalid_cursor', 'not_found'],
});

/** Creates a tenant with its own management application, whose secret is shown this once; answered in the default tenant only. */
export const create = route('POST /tenants', {
  scope: 'tenants:write',
  body: object({
    name: string({ minLength: 1, maxLength: 64, pattern: '^[a-z0-9][a-z0-9-]*$' }),
    display_name: optional(nullable(tenantFields.display_name)),
    domains: array(domain, { minItems: 1, maxItems: 20, uniqueItems: true }),
  }),
  response: object({ tenant, client_id: string(), client_secret: string() }),
  status: 201,
  fails: ['not_found', 'name_taken', 'domain_taken', 'limit_reached'],
  emits: ['tenant.created'],
});

/** Lists the signing keys of the tenant, the current one first. */
export const listKeys = route('GET /tenant/keys', {
  scope: 'tenants:read',
  response: object({ keys: array(signingKey) }),
});

/** Makes a new signing key. The old one verifies until the tokens that it signed have expired. */
export const rotateKey = route('POST /tenant/keys/rotate', {
  scope: 'tenants:write',
  response: signingKey,
  status: 201,
  emits: ['signing_key.rotated'],
});

/** Ends a retiring signing key at once: tokens that it signed are refused. */
export const revokeKey = route('DELETE /tenant/keys/{key_id}', {
  scope: 'tenants:write',
  fails: ['not_found', 'conflict'],
  emits: ['signing_key.revoked'],
});
