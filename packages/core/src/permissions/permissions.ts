/**
 * Permissions: which scopes of the resource servers a role gives, and which a user holds directly. Owns the invariant that a
 * change takes effect at once, also for what tokens that are out are said to be good for.
 */
import type { PermissionName, roles as rolesContract, users as usersContract } from '@reeve/contract';
import { userToPointTo } from '../memberships/memberships.store.ts';
import type { Operation } from '../operation.ts';
import { requireRow } from '../rows.ts';
import { requireUser } from '../users/users.ts';
import type { Unit } from '../work.ts';
import {
  deletePermissions,
  findNamedScopes,
  findRolePermissions,
  findUserPermissions,
  type Holder,
  insertPermissions,
} from './permissions.store.ts';

type Change = 'permissions_added' | 'permissions_removed';

/** Gives or takes permissions; what the holder has already, or has not, is left alone. */
async function change(
  unit: Unit,
  target: { readonly type: 'role' | 'user'; readonly id: string },
  holder: Holder,
  what: Change,
  names: readonly PermissionName[],
): Promise<void> {
  const scopes = await findNamedScopes(unit, names);
  const nums = scopes.map(({ num }) => num) as [number, ...number[]];
  const changed =
    what === 'permissions_added'
      ? await insertPermissions(unit, holder, nums)
      : await deletePermissions(unit, holder, nums);
  if (changed.size === 0) return;
  unit.afterCommit(unit.services.onAccessChange);
  await unit.emit(`${target.type}.${what}`, {
    target,
    data: { permissions: scopes.filter(({ num }) => changed.has(num)).map(({ label }) => label) },
  });
}

const changeRole =
  (what: Change): Operation<typeof rolesContract.addPermissions> =>
  (work, { role_id, body }) =>
    work.write(async (unit) => {
      const { id } = await requireRow(unit.db, 'roles', unit.tenant.id, role_id, 'point');
      await change(unit, { type: 'role', id }, { roleId: id }, what, body.permissions);
    });

const changeUser =
  (what: Change): Operation<typeof usersContract.addPermissions> =>
  (work, { user_id, body }) =>
    work.write(async (unit) => {
      const userNum = await userToPointTo(unit, user_id);
      await change(unit, { type: 'user', id: user_id }, { userNum }, what, body.permissions);
    });

export const ofRoles = {
  listPermissions: ((work, { role_id, query }) =>
    work.read(async (db) => {
      const { id } = await requireRow(db, 'roles', work.tenant.id, role_id);
      return findRolePermissions(db, work.tenant.id, id, query);
    })) satisfies Operation<typeof rolesContract.listPermissions>,
  addPermissions: changeRole('permissions_added'),
  removePermissions: changeRole('permissions_removed'),
};

export const ofUsers = {
  listPermissions: (async (work, { user_id, query }) => {
    const user = await requireUser(work, user_id);
    return work.read((db) => findUserPermissions(db, work.tenant.id, user.num, query));
  }) satisfies Operation<typeof usersContract.listPermissions>,
  addPermissions: changeUser('permissions_added'),
  removePermissions: changeUser('permissions_removed'),
};
