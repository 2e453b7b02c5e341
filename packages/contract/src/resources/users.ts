/** Users: the people of the directory, their roles, credentials and bulk traffic. */
import { countedPage, cursor, limit, page, route } from '../route.ts';
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
  partial,
  patchOf,
  type Static,
  string,
} from '../schema.ts';
import { application } from './applications.ts';
import { importAnswer, importRow } from './import.ts';
import { permissionNames, userPermission } from './permissions.ts';
import { clearable, profile, userFields } from './person.ts';
import { authorizedResource, explanation, resourceTypes } from './resources.ts';
import { role } from './roles.ts';

export const identity = object({
  connection_id: string(),
  provider: string({ description: '`auth0` for a database connection, else the identity provider' }),
  subject: string({ description: 'The id of the person at that provider' }),
  is_primary: boolean(),
  profile: optional(json({ description: 'The linked account as it was; absent of the primary identity' })),
});
export type Identity = Static<typeof identity>;

export const user = object({
  id: string({ description: '`usr_` and a ULID' }),
  state: oneOf(['active', 'disabled']),
  email: nullable(string()),
  email_verified: boolean(),
  username: nullable(string()),
  phone_number: nullable(string()),
  phone_verified: boolean(),
  name: nullable(string()),
  given_name: nullable(string()),
  family_name: nullable(string()),
  nickname: nullable(string()),
  picture: nullable(string()),
  profile,
  user_metadata: json(),
  app_metadata: json(),
  connection_id: string({ description: 'Home: the connection of the primary identity' }),
  identities: array(identity),
  has_password: boolean(),
  password_must_be_reset: boolean(),
  sign_in_count: integer(),
  last_sign_in_at: nullable(instant()),
  created_at: instant(),
  updated_at: instant(),
  last_sign_in_ip: nullable(string()),
  last_password_change_at: nullable(instant()),
  custom_fields: json({ description: 'Values of the tenant’s own fields by key' }),
});
export type User = Static<typeof user>;

export const userCreate = object({
  ...partial(userFields),
  connection: optional(
    string({
      minLength: 1,
      maxLength: 128,
      description: 'Name or id of the database connection; default: the tenant’s default',
    }),
  ),
});
export type UserCreate = Static<typeof userCreate>;

export const userUpdate = patchOf(userFields, clearable);
export type UserUpdate = Static<typeof userUpdate>;

/** Filters that lists and exports share. Several filters are an "and". */
export const userFilter = {
  search: optional(
    string({
      minLength: 1,
      maxLength: 200,
      description:
        'Case-insensitive substring of names, e-mail, username or phone; under 3 characters: a prefix of one of their words',
    }),
  ),
  connection: optional(string({ minLength: 1, maxLength: 128, description: 'Name or id' })),
  group: optional(string({ minLength: 1, maxLength: 128, description: 'Id or code' })),
  role: optional(string({ minLength: 1, maxLength: 128, description: 'Id or code' })),
  organization: optional(string({ minLength: 1, maxLength: 128, description: 'Id or name' })),
  application: optional(
    string({ minLength: 1, maxLength: 128, description: 'Id or client id; the users who are granted it' }),
  ),
  state: optional(oneOf(['active', 'disabled'])),
  email: optional(string({ minLength: 1, maxLength: 254, description: 'Exact, without case' })),
  username: optional(string({ minLength: 1, maxLength: 128, description: 'Exact, without case' })),
  phone_number: optional(string({ minLength: 1, maxLength: 32, description: 'Exact' })),
  custom_field: optional(
    string({
      minLength: 2,
      maxLength: 400,
      pattern: '^[A-Za-z][A-Za-z0-9_]{0,63}(\\.[^=]+)?=',
      description: '`key=value`: users whose custom field has this value; of an object, `key.name=value`',
    }),
  ),
  created_after: optional(instant({ description: 'Inclusive' })),
  created_before: optional(instant({ description: 'Exclusive' })),
  updated_after: optional(instant({ description: 'Inclusive' })),
  updated_before: optional(instant({ description: 'Exclusive' })),
  last_sign_in_after: optional(instant({ description: 'Inclusive' })),
  last_sign_in_before: optional(instant({ description: 'Exclusive' })),
} as const;

