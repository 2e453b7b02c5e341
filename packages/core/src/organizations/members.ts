/**
 * The members of an organization and the roles that they hold inside it. Owns the invariants that the owner stays a
 * member, and that all changes of one member happen one after another (they lock the user's row).
 */
import type { organizations as contract, Role } from '@reeve/contract';
import { type Db, padded } from '../database/database.ts';
import { memberOf } from '../memberships/member.ts';
import { deleteMember, findMembers, insertMember } from '../memberships/memberships.store.ts';
import type { Operation } from '../operation.ts';
import { notFound, Problem } from '../problem.ts';
import { findRolesByName, type RoleRow, roleView } from '../roles/roles.store.ts';
import { requireRow } from '../rows.ts';
import { endImpersonations } from '../sessions/sessions.store.ts';
import { bumpTokenVersion, type UserRow } from '../users/users.store.ts';
import { requireUser, userToChange } from '../users/users.ts';
import type { Unit, Work } from '../work.ts';
import { memberRoles } from './organizations.store.ts';

interface Place {
  readonly organizationId: string;
  readonly userNum: number;
}

/** Makes `wanted` the member's roles. Returns the codes before and after, or undefined where nothing changed. */
async function replaceRoles(
  unit: Unit,
  { organizationId, userNum }: Place,
  wanted: readonly RoleRow[],
): Promise<{ before: string[]; after: string[] } | undefined> {
  const held = (await memberRoles(unit.db, unit.tenant.id, organizationId, [userNum])).get(userNum) ?? [];
  const heldIds = new Set(held.map(({ id }) => id));
  const wantedIds = new Set(wanted.map(({ id }) => id));
  const given = [...wantedIds].filter((id) => !heldIds.has(id));
  const taken = [...heldIds].filter((id) => !wantedIds.has(id));
  if (given.length + taken.length === 0) return undefined;
  const place = { tenant_id: unit.tenant.id, organization_id: organizationId, user_num: userNum };
  for (const role_id of given)
    await unit.db
      .insertInto('organization_member_roles')
      .values({ ...place, role_id })
      .execute();
  for (const role_id of taken)
    await unit.db
      .deleteFrom('organization_member_roles')
      .where('tenant_id', '=', unit.tenant.id)
      .where('organization_id', '=', organizationId)
      .where('user_num', '=', userNum)
      .where('role_id', '=', role_id)
      .execute();
  return { before: held.map(({ code }) => code).sort(), after: wanted.map(({ code }) => code).sort() };
}

/** What the member may do has changed: the access tokens that are out say it no longer. */
async function endTokens(unit: Unit, { id, num }: Pick<UserRow, 'id' | 'num'>): Promise<void> {
  await bumpTokenVersion(unit.db, num);
  await endImpersonations(unit, id);
  unit.afterCommit(unit.services.onAccessChange);
}

export const addMember: Operation<typeof contract.addMember> = (work, { organization_id, user_id, body }) =>
  work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    const { id } = await requireRow(unit.db, 'organizations', unit.tenant.id, organization_id, 'point');
    const target = { type: 'organization', id };
    const wanted = body.roles && (await findRolesByName(unit.db, unit.tenant.id, body.roles, 'roles'));
    const isNew = await insertMember(unit, 'organization', id, user.num);
    const change = wanted && (await replaceRoles(unit, { organizationId: id, userNum: user.num }, wanted));
    if (isNew) await unit.emit('organization.member_added', { target, data: { user_id, roles: change?.after ?? [] } });
    else if (change)
      await unit.emit('organization.member_updated', {
        target,
        data: { user_id, before: { roles: change.before }, after: { roles: change.after } },
      });
    // Of who was no member no token that is out says anything of the organization.
    if (change && !isNew) await endTokens(unit, user);
  });

