/** Invitations: an e-mail address is asked in, optionally to an organization, roles and groups. */

import { countedPage, cursor, limit, route } from '../route.ts';
import { array, boolean, instant, integer, nullable, object, oneOf, optional, type Static, string } from '../schema.ts';
import { email } from './person.ts';

export const invitation = object({
  id: string({ description: '`inv_` and a ULID' }),
  email: string(),
  name: nullable(string()),
  state: oneOf(['pending', 'accepted', 'revoked', 'expired']),
  connection_id: string(),
  organization_id: nullable(string()),
  roles: array(string(), { description: 'Role ids' }),
  groups: array(string(), { description: 'Group ids' }),
  invited_by: nullable(string()),
  user_id: nullable(string({ description: 'Who accepted it, or turned it down' })),
  sent_count: integer(),
  created_at: instant(),
  expires_at: instant(),
  accepted_at: nullable(instant()),
});
export type Invitation = Static<typeof invitation>;

/** Lists invitations, newest first. */
export const list = route('GET /invitations', {
  scope: 'invitations:read',
  query: object({
    state: optional(oneOf(['pending', 'accepted', 'revoked', 'expired'])),
    email: optional(string({ minLength: 1, maxLength: 254 })),
    organization: optional(string({ minLength: 1, maxLength: 128, description: 'Id or name' })),
    include_total: optional(boolean()),
    limit,
    cursor,
  }),
  response: countedPage('invitations', invitation),
  items: 'invitations',
  fails: ['invalid_cursor'],
});

const invitationCreate = object({
  email,
  name: optional(string({ minLength: 1, maxLength: 300 })),
  connection: optional(string({ minLength: 1, maxLength: 128, description: 'Name or id' })),
  organization: optional(string({ minLength: 1, maxLength: 128, description: 'Id or name' })),
  roles: optional(
    array(string({ minLength: 1, maxLength: 128 }), {
      maxItems: 50,
      uniqueItems: true,
      description: 'Ids or codes; inside the organization where one is given',
    }),
  ),
  groups: optional(
    array(string({ minLength: 1, maxLength: 128 }), { maxItems: 50, uniqueItems: true, description: 'Ids or codes' }),
  ),
  expires_in: optional(integer({ minimum: 60, maximum: 2_592_000, default: 604_800, description: 'Seconds' })),
});
export type InvitationCreate = Static<typeof invitationCreate>;

/** Invites an e-mail address; the link is mailed and works once. */
export const create = route('POST /invitations', {
  scope: 'invitations:write',
  body: invitationCreate,
  response: invitation,
  status: 201,
  fails: ['email_taken', 'conflict', 'limit_reached'],
  emits: ['invitation.created'],
});

/** Reads one invitation. */
export const get = route('GET /invitations/{invitation_id}', {
  scope: 'invitations:read',
  response: invitation,
  fails: ['not_found'],
});

/** Revokes a pending invitation: its link is dead at once. */
export const revoke = route('POST /invitations/{invitation_id}/revoke', {
  scope: 'invitations:write',
  response: invitation,
  fails: ['not_found', 'invitation_closed'],
  emits: ['invitation.revoked'],
});

/** Mails a fresh link; the earlier one is dead. The time to accept begins anew. */
export const resend = route('POST /invitations/{invitation_id}/resend', {
  scope: 'invitations:write',
  response: invitation,
  fails: ['not_found', 'invitation_closed', 'conflict'],
  emits: ['invitation.resent'],
});
