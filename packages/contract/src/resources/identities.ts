/** Identities: the accounts that a user signs in with. The first is the user's own, the others were users once. */
import { route } from '../route.ts';
import { array, object, string } from '../schema.ts';
import { identity } from './users.ts';

const identities = array(identity, { description: 'The primary one first' });

/** Lists the identities of a user. */
export const list = route('GET /users/{user_id}/identities', {
  scope: 'users:read',
  response: object({ identities }),
  fails: ['not_found'],
});

/**
 * Makes another user’s account an identity of this user. The other user stops existing, its roles, memberships and second
 * factors end, and its password signs in as this user from now on.
 */
export const link = route('POST /users/{user_id}/identities', {
  scope: 'users:write',
  body: object({
    user_id: string({ minLength: 1, maxLength: 512, description: 'The other user: `usr_…` or `provider|subject`' }),
  }),
  response: object({ identities }),
  status: 201,
  fails: ['not_found', 'conflict', 'last_admin', 'limit_reached'],
  emits: ['user.linked', 'session.revoked', 'organization.updated', 'mfa.factor_removed'],
});

/** Takes a linked identity off a user: the account is a user of its own again, under its old id, with its old password. */
export const unlink = route('DELETE /users/{user_id}/identities/{provider}/{subject}', {
  scope: 'users:write',
  response: object({ identities, user_id: string({ description: 'The user that exists again' }) }),
  fails: ['not_found', 'conflict'],
  emits: ['user.unlinked', 'session.revoked'],
});