/** Lists users, newest first unless sorted otherwise; `search` finds what was just written. */
export const list = route('GET /users', {
  scope: 'users:read',
  query: object({
    ...userFilter,
    sort: optional(
      oneOf(
        [
          'created_at',
          '-created_at',
          'updated_at',
          '-updated_at',
          'email',
          '-email',
          'name',
          '-name',
          'last_sign_in_at',
          '-last_sign_in_at',
        ],
        { default: '-created_at', description: 'A leading `-` is descending' },
      ),
    ),
    include_total: optional(boolean({ description: 'Adds `total`, exact for this filter' })),
    limit,
    cursor,
  }),
  response: countedPage('users', user),
  items: 'users',
  fails: ['invalid_cursor'],
});

/** Creates a user. Without a password the account is password-less until one is set through a reset link. */
export const create = route('POST /users', {
  scope: 'users:write',
  body: userCreate,
  response: user,
  status: 201,
  etag: true,
  fails: ['email_taken', 'username_taken', 'phone_taken', 'weak_password', 'limit_reached'],
  emits: ['user.created', 'user.email_verification_requested'],
});

/** Reads one user. */
export const get = route('GET /users/{user_id}', {
  scope: 'users:read',
  response: user,
  etag: true,
  fails: ['not_found'],
});

/** Changes a user by JSON merge patch (RFC 7396): null clears, metadata merges, an absent field stays. A new password ends all sessions. */
export const update = route('PATCH /users/{user_id}', {
  scope: 'users:write',
  body: userUpdate,
  consumes: ['application/json', 'application/merge-patch+json'],
  response: user,
  etag: true,
  fails: [
    'not_found',
    'email_taken',
    'username_taken',
    'phone_taken',
    'weak_password',
    'precondition_failed',
    'limit_reached',
  ],
  emits: ['user.updated', 'user.password_changed', 'user.email_verification_requested', 'session.revoked'],
});

/** Deletes a user. The person is erased at once or after the tenant’s retention time; events keep only the id. */
const remove = route('DELETE /users/{user_id}', {
  scope: 'users:write',
  etag: true,
  fails: ['not_found', 'last_admin', 'precondition_failed'],
  emits: ['user.deleted', 'user.erased', 'session.revoked', 'organization.updated'],
});

export { remove as delete };

/**
 * Deletes a user and erases the person at once, whatever the tenant’s retention time; the reason stays in the audit log. Nobody
 * erases themselves or the owner of an organization.
 */
export const erase = route('POST /users/{user_id}/erase', {
  scope: 'users:write',
  body: object({
    reason: string({ minLength: 1, maxLength: 1000, description: '1 to 500 characters, blanks around them aside' }),
  }),
  fails: ['not_found', 'conflict', 'last_admin'],
  emits: ['user.deleted', 'user.erased', 'session.revoked'],
});

/** Deletes every user but administrators, where the tenant’s settings allow it. It goes in batches: cut off, it is called again. */
export const deleteAll = route('DELETE /users', {
  scope: 'users:write',
  response: object({ deleted: integer({ description: 'Users that were deleted' }) }),
  fails: ['delete_all_disabled'],
  emits: ['user.deleted', 'user.erased', 'session.revoked', 'organization.updated'],
});

/**
 * Makes a one-time link, good for five minutes, that ends at the application’s `redirect_uri` with a `code`, which `/oauth/token`
 * exchanges for tokens of the user. They name who acts as the user, and so does every event that they cause.
 */
export const impersonate = route('POST /users/{user_id}/impersonate', {
  scope: 'users:impersonate',
  body: object({
    application: string({ minLength: 1, maxLength: 128, description: 'Id or client id; it exchanges the code' }),
    redirect_uri: string({ minLength: 1, maxLength: 2048, description: 'One of the application’s, exactly' }),
    scope: optional(string({ maxLength: 2000, description: 'Scopes of the tokens, with spaces between' })),
    audience: optional(string({ minLength: 1, maxLength: 2048, description: 'The API that the token is for' })),
    state: optional(string({ maxLength: 2048, description: 'Comes back with the code' })),
    reason: optional(string({ minLength: 1, maxLength: 1000, description: 'Kept in the audit log' })),
    impersonator_id: optional(
      string({ minLength: 1, maxLength: 128, description: 'The person on whose behalf an application asks' }),
    ),
    code_challenge: optional(
      string({ pattern: '^[A-Za-z0-9_-]{43}$', maxLength: 43, description: 'PKCE (RFC 7636), method S256' }),
    ),
  }),
  response: object({ url: string({ description: 'Works once' }), expires_at: instant() }),
  status: 201,
  fails: ['not_found', 'conflict', 'impersonation_disabled', 'impersonation_refused'],
  emits: ['user.impersonation_requested'],
});

