/** Roles: what users are allowed to be, ordered by level. */
import { countedPage, cursor, limit, route } from '../route.ts';
import { boolean, instant, integer, nullable, object, optional, patchOf, type Static, string } from '../schema.ts';
import { code, member } from './groups.ts';
import { permission, permissionNames } from './permissions.ts';

export const roleFields = {
  name: string({ minLength: 1, maxLength: 200 }),
  description: string({ maxLength: 1000 }),
  level: integer({ minimum: 0, maximum: 1000, description: 'Power: 0 is the highest' }),
} as const;

export const role = object({
  id: string({ description: '`rol_` and a ULID' }),
  code: string(),
  namespace: string({ description: '`default` unless created in another' }),
  name: string(),
  description: nullable(string()),
  level: integer(),
  is_built_in: boolean({ description: 'Built-in roles can be renamed but neither deleted nor re-levelled' }),
  created_at: instant(),
  updated_at: instant(),
});
export type Role = Static<typeof role>;

/** Lists roles, newest first. */
export const list = route('GET /roles', {
  scope: 'roles:read',
  query: object({
    search: optional(
      string({ minLength: 1, maxLength: 200, description: 'Case-insensitive substring of name or code' }),
    ),
    code: optional(string({ minLength: 1, maxLength: 64, description: 'The whole code, case-insensitive' })),
    namespace: optional(code),
    include_total: optional(boolean()),
    limit,
    cursor,
  }),
  response: countedPage('roles', role),
  items: 'roles',
  fails: ['invalid_cursor'],
});

/** Creates a role. */
export const create = route('POST /roles', {
  scope: 'roles:write',
  body: object({
    code,
    namespace: optional(code),
    name: optional(roleFields.name),
    description: optional(nullable(roleFields.description)),
    level: optional(integer({ minimum: 0, maximum: 1000, default: 100 })),
  }),
  response: role,
  status: 201,
  fails: ['code_taken', 'limit_reached'],
  emits: ['role.created'],
});

/** Reads one role. */
export const get = route('GET /roles/{role_id}', { scope: 'roles:read', response: role, fails: ['not_found'] });

/** Changes a role by JSON merge patch (RFC 7396). */
export const update = route('PATCH /roles/{role_id}', {
  scope: 'roles:write',
  body: patchOf({ code, ...roleFields }, ['description']),
  consumes: ['application/json', 'application/merge-patch+json'],
  response: role,
  fails: ['not_found', 'code_taken', 'protected_resource'],
  emits: ['role.updated'],
});

/** Deletes a role; whoever held it holds it no longer. */
const remove = route('DELETE /roles/{role_id}', {
  scope: 'roles:write',
  fails: ['not_found', 'protected_resource'],
  emits: ['role.deleted'],
});

export { remove as delete };

/** Gives a role to a user. Giving it again changes nothing. */
export const addMember = route('PUT /roles/{role_id}/members/{user_id}', {
  scope: 'roles:write',
  fails: ['not_found'],
  emits: ['user.roles_changed'],
});

/** Takes a role from a user. Taking one that the user does not hold changes nothing. */
export const removeMember = route('DELETE /roles/{role_id}/members/{user_id}', {
  scope: 'roles:write',
  fails: ['not_found', 'last_admin'],
  emits: ['user.roles_changed'],
});

/** Lists the users who hold a role, the newest user first. */
export const listMembers = route('GET /roles/{role_id}/members', {
  scope: 'roles:read',
  query: object({ include_total: optional(boolean()), limit, cursor }),
  response: countedPage('members', member),
  items: 'members',
  fails: ['not_found', 'invalid_cursor'],
});

/** Lists the permissions that a role holds. */
export const listPermissions = route('GET /roles/{role_id}/permissions', {
  scope: 'roles:read',
  query: object({ include_total: optional(boolean()), limit, cursor }),
  response: countedPage('permissions', permission),
  items: 'permissions',
  fails: ['not_found', 'invalid_cursor'],
});

/** Gives permissions to a role. Giving one again changes nothing. */
export const addPermissions = route('POST /roles/{role_id}/permissions', {
  scope: 'roles:write',
  body: permissionNames,
  fails: ['not_found'],
  emits: ['role.permissions_added'],
});

/** Takes permissions from a role. Taking one that it does not hold changes nothing. */
export const removePermissions = route('DELETE /roles/{role_id}/permissions', {
  scope: 'roles:write',
  body: permissionNames,
  fails: ['not_found'],
  emits: ['role.permissions_removed'],
});
