/** `/users/{id}/permissions` and `/roles/{id}/permissions`. */
import { array, object, type Permission, type Static, type UserPermission } from '@reeve/contract';
import { type DialectCall, type DialectRow, operations, present, row } from '@reeve/core';
import { keyset } from '../keyset.ts';
import { each, type OffsetQuery, offsetQuery, pageOf } from '../paging.ts';
import { text } from '../schema.ts';
import { idOf, inexistentUser } from '../user.ts';

const body = object({
  permissions: array(object({ permission_name: text(280), resource_server_identifier: text(600) }), {
    minItems: 1,
    maxItems: 100,
  }),
});
type Body = Static<typeof body>;

const nativeOf = ({ permissions }: Body) => ({
  query: undefined,
  body: {
    permissions: permissions.map(({ permission_name: permission, resource_server_identifier: resource_server }) => ({
      permission,
      resource_server,
    })),
  },
});

const view = (permission: Permission) => ({
  permission_name: permission.permission,
  ...present({ description: permission.description }),
  resource_server_name: permission.resource_server_name,
  resource_server_identifier: permission.resource_server_identifier,
});

const userView = (permission: UserPermission) => ({
  ...view(permission),
  sources: permission.sources.map(({ type, role_id, role_name }) => ({
    source_id: role_id ?? '',
    source_name: role_name ?? '',
    source_type: type === 'direct' ? 'DIRECT' : 'ROLE',
  })),
});

async function ofUser({ work, params, query }: DialectCall<OffsetQuery>) {
  const user_id = await idOf(work, params.id as string);
  const list = keyset(
    (page) => operations.users.listPermissions(work, { user_id, query: page, body: undefined }),
    'permissions',
  );
  return pageOf('permissions', query, list, each(userView));
}

const ofRole = ({ work, params, query }: DialectCall<OffsetQuery>) =>
  pageOf(
    'permissions',
    query,
    keyset(
      (page) => operations.roles.listPermissions(work, { role_id: params.id as string, query: page, body: undefined }),
      'permissions',
    ),
    each(view),
  );

const changeOfUser =
  (operation: 'addPermissions' | 'removePermissions') =>
  async ({ work, params, body: given }: DialectCall<undefined, Body>) => {
    await operations.users[operation](work, { user_id: await idOf(work, params.id as string), ...nativeOf(given) });
  };

const changeOfRole =
  (operation: 'addPermissions' | 'removePermissions') =>
  async ({ work, params, body: given }: DialectCall<undefined, Body>) => {
    await operations.roles[operation](work, { role_id: params.id as string, ...nativeOf(given) });
  };

const noUser = { not_found: inexistentUser } as const;
const noRole = { not_found: { status: 404, code: 'inexistent_role', message: 'The role does not exist.' } } as const;

export const permissions: readonly DialectRow[] = [
  row('GET /users/{id}/permissions', {
    scopes: ['read:users'],
    query: object(offsetQuery),
    problems: noUser,
    run: ofUser,
  }),
  row('POST /users/{id}/permissions', {
    scopes: ['update:users'],
    body,
    status: 201,
    problems: noUser,
    run: changeOfUser('addPermissions'),
  }),
  row('DELETE /users/{id}/permissions', {
    scopes: ['update:users'],
    body,
    status: 204,
    problems: noUser,
    run: changeOfUser('removePermissions'),
  }),
  row('GET /roles/{id}/permissions', {
    scopes: ['read:roles'],
    query: object(offsetQuery),
    problems: noRole,
    run: ofRole,
  }),
  row('POST /roles/{id}/permissions', {
    scopes: ['update:roles'],
    body,
    status: 201,
    problems: noRole,
    run: changeOfRole('addPermissions'),
  }),
  row('DELETE /roles/{id}/permissions', {
    scopes: ['update:roles'],
    body,
    status: 204,
    problems: noRole,
    run: changeOfRole('removePermissions'),
  }),
];
