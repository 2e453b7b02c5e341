/** What hangs on a user, a group or a role, read when a query asks for it. */
import type { Scope } from '@reeve/contract';
import { everyItem, operations } from '@reeve/core';
import { departmentsOf } from './department.ts';
import { groupView } from './group.ts';
import type { Call } from './operation.ts';
import { authorizedOfSubject, authorizedOfUser, type Wanted } from './resource.ts';
import { userPage } from './resources/users.ts';
import { inNamespace, roleView } from './role.ts';
import type { PageArgs } from './value.ts';

const counted = <Item>(list: readonly Item[]) => ({ totalCount: list.length, list });

const usersOf = (field: 'group' | 'role'): Hanging => ({
  scope: 'users:read',
  run: (call, value, args: PageArgs) => userPage(call, [{ kind: 'equals', field, value }], args),
});

interface Hanging {
  readonly scope: Scope;
  /** `id` is the native one of what it hangs on. */
  run(call: Call, id: string, args: never): Promise<unknown>;
}

/** By type and field. */
export const nested: Readonly<Record<string, Hanging>> = {
  'User.groups': {
    scope: 'groups:read',
    run: async (call, user_id) => {
      const list = await everyItem('groups', (query) =>
        operations.groups.listForUser(call.work, { user_id, query, body: undefined }),
      );
      return counted(list.map(groupView));
    },
  },
  'User.roles': {
    scope: 'roles:read',
    run: async (call, user_id, { namespace }: { namespace?: string | null }) => {
      const held = await everyItem('roles', (query) =>
        operations.users.listRoles(call.work, { user_id, query, body: undefined }),
      );
      return counted(held.filter(inNamespace(namespace)).map((role) => roleView(call, role)));
    },
  },
  'User.departments': {
    scope: 'organizations:read',
    run: async (call, user_id, { orgId }: { orgId?: string | null }) => {
      const list = (await departmentsOf(call, user_id)).filter(({ id }) => !orgId || id === orgId);
      return counted(list.map((department) => ({ department, isMainDepartment: false })));
    },
  },
  'User.authorizedResources': {
    scope: 'resources:read',
    run: (call, id, wanted: Wanted) => authorizedOfUser(call, id, wanted),
  },
  'Group.authorizedResources': {
    scope: 'resources:read',
    run: (call, id, wanted: Wanted) => authorizedOfSubject(call, id, wanted),
  },
  'Role.authorizedResources': {
    scope: 'resources:read',
    run: (call, id, wanted: Wanted) => authorizedOfSubject(call, id, wanted),
  },
  'Group.users': usersOf('group'),
  'Role.users': usersOf('role'),
};