/** Disables a user: no sign-in any more; sessions and refresh tokens die at once. The record stays. */
export const disable = route('POST /users/{user_id}/disable', {
  scope: 'users:write',
  response: user,
  etag: true,
  fails: ['precondition_failed', 'not_found', 'last_admin'],
  emits: ['user.disabled', 'session.revoked'],
});

/** Lets a disabled user sign in again; also lifts a lockout. */
export const enable = route('POST /users/{user_id}/enable', {
  scope: 'users:write',
  response: user,
  etag: true,
  fails: ['precondition_failed', 'not_found'],
  emits: ['user.enabled', 'user.unlocked'],
});

/** Lifts a lockout after failed sign-ins, and forgets the failures. Without one nothing changes. */
export const unlock = route('POST /users/{user_id}/unlock', {
  scope: 'users:write',
  fails: ['not_found'],
  emits: ['user.unlocked'],
});

/** Mails a one-time link with which the person sets a new password. */
export const resetPassword = route('POST /users/{user_id}/reset-password', {
  scope: 'users:write',
  body: object({
    password_must_be_reset: optional(
      boolean({ default: false, description: 'Refuse sign-in until the link was used, and end all sessions' }),
    ),
  }),
  response: object({
    user_id: string(),
    sent_to: string({ description: 'E-mail address' }),
    expires_at: instant({ description: 'The link works until then' }),
  }),
  status: 202,
  fails: ['not_found', 'conflict'],
  emits: ['user.password_reset_requested', 'user.password_reset_required', 'session.revoked'],
});

/** Removes every authentication factor of the user, and forgets the browsers that were remembered. */
export const forceMfaReset = route('POST /users/{user_id}/reset-mfa', {
  scope: 'users:write',
  response: object({ user_id: string(), removed: integer({ description: 'Factors that were removed' }) }),
  fails: ['not_found'],
  emits: ['mfa.factor_removed', 'user.browsers_forgotten', 'user.mfa_reset'],
});

/** Forgets the browsers that a user had remembered: each is asked for a second factor again. */
export const forgetBrowsers = route('POST /users/{user_id}/forget-browsers', {
  scope: 'users:write',
  response: object({ user_id: string(), forgotten: integer({ description: 'Browsers that were forgotten' }) }),
  fails: ['not_found'],
  emits: ['user.browsers_forgotten'],
});

/** Mails a link that verifies the user’s e-mail address. */
export const sendVerification = route('POST /users/{user_id}/send-verification', {
  scope: 'users:write',
  response: object({ user_id: string(), sent_to: string(), expires_at: instant() }),
  status: 202,
  fails: ['not_found', 'conflict'],
  emits: ['user.email_verification_requested'],
});

/** Resolves up to 200 ids and e-mail addresses at once; keys that name nobody are listed as missing. */
export const lookup = route('POST /users/lookup', {
  scope: 'users:read',
  body: object(
    {
      ids: optional(array(string({ minLength: 1, maxLength: 128 }), { maxItems: 200 })),
      emails: optional(array(string({ minLength: 1, maxLength: 254 }), { maxItems: 200 })),
    },
    { minProperties: 1 },
  ),
  response: object({ users: array(user), missing: object({ ids: array(string()), emails: array(string()) }) }),
});

/** Lists the roles that the user holds. */
export const listRoles = route('GET /users/{user_id}/roles', {
  scope: 'users:read',
  query: object({ limit, cursor }),
  response: page('roles', role),
  items: 'roles',
  fails: ['not_found', 'invalid_cursor'],
});

/** Lists the applications that are granted to the user. */
export const listApplications = route('GET /users/{user_id}/applications', {
  scope: 'applications:read',
  query: object({ limit, cursor }),
  response: page('applications', application),
  items: 'applications',
  fails: ['not_found', 'invalid_cursor'],
});

