/** What users do with their own account. */
import type { Invitation, Membership, Organization } from '../models.ts';
import { listIn, path } from '../wire.ts';
import type { Parts } from './auth.ts';

export interface TwoFactorSetup {
  readonly secret: string;
  /** `otpauth://…`, for a QR code. */
  readonly provisioningUri: string;
}
export interface DisableTwoFactorInput {
  readonly password: string;
  readonly code: string;
}

const passwordsOf = ({ wire }: Parts) => ({
  /** Mails a link for a new password. Answers alike for addresses that nobody has. */
  requestPasswordReset: (email: string, appCode?: string): Promise<void> =>
    wire.command('POST', '/auth/password/reset-request', { email, app_code: appCode }),

  /** Sets a new password with the token of a link. */
  resetPassword: (token: string, newPassword: string): Promise<void> =>
    wire.command('POST', '/auth/password/reset', { token, new_password: newPassword }),

  /** Sets a new password with the old one. Sessions go on. */
  changePassword: (current: string, next: string): Promise<void> =>
    wire.command('POST', '/auth/password/change', { current_password: current, new_password: next }),

  verifyEmail: (token: string): Promise<void> => wire.command('POST', '/auth/verify-email', { token }),

  resendVerificationEmail: (email: string, appCode?: string): Promise<void> =>
    wire.command('POST', '/auth/verify-email/resend', { email, app_code: appCode }),
});

const twoFactorOf = ({ wire, renewal, settings }: Parts) => ({
  /** Begins to set up a second factor; `enableTwoFactor` ends it. */
  async setupTwoFactor(): Promise<TwoFactorSetup> {
    const answer = await wire.post<{ secret: string; provisioning_uri: string }>('/auth/2fa/setup', {});
    return { secret: answer.secret, provisioningUri: answer.provisioning_uri };
  },

  enableTwoFactor: (code: string): Promise<void> => wire.command('POST', '/auth/2fa/enable', { code }),

  /** Takes the second factor away, and renews the tokens, which the server then no longer knows. */
  async disableTwoFactor({ password, code }: DisableTwoFactorInput): Promise<void> {
    await wire.command('POST', '/auth/2fa/disable', { password, code });
    await renewal
      .refresh({}, 'token_revoked')
      .catch((error: unknown) => settings.logger.warn('the session was not renewed', { error }));
  },
});

export const accountOf = (parts: Parts) => ({
  ...passwordsOf(parts),
  ...twoFactorOf(parts),

  /** One's memberships. Renews the token on a 401. */
  async getMyOrgs(): Promise<Membership[]> {
    const { wire, renewal } = parts;
    const body = await wire.bodyOf<object>(await renewal.send({ method: 'GET', url: '/me/orgs' }));
    // The upstream server has another name for it.
    return listIn(body, body && 'memberships' in body && !('organizations' in body) ? 'memberships' : 'organizations');
  },

  listMyInvitations: (): Promise<Invitation[]> => parts.wire.list('invitations', '/me/invitations'),

  async acceptInvitation(id: string): Promise<Organization | null> {
    const answer = await parts.wire.post<{ organization?: Organization } | undefined>(
      path`/me/invitations/${{ id }}/accept`,
    );
    return answer?.organization ?? null;
  },

  declineInvitation: async (id: string): Promise<void> =>
    parts.wire.command('POST', path`/me/invitations/${{ id }}/decline`),

  /** Deletes one's own account, and signs out. */
  async deleteMyAccount(currentPassword: string): Promise<void> {
    const body = { password: currentPassword, confirmation: 'DELETE' };
    await parts.wire.command('DELETE', '/me/account', body, { isRepeatable: false });
    await parts.session.end('user_initiated');
  },
});
export type AccountModule = ReturnType<typeof accountOf>;
