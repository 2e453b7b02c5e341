/** Organizations, their members and invitations, for administrators and from inside. */
import { expect } from 'vitest';
import { ConflictError, ForbiddenError, NotFoundError, ValidationError } from '../../client/index.ts';
import { scenario } from '../scenario.ts';

export const organizations = [
  scenario(
    'organizations are made, read, changed and deleted',
    [
      'organizations.list',
      'organizations.create',
      'organizations.get',
      'organizations.adminGet',
      'organizations.update',
      'organizations.adminUpdate',
      'organizations.delete',
      'users.getOrganizations',
    ],
    async ({ world, admin }) => {
      const name = world.unique('Org ');
      const made = await admin.organizations.create({ name, city: 'Lisbon' });
      expect(made).toMatchObject({ name, city: 'Lisbon', owner_id: admin.auth.getClaims()?.uid });
      await expect(admin.organizations.create({ name })).rejects.toBeInstanceOf(ConflictError);
      expect(await admin.organizations.adminGet(made.id)).toEqual(made);
      expect(await admin.organizations.get(made.id)).toEqual(made);
      expect((await admin.organizations.list()).map(({ id }) => id)).toContain(made.id);
      expect(await admin.organizations.adminUpdate(made.id, { city: 'Porto' })).toMatchObject({ name, city: 'Porto' });
      expect(await admin.organizations.update(made.id, { description: 'd' })).toMatchObject({ description: 'd' });
      const owner = admin.auth.getClaims()?.uid as string;
      const memberships = await admin.users.getOrganizations(owner);
      expect(memberships.map(({ organization }) => organization.id)).toContain(made.id);
      await admin.organizations.delete(made.id);
      await expect(admin.organizations.adminGet(made.id)).rejects.toBeInstanceOf(NotFoundError);
    },
  ),
  scenario(
    'members come, hold roles, and go',
    [
      'organizations.listMembers',
      'organizations.adminListMembers',
      'organizations.addMember',
      'organizations.removeMember',
      'organizations.adminRemoveMember',
      'organizations.setMemberRoles',
      'organizations.listRoles',
      'organizations.getRole',
      'auth.switchOrg',
      'account.getMyOrgs',
    ],
    async ({ world, called, admin }) => {
      const [boss, member] = [await world.person(called, admin), await world.person(called, admin)];
      const { id: org } = await admin.organizations.create({ name: world.unique('Team ') });
      const roles = await admin.organizations.listRoles(org);
      const head = roles.find(({ code }) => code === 'org_admin');
      expect(await admin.organizations.getRole(org, head?.id as string)).toMatchObject({ code: 'org_admin' });
      await admin.organizations.addMember(org, boss.id, [head?.id as string]);
      await admin.organizations.addMember(org, member.id);
      const client = await world.signedIn(called, { email: boss.email });
      await expect(client.organizations.listMembers(org)).rejects.toBeInstanceOf(ForbiddenError);
      expect(await client.account.getMyOrgs()).toMatchObject([{ organization: { id: org } }]);
      await client.auth.switchOrg(org);
      expect(client.auth.getClaims()).toMatchObject({ org_id: org, roles: ['org_admin'] });
      const listed = await client.organizations.listMembers(org);
      expect(listed.map(({ user_id }) => user_id)).toEqual(expect.arrayContaining([boss.id, member.id]));
      expect(await admin.organizations.setMemberRoles(org, member.id, ['org_manager'])).toMatchObject({
        user_id: member.id,
        roles: [{ code: 'org_manager' }],
      });
      await expect(admin.organizations.setMemberRoles(org, member.id, ['seller'])).rejects.toBeInstanceOf(
        ValidationError,
      );
      await client.organizations.removeMember(org, member.id);
      await expect(admin.organizations.adminRemoveMember(org, member.id)).rejects.toMatchObject({
        serverCode: 'NOT_ORGANIZATION_MEMBER',
      });
      await admin.organizations.adminRemoveMember(org, boss.id);
      const left = await admin.organizations.adminListMembers(org);
      expect(left.map(({ user_id }) => user_id)).toEqual([admin.auth.getClaims()?.uid]);
      await expect(admin.organizations.adminRemoveMember(org, left[0]?.user_id as string)).rejects.toBeInstanceOf(
        ValidationError,
      );
    },
  ),
  scenario(
    'invitations are made, taken up, declined and taken back',
    [
      'organizations.createInvitation',
      'organizations.listInvitations',
      'organizations.revokeInvitation',
      'account.listMyInvitations',
      'account.acceptInvitation',
      'account.declineInvitation',
    ],
    async ({ world, called, admin }) => {
      const { id, email } = await world.person(called, admin);
      const { id: org } = await admin.organizations.create({ name: world.unique('Guests ') });
      const invite = () => admin.organizations.createInvitation(org, { email });
      const first = await invite();
      const guest = await world.signedIn(called, { email });
      expect(await guest.account.listMyInvitations()).toMatchObject([{ id: first.id, status: 'pending' }]);
      await guest.account.declineInvitation(first.id);
      expect(await guest.account.listMyInvitations()).toEqual([]);
      const second = await invite();
      await admin.organizations.revokeInvitation(org, second.id);
      await expect(guest.account.acceptInvitation(second.id)).rejects.toBeInstanceOf(ValidationError);
      const third = await invite();
      expect(await guest.account.acceptInvitation(third.id)).toMatchObject({ id: org });
      const members = await admin.organizations.adminListMembers(org);
      expect(members.map(({ user_id }) => user_id)).toContain(id);
      const all = await admin.organizations.listInvitations(org);
      expect(all.find((each) => each.id === third.id)).toMatchObject({ status: 'accepted' });
      expect(all).toHaveLength(3);
    },
  ),
];