/** Replaces the set of roles that the user holds; takes effect at once, also for tokens that are out. */
export const setRoles = route('PUT /users/{user_id}/roles', {
  scope: 'roles:write',
  body: object({
    roles: array(string({ minLength: 1, maxLength: 128 }), {
      maxItems: 100,
      uniqueItems: true,
      description: 'Ids or codes',
    }),
  }),
  response: object({ roles: array(role) }),
  fails: ['not_found', 'last_admin'],
  emits: ['user.roles_changed'],
});

/** Lists the permissions that a user holds, directly or through a role, each once. */
export const listPermissions = route('GET /users/{user_id}/permissions', {
  scope: 'users:read',
  query: object({ include_total: optional(boolean()), limit, cursor }),
  response: countedPage('permissions', userPermission),
  items: 'permissions',
  fails: ['not_found', 'invalid_cursor'],
});

/** Gives permissions to a user directly. Giving one again changes nothing. */
export const addPermissions = route('POST /users/{user_id}/permissions', {
  scope: 'roles:write',
  body: permissionNames,
  fails: ['not_found'],
  emits: ['user.permissions_added'],
});

/** Takes permissions that a user holds directly. What the user holds through a role stays. */
export const removePermissions = route('DELETE /users/{user_id}/permissions', {
  scope: 'roles:write',
  body: permissionNames,
  fails: ['not_found'],
  emits: ['user.permissions_removed'],
});

/**
 * Lists the resources that a user may use, each once with all of its actions: granted to the user, to a role that the user holds, to
 * a group or to an organization that the user belongs to. A role that is held in an organization only counts there, not here.
 */
export const listAuthorizedResources = route('GET /users/{user_id}/authorized-resources', {
  scope: 'resources:read',
  query: object({
    namespace: optional(string({ minLength: 1, maxLength: 128, description: 'Id or code; absent: of all' })),
    type: optional(oneOf(resourceTypes)),
    include_total: optional(boolean()),
    limit,
    cursor,
  }),
  response: countedPage('resources', authorizedResource),
  items: 'resources',
  fails: ['not_found', 'invalid_cursor'],
});

/** Tells whether a user may do something with a resource, and why: by which grants, and by which role, group or organization. */
export const explain = route('POST /users/{user_id}/explain', {
  scope: 'resources:read',
  body: object({
    namespace: optional(
      string({ minLength: 1, maxLength: 128, description: 'Id or code; default: the one called `default`' }),
    ),
    resource: string({ minLength: 1, maxLength: 256, description: 'Code' }),
    action: optional(string({ minLength: 1, maxLength: 256, description: 'Absent: anything at all' })),
  }),
  response: explanation,
  fails: ['not_found'],
});

/** Imports users from a stream of NDJSON, a JSON array or CSV, written in batches while it arrives. */
export const bulkImport = route('POST /users/import', {
  scope: 'users:write',
  query: object({
    mode: optional(
      oneOf(['insert', 'upsert', 'dry_run'], {
        default: 'insert',
        description: '`upsert` changes users whose e-mail, username or phone is known; `dry_run` only judges',
      }),
    ),
    connection: optional(
      string({ minLength: 1, maxLength: 128, description: 'Name or id; default: the tenant’s default' }),
    ),
    send_verification: optional(
      boolean({
        default: false,
        description: 'Mail a verification link to every created user whose e-mail is not verified',
      }),
    ),
    resume: optional(
      string({
        minLength: 1,
        maxLength: 64,
        description:
          'Job id of an import that was interrupted, or whose file was broken; send the file again from its beginning',
      }),
    ),
  }),
  body: importRow,
  consumes: ['application/x-ndjson', 'application/json', 'text/csv'],
  response: importAnswer,
  fails: ['not_found', 'conflict', 'import_mismatch', 'import_running', 'import_ended'],
  emits: ['import.started', 'import.completed', 'user.created', 'user.updated'],
});

/**
 * Streams every user that the filter matches as NDJSON or CSV, oldest first; a trailer carries the row count and a SHA-256.
 * In CSV the fields of `profile` are columns (`profile.locale`), metadata is JSON text, and an apostrophe stands before what a
 * spreadsheet would take for a formula; an import takes it away again.
 */
export const exportAll = route('GET /users/export', {
  scope: 'users:read',
  query: object({ ...userFilter, format: optional(oneOf(['ndjson', 'csv'], { default: 'ndjson' })) }),
  produces: ['application/x-ndjson', 'text/csv'],
  response: user,
  emits: ['users.exported'],
});
