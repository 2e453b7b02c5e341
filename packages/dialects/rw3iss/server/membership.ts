/** Memberships and invitations as this vendor shows them (contract `shapes.OrgMember`, `shapes.Invitation`). */
import type { Invitation } from '@reeve/contract';
import { type MemberOfOrganization, type MembershipOfUser, uuidOf, type Work } from '@reeve/core';
import { organizationViews } from './organization.ts';
import { roleView } from './role.ts';
import { userViews } from './user.ts';
import { present, toSecond } from './value.ts';

/** Members of one organization. A membership has no id of its own: the user's tells it apart. */
export async function memberViews(work: Work, organizationId: string, members: readonly MemberOfOrganization[]) {
  const users = await userViews(
    work,
    members.map(({ user }) => user),
  );
  return members.map(({ user, joined_at, roles }, i) => ({
    id: uuidOf(user.id),
    user_id: uuidOf(user.id),
    organization_id: uuidOf(organizationId),
    status: 'active',
    joined_at: toSecond(joined_at),
    user: users[i],
    roles: roles.map(roleView),
  }));
}

/** The memberships of one user. */
export async function membershipViews(work: Work, memberships: readonly MembershipOfUser[]) {
  const organizations = await organizationViews(
    work,
    memberships.map(({ organization }) => organization),
  );
  return memberships.map(({ joined_at, roles }, i) => ({
    organization: organizations[i],
    status: 'active',
    joined_at: toSecond(joined_at),
    roles: roles.map(roleView),
  }));
}

const uuidOrNothing = (id: string | null): string | null => (id === null ? null : uuidOf(id));

/** An addressee who is named by a revoked invitation has turned it down. */
const statusOf = ({ state, user_id }: Invitation) => (state === 'revoked' && user_id !== null ? 'declined' : state);

/** Without the vendor's code of six characters: whoever reads the list could come in as the invited person. */
export const invitationView = (invitation: Invitation) => ({
  id: uuidOf(invitation.id),
  created_at: invitation.created_at,
  updated_at: invitation.accepted_at ?? invitation.created_at,
  ...present({ organization_id: uuidOrNothing(invitation.organization_id) }),
  email: invitation.email,
  role_ids: invitation.roles.map(uuidOf),
  ...present({ invited_by: uuidOrNothing(invitation.invited_by) }),
  expires_at: invitation.expires_at,
  status: statusOf(invitation),
  ...(invitation.state === 'accepted'
    ? present({ accepted_at: invitation.accepted_at, accepted_by: uuidOrNothing(invitation.user_id) })
    : {}),
});
