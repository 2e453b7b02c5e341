/** Permissions: the scopes of resource servers, as roles and users hold them. */
import { array, nullable, object, oneOf, type Static, string } from '../schema.ts';

const permissionProperties = {
  resource_server_id: string({ description: '`api_…`' }),
  resource_server_identifier: string(),
  resource_server_name: string(),
  permission: string({ description: 'A scope of the resource server' }),
  description: nullable(string()),
} as const;

/** A permission that a role holds. */
export const permission = object(permissionProperties);
export type Permission = Static<typeof permission>;

const source = object({
  type: oneOf(['direct', 'role']),
  role_id: nullable(string({ description: 'The role through which it is held; null: the user holds it directly' })),
  role_name: nullable(string()),
});

/** A permission that a user holds, once, with every way by which it is held. */
export const userPermission = object({ ...permissionProperties, sources: array(source) });
export type UserPermission = Static<typeof userPermission>;

const permissionName = object({
  resource_server: string({ minLength: 1, maxLength: 600, description: 'Id or identifier' }),
  permission: string({ minLength: 1, maxLength: 280, description: 'One of the resource server’s scopes' }),
});
export type PermissionName = Static<typeof permissionName>;

/** What gives or takes permissions. */
export const permissionNames = object({ permissions: array(permissionName, { minItems: 1, maxItems: 100 }) });
