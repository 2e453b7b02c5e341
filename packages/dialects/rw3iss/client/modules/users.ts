/** Administration of users. Needs the role system_admin or super_admin. */
import type { AuthResponse, Membership, Role, Session, User, UserPage } from '../models.ts';
import { path } from '../wire.ts';
import type { Parts } from './auth.ts';

export interface UserFilter {
  /** Part of e-mail or name, in any case. */
  readonly search?: string | undefined;
  /** From 1. */
  readonly page?: number | undefined;
  readonly pageSize?: number | undefined;
  readonly organizationId?: string | undefined;
  readonly appId?: string | undefined;
}
/** At most 200 keys together. */
export interface UserKeys {
  readonly emails?: readonly string[] | undefined;
  readonly ids?: readonly string[] | undefined;
}
export interface ImpersonateInput {
  readonly targetUserId: string;
  readonly reason: string;
}
export interface HardDeleteInput {
  readonly userId: string;
  readonly reason: string;
}

const recordsOf = ({ wire }: Parts) => ({
  /** A page of users. */
  async list(filter: UserFilter = {}): Promise<UserPage> {
    const { search, page, pageSize, organizationId, appId } = filter;
    const query = { search, page, page_size: pageSize, organization_id: organizationId, app_id: appId };
    return (await wire.get<UserPage | undefined>('/admin/users', query)) ?? { users: [], total: 0 };
  },

  /** The users with these e-mails or ids, in all pools; who is unknown is missing. */
  async lookup({ emails = [], ids = [] }: UserKeys): Promise<User[]> {
    const options = { isRepeatable: true }; // A read, which is a POST for the sake of its keys.
    const answer = await wire.post<{ users?: User[] } | undefined>('/admin/users/lookup', { emails, ids }, options);
    return answer?.users ?? [];
  },

  listRoles: async (userId: string): Promise<Role[]> => wire.list('roles', path`/admin/users/${{ userId }}/roles`),

  /** Makes these the roles of a user; `[]` takes all away. */
  setRoles: async (userId: string, roleCodes: readonly string[]): Promise<void> =>
    wire.command('PUT', path`/admin/users/${{ userId }}/roles`, { role_codes: roleCodes }),

  getOrganizations: async (userId: string): Promise<Membership[]> =>
    wire.list('memberships', path`/admin/users/${{ userId }}/organizations`),

  /** Deletes a user and all that is the user's, for ever. The audit log stays. */
  hardDelete: async ({ userId, reason }: HardDeleteInput): Promise<void> =>
    wire.command('DELETE', path`/admin/users/${{ userId }}/hard`, { reason }, { isRepeatable: false }),
});

const accessOf = ({ wire, session }: Parts) => ({
  listSessions: async (userId: string): Promise<Session[]> => wire.get(path`/admin/users/${{ userId }}/sessions`),

  /** Ends a session and its tokens, at once. */
  terminateSession: async (userId: string, sessionId: string): Promise<void> =>
    wire.command('DELETE', path`/admin/users/${{ userId }}/sessions/${{ sessionId }}`),

  /** Ends all sessions of a user, at once. */
  revokeSessions: async (userId: string): Promise<void> =>
    wire.command('POST', path`/admin/users/${{ userId }}/revoke-sessions`),

  /** 8 to 128 characters, with an upper and a lower case letter and a digit. */
  setPassword: (userId: string, newPassword: string): Promise<void> =>
    wire.command('POST', '/auth/admin/set-password', { user_id: userId, new_password: newPassword }),

  /**
   * Acts as another user: this client is that user from then on, and has no way back but to sign out and in again.
   * Another client goes on as it was.
   */
  async impersonate({ targetUserId, reason }: ImpersonateInput): Promise<AuthResponse> {
    const answer = await wire.post<AuthResponse>(path`/admin/users/${{ targetUserId }}/impersonate`, { reason });
    if (!answer) throw new TypeError('the answer holds no user and no tokens');
    await session.begin(answer);
    return answer;
  },

  /** Lets a user sign in again who failed too often. */
  resetLockout: async (userId: string): Promise<void> =>
    wire.command('POST', path`/admin/users/${{ userId }}/reset-lockout`),
});

export const usersOf = (parts: Parts) => ({ ...recordsOf(parts), ...accessOf(parts) });
export type UsersModule = ReturnType<typeof usersOf>;
