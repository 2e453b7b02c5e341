/**
 * Who holds which role. Owns the invariants that a grant or its end takes effect at once, for tokens that are out too,
 * and that all changes of one user's roles happen one after another (they lock the user's row).
 */
import type { Role, roles as rolesContract, users as usersContract } from '@reeve/contract';
import { memberPage } from '../memberships/member.ts';
import { deleteMember, findMembers, insertMember } from '../memberships/memberships.store.ts';
import type { Operation } from '../operation.ts';
import { newestFirst, requireRow } from '../rows.ts';
import { endImpersonations } from '../sessions/sessions.store.ts';
import { bumpTokenVersion, type UserRow } from '../users/users.store.ts';
import { requireUser, userToChange } from '../users/users.ts';
import type { Unit, Work } from '../work.ts';
import { checkMayAdminister, checkRank, isAdministrator, keepAnAdministrator } from './administrators.ts';
import { findRolesByName, labelOf, type RoleRow, rolesOfUser, roleView } from './roles.store.ts';

const byId = (a: RoleRow, b: RoleRow): number => (a.id < b.id ? 1 : -1);

/**
 * Gives and takes roles of a user whose row is locked. Without a difference nothing happens. `by`: whose rights are
 * asked; absent where those of whoever decided it were asked then.
 */
export async function changeRoles(
  unit: Unit,
  user: UserRow,
  { give, take }: { readonly give: readonly RoleRow[]; readonly take: readonly RoleRow[] },
  by?: Work,
): Promise<void> {
  const held = await rolesOfUser(unit.db, user.num).execute();
  const heldIds = new Set(held.map(({ id }) => id));
  const losing = take.filter(({ id }) => heldIds.has(id));
  if (by) {
    const giving = give.filter(({ id }) => !heldIds.has(id));
    checkMayAdminister(by, { giving, taking: losing });
    if (giving.length + losing.length > 0) await checkRank(unit, user, [...giving, ...losing]);
  }
  if (losing.some(isAdministrator)) await keepAnAdministrator(unit, user);
  const taken = new Set<string>();
  for (const { id } of losing) if (await deleteMember(unit, 'role', id, user.num)) taken.add(id);
  const given: RoleRow[] = [];
  for (const role of give) if (await insertMember(unit, 'role', role.id, user.num)) given.push(role);
  if (given.length + taken.size === 0) return;
  await bumpTokenVersion(unit.db, user.num);
  await endImpersonations(unit, user.id);
  unit.afterCommit(unit.services.onAccessChange);
  const after = [...held.filter(({ id }) => !taken.has(id)), ...given];
  await unit.emit('user.roles_changed', {
    target: { type: 'user', id: user.id },
    data: { before: held.map(labelOf).sort(), after: after.map(labelOf).sort() },
  });
}

export const addMember: Operation<typeof rolesContract.addMember> = (work, { role_id, user_id }) =>
  work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    const role = await requireRow(unit.db, 'roles', unit.tenant.id, role_id, 'point');
    await changeRoles(unit, user, { give: [role], take: [] }, work);
  });

export const removeMember: Operation<typeof rolesContract.removeMember> = (work, { role_id, user_id }) =>
  work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    const role = await requireRow(unit.db, 'roles', unit.tenant.id, role_id);
    await changeRoles(unit, user, { give: [], take: [role] }, work);
  });

export const listMembers: Operation<typeof rolesContract.listMembers> = (work, { role_id, query }) =>
  work.read(async (db) => {
    const role = await requireRow(db, 'roles', work.tenant.id, role_id);
    return memberPage(await findMembers(db, work.tenant.id, 'role', role.id, query));
  });

export const listRoles: Operation<typeof usersContract.listRoles> = async (work, { user_id, query }) => {
  const user = await requireUser(work, user_id);
  return work.read(async (db) => {
    const { rows, next_cursor } = await newestFirst(rolesOfUser(db, user.num), 'role_members.role_id', query);
    return { roles: rows.map(roleView), next_cursor };
  });
};

export const setRoles: Operation<typeof usersContract.setRoles> = (work, { user_id, body }) =>
  replaceRoles(work, { userId: user_id, roles: body.roles });

export interface RoleReplacement {
  readonly userId: string;
  /** Ids, or codes in the namespace `default`. */
  readonly roles: readonly string[];
  /** Roles of other namespaces stay; absent: all roles are replaced. */
  readonly namespace?: string;
  /** Throws where a role may not be held so. */
  readonly judge?: (role: RoleRow) => void;
}

/** Makes these the roles that a user holds. */
export const replaceRoles = (
  work: Work,
  { userId, roles, namespace, judge }: RoleReplacement,
): Promise<{ roles: Role[] }> =>
  work.write(async (unit) => {
    const user = await userToChange(unit, userId);
    const wanted = await findRolesByName(unit.db, unit.tenant.id, roles, 'roles');
    if (judge) for (const role of wanted) judge(role);
    const held = (await rolesOfUser(unit.db, user.num).execute()).filter(
      (role) => namespace === undefined || role.namespace === namespace,
    );
    const wantedIds = new Set(wanted.map(({ id }) => id));
    await changeRoles(unit, user, { give: wanted, take: held.filter(({ id }) => !wantedIds.has(id)) }, work);
    return { roles: wanted.toSorted(byId).map(roleView) };
  });
