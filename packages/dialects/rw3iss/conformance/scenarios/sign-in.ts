/** Coming in, going on, going out. */
import { ADMIN_EMAIL, ADMIN_PASSWORD } from '@reeve/testkit';
import { expect } from 'vitest';
import { ForbiddenError, NotFoundError, UnauthenticatedError } from '../../client/index.ts';
import { scenario } from '../scenario.ts';
import { login, PASSWORD } from '../world.ts';

export const signIn = [
  scenario(
    'sign-in, who it is, and sign-out',
    [
      'createAuthClient',
      'ready',
      'auth.login',
      'auth.isImpersonating',
      'auth.whoami',
      'auth.getAccessToken',
      'auth.isAuthenticated',
      'auth.getClaims',
      'auth.getCurrentUser',
      'auth.logout',
    ],
    async ({ world, called }) => {
      const client = world.client(called);
      const seen: string[] = [];
      client.on('authenticated', () => seen.push('authenticated'));
      client.on('logged_out', () => seen.push('logged_out'));
      expect(await client.ready()).toMatchObject({ status: 'anonymous', ready: true, user: null });
      await expect(client.auth.login({ email: ADMIN_EMAIL, password: 'wrong' })).rejects.toMatchObject({
        code: 'unauthenticated',
        serverCode: 'INVALID_CREDENTIALS',
      });
      await client.auth.login({ email: ADMIN_EMAIL, password: ADMIN_PASSWORD });
      expect(client.auth.isAuthenticated()).toBe(true);
      expect(client.auth.isImpersonating()).toBe(false);
      expect(client.auth.getClaims()).toMatchObject({ email: ADMIN_EMAIL, roles: ['system_admin'] });
      expect(client.auth.getCurrentUser()).toMatchObject({ email: ADMIN_EMAIL });
      const me = await client.auth.whoami();
      expect(me).toMatchObject({ email: ADMIN_EMAIL, id: client.auth.getClaims()?.uid });
      const token = await client.auth.getAccessToken();
      const asked = (bearer: string | null) =>
        fetch(`${world.server.url}/rw3iss/api/v1/auth/me`, { headers: { authorization: `Bearer ${bearer}` } });
      expect((await asked(token)).status).toBe(200);
      await client.auth.logout();
      expect(client.auth.isAuthenticated()).toBe(false);
      expect((await asked(token)).status).toBe(401);
      expect(seen).toEqual(['authenticated', 'logged_out']);
      await expect(client.users.list()).rejects.toBeInstanceOf(UnauthenticatedError);
    },
  ),
  scenario('a pair that is renewed, and all sessions that end', ['auth.refresh', 'auth.logoutAll'], async (stage) => {
    const { world, called, admin } = stage;
    const { email } = await world.person(called, admin);
    const [client, other] = [await world.signedIn(called, { email }), await world.signedIn(called, { email })];
    const before = await client.auth.getAccessToken();
    const pair = await client.auth.refresh();
    expect(pair).toMatchObject({ token_type: 'Bearer', expires_in: 900 });
    expect(await client.auth.getAccessToken()).not.toBe(before);
    await client.auth.whoami();
    await client.auth.logoutAll();
    await expect(other.auth.whoami()).rejects.toBeInstanceOf(UnauthenticatedError);
    expect(other.auth.isAuthenticated()).toBe(false);
  }),
  scenario('one’s own sessions', ['sessions.list', 'sessions.terminate'], async ({ world, called, admin }) => {
    const { email } = await world.person(called, admin);
    const [here, there] = [await world.signedIn(called, { email }), await world.signedIn(called, { email })];
    const listed = await here.sessions.list();
    expect(listed).toHaveLength(2);
    const other = listed.find(({ is_current }) => !is_current);
    await here.sessions.terminate(other?.id as string);
    await expect(there.auth.whoami()).rejects.toBeInstanceOf(UnauthenticatedError);
    expect(await here.sessions.list()).toMatchObject([{ is_current: true }]);
    const [foreign] = await admin.sessions.list();
    await expect(here.sessions.terminate(foreign?.id as string)).rejects.toBeInstanceOf(ForbiddenError);
  }),
  scenario(
    'registration, by the policy of the application',
    ['auth.register', 'apps.getRegistrationPolicy', 'auth.getRegistrationPolicy'],
    async ({ world, called, admin }) => {
      const code = world.unique('open');
      await admin.apps.create({
        code,
        name: 'Open',
        auto_grant_on_signup: true,
        allowed_email_domains: ['example.com'],
        registration_namespaces: [`${code}-pool`],
      });
      const client = world.client(called, { appCode: code });
      const policy = { code, name: 'Open', allowed_email_domains: ['example.com'] };
      expect(await client.auth.getRegistrationPolicy()).toMatchObject(policy);
      expect(await admin.apps.getRegistrationPolicy(code)).toMatchObject(policy);
      const email = `${world.unique('new')}@example.com`;
      const form = { email, password: PASSWORD, firstName: 'New', lastName: 'Comer' };
      await expect(client.auth.register({ ...form, password: 'weak' })).rejects.toMatchObject({ code: 'validation' });
      await expect(client.auth.register({ ...form, email: 'x@elsewhere.example' })).rejects.toMatchObject({
        code: 'validation',
      });
      expect(await client.auth.register(form)).toMatchObject({ user: { email, first_name: 'New', status: 'pending' } });
      await expect(client.auth.register(form)).rejects.toMatchObject({ code: 'conflict' });
      const { user } = await login(client, { email, password: PASSWORD });
      expect(await admin.users.listRoles(user.id)).toMatchObject([{ code: 'base_user' }]);
      expect(await admin.apps.listForUser(user.id)).toMatchObject([{ code }]);
      expect(await admin.pools.getForUser(user.id)).toEqual({ namespace: `${code}-pool`, namespaces: [] });
      await expect(admin.apps.getRegistrationPolicy('no-such-app')).rejects.toBeInstanceOf(NotFoundError);
    },
  ),
];
