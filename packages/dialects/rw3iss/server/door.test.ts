/** Signing in, going on and signing out through the vendor's door, on both databases. */
import {
  ADMIN_EMAIL,
  ADMIN_PASSWORD,
  bootServer,
  claimsIn,
  databaseKinds,
  headerIn,
  RW3ISS_PASSWORD as PASSWORD,
  type Rw3issPerson,
  rw3issCaller,
  rw3issPerson,
  rw3issUser,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const error = (status: number, code: string, field?: string) => ({
  status,
  body: {
    error: { code, message: expect.stringMatching(/\S/), details: field === undefined ? expect.anything() : { field } },
  },
});
const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

describe.each(databaseKinds)('the rw3iss door on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  beforeAll(async () => {
    server = await bootServer(kind);
    admin = await rw3issPerson(server);
  });
  afterAll(() => server.stop());

  const stranger = () => rw3issCaller(server);
  const refresh = (refresh_token: string, more: object = {}) =>
    stranger()('POST', '/auth/refresh', { refresh_token, ...more });
  /** A native user, signed in here with the password. */
  const newUser = (more: object = {}) => rw3issUser(server, more);
  const signedIn = async (more: object = {}) => {
    const { email, native } = await newUser(more);
    return { email, native, ...(await rw3issPerson(server, { email, password: PASSWORD })) };
  };

  describe('sign-in', () => {
    it('answers the user, the pair and the roles, and the token carries the vendor’s claims', async () => {
      const answer = await stranger()('POST', '/auth/login', { email: ` ${ADMIN_EMAIL} `, password: ADMIN_PASSWORD });
      expect(answer).toMatchObject({
        status: 200,
        body: {
          user: { id: admin.id, email: ADMIN_EMAIL, status: 'active', auth_provider: 'local' },
          tokens: { token_type: 'Bearer', expires_in: 900, expires_at: expect.stringMatching(/^\d{4}-.*:\d\dZ$/) },
          roles: ['system_admin'],
        },
      });
      const { tokens } = answer.body as { tokens: Rw3issPerson['tokens'] };
      expect(headerIn(tokens.access_token)).toMatchObject({ alg: 'RS256' });
      const claims = claimsIn(tokens.access_token);
      expect(claims).toMatchObject({
        sub: admin.id,
        uid: admin.id,
        email: ADMIN_EMAIL,
        roles: ['system_admin'],
        token_type: 'access',
        session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        app_code: 'console',
      });
      for (const absent of ['imp_uid', 'imp_email', 'remember_me', 'namespace'])
        expect(claims).not.toHaveProperty(absent);
    });

    it('refuses alike who is unknown and who is wrong, and says what else stands against it', async () => {
      const { email } = await newUser();
      const login = (body: object) => stranger()('POST', '/auth/login', body);
      const wrong = await login({ email, password: 'nope' });
      expect(wrong).toMatchObject(refused(401, 'INVALID_CREDENTIALS'));
      expect((await login({ email: 'nobody@example.com', password: 'nope' })).body).toEqual(wrong.body);
      expect(await login({ email, password: PASSWORD, app_code: 'no-such-app' })).toMatchObject(
        refused(404, 'NOT_FOUND'),
      );
      expect(await login({ email, password: PASSWORD, organization_id: 'x' })).toMatchObject(
        error(400, 'INVALID_INPUT', 'organization_id'),
      );
      expect(await login({ email, password: PASSWORD, colour: 'red' })).toMatchObject(
        error(400, 'INVALID_INPUT', 'colour'),
      );
      const { email: suspended, native } = await newUser();
      await server.api('POST', `/users/${native}/disable`);
      expect(await login({ email: suspended, password: PASSWORD })).toMatchObject(refused(403, 'USER_SUSPENDED'));
    });

    it('locks after seven failures, until the lockout is lifted', async () => {
      const { email, native } = await newUser();
      const login = (password: string) => stranger()('POST', '/auth/login', { email, password });
      for (let i = 0; i < 7; i++) expect((await login('nope')).status).toBe(i < 6 ? 401 : 401);
      expect(await login(PASSWORD)).toMatchObject(refused(403, 'USER_SUSPENDED'));
      const { body } = await admin.call('POST', '/admin/users/lookup', { emails: [email] });
      const [{ id }] = (body as { users: [{ id: string }] }).users;
      expect((await admin.call('POST', `/admin/users/${id}/reset-lockout`)).body).toEqual({ success: true });
      expect((await login(PASSWORD)).status).toBe(200);
      const { body: told } = await server.api('GET', `/audit?event_types=user.unlocked&target=${native}`);
      expect((told as { events: unknown[] }).events).toHaveLength(1);
    });

    it('asks for the second factor where there is one', async () => {
      const { email, native } = await newUser();
      const made = await server.api('POST', `/users/${native}/authentication-methods`, { type: 'totp' });
      const { id: methodId, totp_secret: secret } = made.body as { id: string; totp_secret: string };
      const { totpCodeAt } = await import('@reeve/core');
      const code = (shift = 0) => totpCodeAt(secret, server.clock.now() + shift * 30_000);
      const confirmed = await server.api('POST', `/users/${native}/authentication-methods/${methodId}/verify`, {
        code: code(),
      });
      expect(confirmed.status, JSON.stringify(confirmed.body)).toBe(200);
      const login = (more: object = {}) => stranger()('POST', '/auth/login', { email, password: PASSWORD, ...more });
      expect(await login()).toMatchObject({ status: 401, body: { requires_2fa: true } });
      expect((await login()).body).toEqual({ requires_2fa: true });
      expect(await login({ two_factor_code: '000000' })).toMatchObject(refused(401, 'INVALID_CREDENTIALS'));
      const next = await login({ two_factor_code: code(1) });
      expect(next).toMatchObject({ status: 200, body: { user: { two_factor_enabled: true } } });
    });
  });

  describe('refresh', () => {
    it('rotates, answers both envelopes, and ends the session when a token comes again', async () => {
      const person = await signedIn();
      const first = await refresh(person.tokens.refresh_token);
      expect(first.status).toBe(200);
      const { tokens, ...pair } = first.body as { tokens: Rw3issPerson['tokens'] };
      expect(pair).toEqual(tokens);
      const session = (token: string) => claimsIn(token).session_id;
      expect(session(tokens.access_token)).toBe(session(person.tokens.access_token));
      const again = rw3issCaller(server, tokens.access_token);
      expect((await again('GET', '/auth/me')).status).toBe(200);
      expect(await refresh(person.tokens.refresh_token)).toMatchObject(refused(401, 'TOKEN_REVOKED'));
      expect(await refresh(tokens.refresh_token)).toMatchObject(refused(401, 'TOKEN_INVALID'));
      expect(await again('GET', '/auth/me')).toMatchObject(refused(401, 'TOKEN_REVOKED'));
    });

    it('gives at most one of two that come at once a new pair', async () => {
      const { tokens } = await signedIn();
      const both = await Promise.all([refresh(tokens.refresh_token), refresh(tokens.refresh_token)]);
      expect(both.map(({ status }) => status).toSorted()).toEqual([200, 401]);
    });

    it('refuses what is no token, what has expired, and whom the application lets in no longer', async () => {
      expect(await refresh('nonsense')).toMatchObject(refused(401, 'TOKEN_INVALID'));
      const code = `gated-${kind}`;
      await admin.call('POST', '/admin/apps', { code, name: 'Gated' });
      const { email } = await newUser();
      const login = { email, password: PASSWORD, app_code: code };
      expect(await stranger()('POST', '/auth/login', login)).toMatchObject(refused(403, 'FORBIDDEN'));
      const { body } = await admin.call('POST', '/admin/users/lookup', { emails: [email] });
      const [{ id }] = (body as { users: [{ id: string }] }).users;
      const { apps } = (await admin.call('GET', '/admin/apps')).body as { apps: { id: string; code: string }[] };
      const app = apps.find((each) => each.code === code) as { id: string };
      const grants = await Promise.all([1, 2].map(() => admin.call('POST', `/admin/users/${id}/apps/${app.id}`)));
      expect(grants.map(({ status }) => status)).toEqual([204, 204]);
      const person = await rw3issPerson(server, login);
      expect(claimsIn(person.tokens.access_token)).toMatchObject({ app_code: code, app_id: app.id });
      expect((await admin.call('DELETE', `/admin/users/${id}/apps/${app.id}`)).status).toBe(204);
      expect(await refresh(person.tokens.refresh_token)).toMatchObject(refused(403, 'FORBIDDEN'));
      // The refusal used nothing up.
      await admin.call('POST', `/admin/users/${id}/apps/${app.id}`);
      expect((await refresh(person.tokens.refresh_token)).status).toBe(200);
    });

    it('lasts longer where the sign-in is to be remembered', async () => {
      const { email } = await newUser();
      const short = await rw3issPerson(server, { email, password: PASSWORD });
      const long = await rw3issPerson(server, { email, password: PASSWORD, remember_me: true });
      expect(claimsIn(long.tokens.access_token).remember_me).toBe(true);
      server.clock.advance(8 * 86_400_000);
      expect(await refresh(short.tokens.refresh_token)).toMatchObject(refused(401, 'TOKEN_EXPIRED'));
      expect((await refresh(long.tokens.refresh_token)).status).toBe(200);
      admin = await rw3issPerson(server);
    });
  });

  describe('sign-out', () => {
    it('needs the refresh token alone, and ends the session', async () => {
      const person = await signedIn();
      expect((await stranger()('POST', '/auth/logout', { refresh_token: person.tokens.refresh_token })).body).toEqual({
        success: true,
      });
      expect(await person.call('GET', '/auth/me')).toMatchObject(refused(401, 'TOKEN_REVOKED'));
      expect(await refresh(person.tokens.refresh_token)).toMatchObject(refused(401, 'TOKEN_INVALID'));
      expect((await stranger()('POST', '/auth/logout', { refresh_token: 'gone' })).status).toBe(200);
    });

    it('of all sessions ends all of them', async () => {
      const { email, ...first } = await signedIn();
      const second = await rw3issPerson(server, { email, password: PASSWORD });
      const { body: listed } = await second.call('GET', '/auth/sessions');
      expect((listed as { is_current?: true }[]).filter(({ is_current }) => is_current)).toHaveLength(1);
      expect(listed).toHaveLength(2);
      expect((await second.call('POST', '/auth/logout/all')).body).toEqual({ success: true });
      for (const { call } of [first, second])
        expect(await call('GET', '/auth/me')).toMatchObject(refused(401, 'TOKEN_REVOKED'));
    });
  });

  describe('tokens', () => {
    it('are for this door alone, and other doors’ tokens are not for it', async () => {
      const person = await signedIn();
      const native = await fetch(`${server.url}/api/v1/users`, {
        headers: { authorization: `Bearer ${admin.tokens.access_token}` },
      });
      expect(native.status).toBe(401);
      expect(await rw3issCaller(server, await server.token())('GET', '/auth/me')).toMatchObject(
        refused(401, 'TOKEN_INVALID'),
      );
      expect(await stranger()('GET', '/auth/me')).toMatchObject(refused(401, 'UNAUTHORIZED'));
      expect(await person.call('GET', '/admin/users')).toMatchObject(refused(403, 'INSUFFICIENT_PERMISSIONS'));
    });

    it('tell who it is, and go out of date after fifteen minutes', async () => {
      const person = await signedIn({ given_name: 'Ada', family_name: 'Lovelace' });
      expect((await person.call('GET', '/auth/me')).body).toMatchObject({
        user_id: person.id,
        email: person.email,
        first_name: 'Ada',
        last_name: 'Lovelace',
        roles: [],
      });
      server.clock.advance(901_000);
      expect(await person.call('GET', '/auth/me')).toMatchObject(refused(401, 'TOKEN_EXPIRED'));
      expect((await refresh(person.tokens.refresh_token)).status).toBe(200);
      admin = await rw3issPerson(server);
    });
  });
});