/** The roles that a user holds inside an organization, newest first. Throws `not_found` where the user is no member. */
export async function findMemberRoles(
  work: Work,
  { organization_id, user_id }: { readonly organization_id: string; readonly user_id: string },
): Promise<Role[]> {
  const user = await requireUser(work, user_id);
  return work.read(async (db) => {
    const { id } = await requireRow(db, 'organizations', work.tenant.id, organization_id);
    await requireMember(db, work.tenant.id, id, user);
    const held = (await memberRoles(db, work.tenant.id, id, [user.num])).get(user.num) ?? [];
    const [first, ...rest] = held.map((role) => role.id);
    if (first === undefined) return [];
    const rows = await db
      .selectFrom('roles')
      .selectAll()
      .where('tenant_id', '=', work.tenant.id)
      .where('id', 'in', padded([first, ...rest]))
      .orderBy('id', 'desc')
      .execute();
    return rows.map(roleView);
  });
}

async function requireMember(db: Db, tenantId: number, organizationId: string, user: UserRow): Promise<void> {
  const member = await db
    .selectFrom('organization_members')
    .select('user_num')
    .where('tenant_id', '=', tenantId)
    .where('organization_id', '=', organizationId)
    .where('user_num', '=', user.num)
    .executeTakeFirst();
  if (!member) throw notFound('member', user.id);
}

/** Gives and takes roles of a member, by id or code, one change of a member after another. Throws `not_found`. */
export const changeMemberRoles = (
  work: Work,
  { organization_id, user_id }: { readonly organization_id: string; readonly user_id: string },
  { give, take }: { readonly give: readonly string[]; readonly take: readonly string[] },
): Promise<void> =>
  work.write(async (unit) => {
    const { db, tenant } = unit;
    const user = await userToChange(unit, user_id);
    const { id } = await requireRow(db, 'organizations', tenant.id, organization_id, 'point');
    await requireMember(db, tenant.id, id, user);
    const given = give.length === 0 ? [] : await findRolesByName(db, tenant.id, give, 'roles');
    const taken = new Set(
      take.length === 0 ? [] : (await findRolesByName(db, tenant.id, take, 'roles')).map((role) => role.id),
    );
    const held = (await memberRoles(db, tenant.id, id, [user.num])).get(user.num) ?? [];
    const heldIds = held.map((role) => role.id).filter((roleId) => !taken.has(roleId));
    const kept = heldIds.length === 0 ? [] : await findRolesByName(db, tenant.id, heldIds, 'roles');
    const wanted = [...new Map([...kept, ...given].map((role) => [role.id, role])).values()];
    const change = await replaceRoles(unit, { organizationId: id, userNum: user.num }, wanted);
    if (!change) return;
    await unit.emit('organization.member_updated', {
      target: { type: 'organization', id },
      data: { user_id, before: { roles: change.before }, after: { roles: change.after } },
    });
    await endTokens(unit, user);
  });

export const removeMember: Operation<typeof contract.removeMember> = (work, { organization_id, user_id }) =>
  work.write(async (unit) => {
    const user = await userToChange(unit, user_id);
    const row = await requireRow(unit.db, 'organizations', unit.tenant.id, organization_id, 'change');
    if (row.owner_id === user.id)
      throw new Problem('conflict', 'The owner stays a member; make another user the owner first.');
    await replaceRoles(unit, { organizationId: row.id, userNum: user.num }, []);
    if (!(await deleteMember(unit, 'organization', row.id, user.num))) return;
    await endTokens(unit, user);
    await unit.emit('organization.member_removed', { target: { type: 'organization', id: row.id }, data: { user_id } });
  });

export const listMembers: Operation<typeof contract.listMembers> = (work, { organization_id, query }) =>
  work.read(async (db) => {
    const { id } = await requireRow(db, 'organizations', work.tenant.id, organization_id);
    const { rows, next_cursor, total } = await findMembers(db, work.tenant.id, 'organization', id, query);
    const roles = await memberRoles(
      db,
      work.tenant.id,
      id,
      rows.map(({ user_num }) => user_num),
    );
    return {
      members: rows.map((row) => ({
        ...memberOf(row),
        roles: (roles.get(row.user_num) ?? []).map(({ code }) => code),
      })),
      next_cursor,
      ...(total === undefined ? {} : { total }),
    };
  });
