/** What hangs on a user, a group or a role, read when a query asks for it. */
import type { Organization } from '@reeve/contract';
import { operations } from '@reeve/core';
import { groupView } from './group.ts';
import { type Call, need } from './operation.ts';
import { authorizedOfSubject, authorizedOfUser, type Wanted } from './resource.ts';
import { userPage } from './resources/users.ts';
import { inNamespace, roleView } from './role.ts';
import { everyItem, type PageArgs } from './value.ts';

/** An organization is a department of one level. */
const departmentView = ({ id, name, display_name, created_at, updated_at }: Organization) => ({
  department: {
    id,
    orgId: id,
    name: display_name ?? name,
    code: name,
    root: true,
    depth: 0,
    path: [id],
    codePath: [name],
    namePath: [display_name ?? name],
    createdAt: created_at,
    updatedAt: updated_at,
    children: [],
    isVirtualNode: false,
  },
  isMainDepartment: false,
});

const counted = <Item>(list: readonly Item[]) => ({ totalCount: list.length, list });

const users =
  (field: 'group' | 'role') =>
  (call: Call, value: string, args: PageArgs): Promise<unknown> => {
    need(call, 'users:read');
    return userPage(call, [{ kind: 'equals', field, value }], args);
  };

/** By type and field; `id` is the native one of what it hangs on. */
export const nested: Readonly<Record<string, (call: Call, id: string, args: never) => Promise<unknown>>> = {
  'User.groups': async (call, user_id) => {
    need(call, 'groups:read');
    const list = await everyItem('groups', (query) =>
      operations.groups.listForUser(call.work, { user_id, query, body: undefined }),
    );
    return counted(list.map(groupView));
  },
  'User.roles': async (call, user_id, { namespace }: { namespace?: string | null }) => {
    need(call, 'roles:read');
    const held = await everyItem('roles', (query) =>
      operations.users.listRoles(call.work, { user_id, query, body: undefined }),
    );
    return counted(held.filter(inNamespace(namespace)).map((role) => roleView(call, role)));
  },
  'User.departments': async (call, user_id, { orgId }: { orgId?: string | null }) => {
    need(call, 'organizations:read');
    const list = await everyItem('organizations', (query) =>
      operations.organizations.listForUser(call.work, { user_id, query, body: undefined }),
    );
    return counted(list.filter(({ id }) => !orgId || id === orgId).map(departmentView));
  },
  'User.authorizedResources': (call, id, wanted: Wanted) => authorizedOfUser(call, id, wanted),
  'Group.authorizedResources': (call, id, wanted: Wanted) => authorizedOfSubject(call, id, wanted),
  'Role.authorizedResources': (call, id, wanted: Wanted) => authorizedOfSubject(call, id, wanted),
  'Group.users': users('group'),
  'Role.users': users('role'),
};
