/** What people do with their own account. */
import { idOfUuid, totpCodeAt } from '@reeve/core';
import { readMail } from '@reeve/testkit';
import { expect } from 'vitest';
import { ConflictError, UnauthenticatedError, ValidationError } from '../../client/index.ts';
import { scenario } from '../scenario.ts';
import { login, PASSWORD } from '../world.ts';

export const accounts = [
  scenario(
    'passwords are changed, and reset by mail',
    ['account.changePassword', 'account.requestPasswordReset', 'account.resetPassword'],
    async ({ world, called, admin }) => {
      const { id, email } = await world.person(called, admin);
      const client = await world.signedIn(called, { email });
      await expect(client.account.changePassword('wrong', 'Another-pass-2')).rejects.toBeInstanceOf(
        UnauthenticatedError,
      );
      await expect(client.account.changePassword(PASSWORD, 'weak')).rejects.toBeInstanceOf(ValidationError);
      await client.account.changePassword(PASSWORD, 'Another-pass-2');
      await client.auth.whoami();
      const stranger = world.client(called);
      await stranger.account.requestPasswordReset('nobody@example.com');
      await stranger.account.requestPasswordReset(email);
      const { ticket } = await readMail(world.server, email);
      await stranger.account.resetPassword(ticket, 'Third-pass-33');
      await expect(stranger.account.resetPassword(ticket, 'Fourth-pass-4')).rejects.toThrow(/\S/);
      expect((await login(stranger, { email, password: 'Third-pass-33' })).user.id).toBe(id);
    },
  ),
  scenario(
    'an address is verified',
    ['account.verifyEmail', 'account.resendVerificationEmail'],
    async ({ world, called, admin }) => {
      const { id, email } = await world.person(called, admin, { email_verified: false });
      const stranger = world.client(called);
      await stranger.account.resendVerificationEmail('nobody@example.com');
      await stranger.account.resendVerificationEmail(email);
      const { ticket } = await readMail(world.server, email);
      await stranger.account.verifyEmail(ticket);
      expect(await admin.users.lookup({ ids: [id] })).toMatchObject([{ email_verified: true, status: 'active' }]);
    },
  ),
  scenario(
    'a second factor is set up, asked for, and taken away',
    ['account.setupTwoFactor', 'account.enableTwoFactor', 'account.disableTwoFactor'],
    async ({ world, called, admin }) => {
      const { id, email } = await world.person(called, admin);
      const client = await world.signedIn(called, { email });
      const { secret, provisioningUri } = await client.account.setupTwoFactor();
      expect(provisioningUri).toMatch(/^otpauth:\/\/totp\//);
      // Each code works once; the next one is taken early.
      const code = (ahead = 0) => totpCodeAt(secret, world.server.clock.now() + ahead);
      await client.account.enableTwoFactor(code());
      const again = world.client(called);
      expect(await again.auth.login({ email, password: PASSWORD })).toEqual({ requires_2fa: true });
      expect(again.auth.isAuthenticated()).toBe(false);
      expect((await login(again, { email, password: PASSWORD, twoFactorCode: code(30_000) })).user.id).toBe(id);
      await expect(again.account.disableTwoFactor({ password: PASSWORD, code: '000000' })).rejects.toThrow(/\S/);
      world.server.clock.advance(60_000);
      await again.account.disableTwoFactor({ password: PASSWORD, code: code() });
      expect((await again.auth.whoami()).id).toBe(id);
      expect((await login(world.client(called), { email, password: PASSWORD })).user.id).toBe(id);
    },
  ),
  scenario('one’s own account is deleted', ['account.deleteMyAccount'], async ({ world, called, admin }) => {
    const { id, email } = await world.person(called, admin);
    const client = await world.signedIn(called, { email });
    await expect(client.account.deleteMyAccount('wrong')).rejects.toBeInstanceOf(UnauthenticatedError);
    await client.account.deleteMyAccount(PASSWORD);
    expect(client.auth.isAuthenticated()).toBe(false);
    expect(await admin.users.lookup({ ids: [id] })).toEqual([]);
    const owner = await world.person(called, admin);
    const owning = await world.signedIn(called, { email: owner.email });
    const made = await world.server.api('POST', '/organizations', {
      name: world.unique('owned-'),
      owner_id: idOfUuid('usr', owner.id),
    });
    expect(made.status).toBe(201);
    await expect(owning.account.deleteMyAccount(PASSWORD)).rejects.toBeInstanceOf(ConflictError);
    expect((await owning.auth.whoami()).id).toBe(owner.id);
  }),
];
