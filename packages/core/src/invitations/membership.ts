/**
 * What an accepted invitation makes its user a member of, with the events and the kept totals. What was deleted since the
 * invitation was written is passed over; without its organization an invitation leads nowhere.
 */
import { insertMember } from '../memberships/memberships.store.ts';
import { memberRoles } from '../organizations/organizations.store.ts';
import { changeRoles } from '../roles/grants.ts';
import type { RoleRow } from '../roles/roles.store.ts';
import { findRow, type KeyedTable, type Row } from '../rows.ts';
import { DeadTicket } from '../tickets/tickets.ts';
import { bumpTokenVersion, type UserRow } from '../users/users.store.ts';
import type { Unit } from '../work.ts';
import { type InvitationRow, updateInvitation } from './invitations.store.ts';

interface Joined {
  readonly organization_id: string | null;
  readonly roles: string[];
  readonly groups: string[];
}

/** Makes an invitation's user what it says, and the invitation accepted. `user`: locked by the unit. */
export async function conclude(unit: Unit, invitation: InvitationRow, user: UserRow): Promise<void> {
  const joined = await join(unit, invitation, user);
  await updateInvitation(unit.db, invitation, {
    state: 'accepted',
    open_key: null,
    user_id: user.id,
    accepted_at: unit.now,
  });
  await unit.emit('invitation.accepted', {
    target: { type: 'invitation', id: invitation.id },
    data: { before: { state: 'pending' }, after: { state: 'accepted', user_id: user.id, ...joined } },
  });
}

async function join(unit: Unit, invitation: InvitationRow, user: UserRow): Promise<Joined> {
  const roles = await standing(unit, 'roles', invitation.roles);
  const groups = await standing(unit, 'groups', invitation.groups);
  const organizationId = invitation.organization_id;
  if (organizationId === null) await changeRoles(unit, user, { give: roles, take: [] });
  else await joinOrganization(unit, organizationId, roles, user);
  for (const { id } of groups)
    if (await insertMember(unit, 'group', id, user.num))
      await unit.emit('group.member_added', { target: { type: 'group', id }, data: { user_id: user.id } });
  return {
    organization_id: organizationId,
    roles: roles.map(({ id }) => id),
    groups: groups.map(({ id }) => id),
  };
}

/** Those of the named rows that are still there; they can't be deleted while the unit lasts. */
async function standing<T extends KeyedTable>(unit: Unit, table: T, ids: string): Promise<Row<T>[]> {
  const rows: Row<T>[] = [];
  for (const id of (JSON.parse(ids) as string[]).sort()) {
    const row = await findRow(unit.db, table, unit.tenant.id, id, 'point');
    if (row) rows.push(row);
  }
  return rows;
}

/** Adds the user, or to the roles of one who is a member already. */
async function joinOrganization(unit: Unit, id: string, roles: readonly RoleRow[], user: UserRow): Promise<void> {
  if (!(await findRow(unit.db, 'organizations', unit.tenant.id, id, 'point'))) throw new DeadTicket('used');
  const isNew = await insertMember(unit, 'organization', id, user.num);
  const before = (await memberRoles(unit.db, unit.tenant.id, id, [user.num])).get(user.num) ?? [];
  const given = roles.filter((role) => !before.some((held) => held.id === role.id));
  const place = { tenant_id: unit.tenant.id, organization_id: id, user_num: user.num };
  for (const role of given)
    await unit.db
      .insertInto('organization_member_roles')
      .values({ ...place, role_id: role.id })
      .execute();
  const codes = { before: before.map(({ code }) => code), after: [...before, ...given].map(({ code }) => code).sort() };
  const target = { type: 'organization', id };
  if (isNew) {
    await unit.emit('organization.member_added', { target, data: { user_id: user.id, roles: codes.after } });
  } else if (given.length > 0) {
    const data = { user_id: user.id, before: { roles: codes.before }, after: { roles: codes.after } };
    await unit.emit('organization.member_updated', { target, data });
  }
  // The access tokens that are out do not know the new roles; of a new member they say nothing of the organization.
  if (isNew || given.length === 0) return;
  await bumpTokenVersion(unit.db, user.num);
  unit.afterCommit(unit.services.onAccessChange);
}
