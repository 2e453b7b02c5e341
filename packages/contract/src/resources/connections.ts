/** Connections: sources of identities. A database connection is a user pool: e-mail is unique inside it. */
import { countedPage, cursor, limit, route } from '../route.ts';
import {
  array,
  boolean,
  instant,
  integer,
  nullable,
  object,
  optional,
  patchOf,
  type Static,
  string,
} from '../schema.ts';

export const passwordPolicy = object({
  min_length: integer({ minimum: 1, maximum: 128 }),
  max_length: integer({ minimum: 8, maximum: 1024 }),
  require_lowercase: boolean(),
  require_uppercase: boolean(),
  require_digit: boolean(),
  require_symbol: boolean(),
});
export type PasswordPolicy = Static<typeof passwordPolicy>;

const policyPatch = object(
  {
    min_length: optional(integer({ minimum: 1, maximum: 128 })),
    max_length: optional(integer({ minimum: 8, maximum: 1024 })),
    require_lowercase: optional(boolean()),
    require_uppercase: optional(boolean()),
    require_digit: optional(boolean()),
    require_symbol: optional(boolean()),
  },
  { description: 'Default: 8 to 128 characters, no class rule' },
);

const connectionFields = {
  name: string({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9][A-Za-z0-9_-]*$', description: 'Unique' }),
  display_name: string({ minLength: 1, maxLength: 200 }),
  password_policy: policyPatch,
  enabled_for_all: boolean({ description: 'Every application may sign users in through it' }),
  enabled_applications: array(string({ minLength: 1, maxLength: 128 }), {
    maxItems: 1000,
    uniqueItems: true,
    description: 'Ids or client ids of the only applications that may; given alone, `enabled_for_all` becomes false',
  }),
} as const;
const strategy = string({
  minLength: 1,
  maxLength: 64,
  pattern: '^[a-z0-9][a-z0-9_-]*$',
  description: '`database`: users with passwords. Any other is kept for a vendor’s client; nobody signs in through it',
});

export const connection = object({
  id: string({ description: '`con_` and a ULID' }),
  name: string(),
  display_name: nullable(string()),
  strategy: string(),
  is_default: boolean({ description: 'Takes the users whose creator names no connection' }),
  password_policy: passwordPolicy,
  enabled_for_all: boolean(),
  enabled_applications: array(string(), { description: 'Ids; empty where it is enabled for all' }),
  user_count: integer({ description: 'Users whose home it is' }),
  created_at: instant(),
  updated_at: instant(),
});
export type Connection = Static<typeof connection>;

/** Lists connections, newest first. */
export const list = route('GET /connections', {
  scope: 'connections:read',
  query: object({ include_total: optional(boolean()), limit, cursor }),
  response: countedPage('connections', connection),
  items: 'connections',
  fails: ['invalid_cursor'],
});

/** Creates a connection, of users with passwords unless a `strategy` is named, enabled for all applications unless some are named. */
export const create = route('POST /connections', {
  scope: 'connections:write',
  body: object({
    name: connectionFields.name,
    display_name: optional(nullable(connectionFields.display_name)),
    strategy: optional(strategy),
    password_policy: optional(policyPatch),
    enabled_for_all: optional(connectionFields.enabled_for_all),
    enabled_applications: optional(connectionFields.enabled_applications),
  }),
  response: connection,
  status: 201,
  fails: ['name_taken', 'limit_reached'],
  emits: ['connection.created'],
});

/** Reads one connection, by id or name. */
export const get = route('GET /connections/{connection_id}', {
  scope: 'connections:read',
  response: connection,
  fails: ['not_found'],
});

/** Changes a connection by JSON merge patch (RFC 7396). */
export const update = route('PATCH /connections/{connection_id}', {
  scope: 'connections:write',
  body: patchOf(connectionFields, ['display_name']),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: connection,
  fails: ['not_found', 'name_taken'],
  emits: ['connection.updated'],
});

/** Deletes a connection that is nobody’s home and no application’s pool. The default connection stays. */
const remove = route('DELETE /connections/{connection_id}', {
  scope: 'connections:write',
  fails: ['not_found', 'in_use', 'protected_resource'],
  emits: ['connection.deleted', 'tenant.updated'],
});

export { remove as delete };
