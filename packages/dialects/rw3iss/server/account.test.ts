/** What people do with their own account through the vendor's door, and what strangers are not told. */
import { totpCodeAt } from '@reeve/core';
import {
  bootServer,
  databaseKinds,
  RW3ISS_PASSWORD as PASSWORD,
  type Rw3issPerson,
  readMail,
  rw3issCaller,
  rw3issPerson,
  rw3issUser,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const NEXT = 'Another-horse-2';
const refused = (status: number, code: string, field?: string) => ({
  status,
  body: { error: { code, ...(field === undefined ? {} : { details: { field } }) } },
});

describe.each(databaseKinds)('one’s own account through the rw3iss door on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  beforeAll(async () => {
    server = await bootServer(kind, { realHashes: true });
    admin = await rw3issPerson(server);
  });
  afterAll(() => server.stop());

  const newUser = (more: object = {}) => rw3issUser(server, more);
  const login = (email: string, password = PASSWORD, more: object = {}) =>
    rw3issCaller(server)('POST', '/auth/login', { email, password, ...more });
  const signedIn = async (more: object = {}) => {
    const user = await newUser(more);
    return { ...user, ...(await rw3issPerson(server, { email: user.email, password: PASSWORD })) };
  };
  const stranger = (verb: string, path: string, body: object) => rw3issCaller(server)(verb, path, body);
  const isAlive = async ({ call }: Pick<Rw3issPerson, 'call'>) => (await call('GET', '/auth/me')).status === 200;
  const mailsTo = (email: string) =>
    server.work().read(async (db) => {
      const rows = await db.selectFrom('mails').select('template').where('recipient', '=', email).execute();
      return rows.map(({ template }) => template);
    });
  const events = async (query: string) =>
    ((await server.api('GET', `/audit?${query}`)).body as { events: { actor: object; data: object }[] }).events;

  describe('changing the password', () => {
    const change = ({ call }: Rw3issPerson, current_password: string, new_password: string) =>
      call('POST', '/auth/password/change', { current_password, new_password });

    it('needs the present one, and leaves the sessions', async () => {
      const user = await signedIn();
      expect(await change(user, PASSWORD, NEXT)).toMatchObject({ status: 200, body: { success: true } });
      expect(await isAlive(user)).toBe(true);
      expect(await login(user.email)).toMatchObject(refused(401, 'INVALID_CREDENTIALS'));
      expect((await login(user.email, NEXT)).status).toBe(200);
    });

    it('refuses a wrong one, and a new one that is too simple', async () => {
      const user = await signedIn();
      expect(await change(user, 'wrong', NEXT)).toMatchObject(refused(401, 'INVALID_CREDENTIALS'));
      expect(await change(user, PASSWORD, 'simple')).toMatchObject(refused(400, 'VALIDATION_ERROR', 'password'));
      expect(await change(user, PASSWORD, 'Sh0rt')).toMatchObject(refused(400, 'VALIDATION_ERROR', 'password'));
      expect(await change(user, '', NEXT)).toMatchObject(refused(400, 'INVALID_INPUT', 'current_password'));
      expect(await change(user, 'x'.repeat(1025), NEXT)).toMatchObject(
        refused(400, 'INVALID_INPUT', 'current_password'),
      );
      expect((await login(user.email)).status).toBe(200);
      expect(await events(`event_types=user.password_changed&target=${user.native}`)).toEqual([]);
      expect(await events(`event_types=user.sign_in_failed&target=${user.native}`)).toMatchObject([
        { actor: { type: 'user', id: user.native }, data: { reason: 'invalid_credentials' } },
      ]);
    });

    it('is no way to guess: failures lock as at sign-in', async () => {
      const user = await signedIn();
      for (let i = 0; i < 7; i++)
        expect(await change(user, `wrong-${i}`, NEXT), String(i)).toMatchObject(refused(401, 'INVALID_CREDENTIALS'));
      expect(await change(user, PASSWORD, NEXT)).toMatchObject(refused(403, 'USER_SUSPENDED'));
      expect(await login(user.email)).toMatchObject(refused(403, 'USER_SUSPENDED'));
      expect(await events(`event_types=user.locked&target=${user.native}`)).toHaveLength(1);
      server.clock.advance(5 * 60_000 + 1000);
      expect((await change(user, PASSWORD, NEXT)).status).toBe(200);
    });

    it('guessed many times at once locks once', async () => {
      const user = await signedIn();
      const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => change(user, `wrong-${i}`, NEXT)));
      const codes = answers.map(({ body }) => (body as { error: { code: string } }).error.code).toSorted();
      expect(codes.filter((code) => code === 'INVALID_CREDENTIALS')).toHaveLength(7);
      expect(codes.filter((code) => code === 'USER_SUSPENDED')).toHaveLength(5);
      expect(await events(`event_types=user.locked&target=${user.native}`)).toHaveLength(1);
    });
  });

  describe('a forgotten password', () => {
    const ask = (email: string, more: object = {}) =>
      stranger('POST', '/auth/password/reset-request', { email, ...more });
    const reset = (token: string, new_password: string) =>
      stranger('POST', '/auth/password/reset', { token, new_password });

    it('is replaced by the token of the mailed link, once, and ends every session', async () => {
      const user = await signedIn({ email_verified: false });
      expect(await ask(` ${user.email.toUpperCase()} `)).toMatchObject({ status: 200, body: { success: true } });
      const { ticket } = await readMail(server, user.email);
      expect(await reset(ticket, 'simple')).toMatchObject(refused(400, 'VALIDATION_ERROR', 'password'));
      expect(await reset(ticket, NEXT)).toMatchObject({ status: 200, body: { success: true } });
      expect(await isAlive(user)).toBe(false);
      expect((await login(user.email, NEXT)).body).toMatchObject({ user: { email_verified: true } });
      expect(await reset(ticket, NEXT)).toMatchObject(refused(401, 'TOKEN_INVALID'));
      expect(await reset('nonsense', NEXT)).toMatchObject(refused(401, 'TOKEN_INVALID'));
      await ask(user.email);
      const late = await readMail(server, user.email);
      server.clock.advance(7 * 86_400_000);
      expect(await reset(late.ticket, PASSWORD)).toMatchObject(refused(401, 'TOKEN_EXPIRED'));
      admin = await rw3issPerson(server);
    });

    it('is asked for without being told who exists', async () => {
      const { email } = await newUser();
      const suspended = await newUser();
      await server.api('POST', `/users/${suspended.native}/disable`);
      const known = await ask(email);
      for (const other of [suspended.email, `nobody-${kind}@example.com`, 'no address']) {
        const answer = await ask(other);
        expect([answer.status, answer.body], other).toEqual([known.status, known.body]);
        expect(await mailsTo(other), other).toEqual([]);
      }
      expect(await mailsTo(email)).toEqual(['reset_password']);
      // In either case the audit log has it.
      const asked = await events('event_types=user.password_reset_requested&limit=4');
      expect(asked.map(({ data }) => (data as { mailed?: boolean } | null)?.mailed ?? true)).toEqual([
        false,
        false,
        false,
        true,
      ]);
      expect(await ask(email, { app_code: 'nonsense' })).toMatchObject(refused(404, 'NOT_FOUND'));
    });

    it('is looked for in the application’s own pools only', async () => {
      const code = `own-pool-${kind}`;
      const body = { code, name: code, registration_namespace: `own-${kind}` };
      expect((await admin.call('POST', '/admin/apps', body)).status).toBe(201);
      const { email } = await newUser();
      expect((await ask(email, { app_code: code })).status).toBe(200);
      expect(await mailsTo(email)).toEqual([]);
      expect((await ask(email)).status).toBe(200);
      expect(await mailsTo(email)).toEqual(['reset_password']);
    });

    it('is not set over the one that a link brings', async () => {
      const { native, email } = await newUser();
      const made = await server.api('POST', `/users/${native}/tickets/password-change`, { new_password: NEXT });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
      const ticket = new URL((made.body as { ticket: string }).ticket).searchParams.get('ticket') as string;
      expect(await reset(ticket, 'A-third-horse-3')).toMatchObject(refused(400, 'VALIDATION_ERROR', 'token'));
      expect((await login(email)).status).toBe(200);
    });
  });

  describe('verifying the address', () => {
    const resend = (email: string) => stranger('POST', '/auth/verify-email/resend', { email });
    const verify = (token: string) => stranger('POST', '/auth/verify-email', { token });

    it('works by the token of the mailed link, once', async () => {
      const user = await signedIn({ email_verified: false });
      expect((await login(user.email)).body).toMatchObject({ user: { status: 'pending' } });
      expect(await resend(user.email)).toMatchObject({ status: 200, body: { success: true } });
      const { ticket } = await readMail(server, user.email);
      expect(await verify(ticket)).toMatchObject({ status: 200, body: { success: true } });
      expect((await login(user.email)).body).toMatchObject({ user: { email_verified: true, status: 'active' } });
      expect(await verify(ticket)).toMatchObject(refused(401, 'TOKEN_INVALID'));
      // A link of another kind is none.
      await stranger('POST', '/auth/password/reset-request', { email: user.email });
      expect(await verify((await readMail(server, user.email)).ticket)).toMatchObject(refused(401, 'TOKEN_INVALID'));
    });

    it('is asked for without being told who exists, or has done so', async () => {
      const [done, open] = [await newUser(), await newUser({ email_verified: false })];
      const known = await resend(open.email);
      for (const other of [done.email, `nobody-${kind}@example.com`]) {
        const answer = await resend(other);
        expect([answer.status, answer.body], other).toEqual([known.status, known.body]);
        expect(await mailsTo(other), other).toEqual([]);
      }
      expect(await mailsTo(open.email)).toEqual(['verify_email']);
    });
  });

  describe('the second factor', () => {
    const codeOf = (secret: string) => totpCodeAt(secret, server.clock.now());
    /** Codes are right once; the next one is for the next half minute. */
    const nextCode = (secret: string) => {
      server.clock.advance(30_000);
      return codeOf(secret);
    };
    const setUp = async ({ call }: Rw3issPerson) => {
      const { status, body } = await call('POST', '/auth/2fa/setup', {});
      expect(status, JSON.stringify(body)).toBe(200);
      return body as { secret: string; provisioning_uri: string };
    };
    const enable = ({ call }: Rw3issPerson, code: string) => call('POST', '/auth/2fa/enable', { code });
    const disable = ({ call }: Rw3issPerson, password: string, code: string) =>
      call('POST', '/auth/2fa/disable', { password, code });

    it('is set up, enabled by a code and asked for at sign-in', async () => {
      const user = await signedIn();
      expect(await enable(user, '123456')).toMatchObject(refused(400, 'VALIDATION_ERROR'));
      const first = await setUp(user);
      const { secret, provisioning_uri } = await setUp(user);
      expect(secret).not.toBe(first.secret);
      expect(provisioning_uri).toMatch(new RegExp(`^otpauth://totp/.*secret=${secret}`));
      expect((await login(user.email)).status, 'not before it is enabled').toBe(200);
      expect(await enable(user, codeOf(first.secret))).toMatchObject(refused(400, 'VALIDATION_ERROR'));
      for (const wrong of ['000000', 'x'])
        expect(await enable(user, wrong)).toMatchObject(refused(400, 'VALIDATION_ERROR'));
      expect((await enable(user, nextCode(secret))).status).toBe(204);
      expect(await login(user.email)).toMatchObject({ status: 401, body: { requires_2fa: true } });
      const answer = await login(user.email, PASSWORD, { two_factor_code: nextCode(secret) });
      expect(answer).toMatchObject({ status: 200, body: { user: { two_factor_enabled: true } } });
      expect(await user.call('POST', '/auth/2fa/setup', {})).toMatchObject(refused(409, 'CONFLICT'));
    });

    it('is disabled by password and code, which ends the tokens', async () => {
      const user = await signedIn();
      expect(await disable(user, PASSWORD, '123456')).toMatchObject(refused(400, 'VALIDATION_ERROR'));
      const { secret } = await setUp(user);
      expect((await enable(user, codeOf(secret))).status).toBe(204);
      expect(await disable(user, 'wrong', nextCode(secret))).toMatchObject(refused(401, 'INVALID_CREDENTIALS'));
      expect(await disable(user, PASSWORD, '000000')).toMatchObject(refused(401, 'INVALID_CREDENTIALS', 'code'));
      expect(await disable(user, PASSWORD, '')).toMatchObject(refused(401, 'INVALID_CREDENTIALS', 'code'));
      expect((await disable(user, PASSWORD, nextCode(secret))).status).toBe(204);
      expect(await user.call('GET', '/auth/me')).toMatchObject(refused(401, 'TOKEN_REVOKED'));
      const { status } = await stranger('POST', '/auth/refresh', { refresh_token: user.tokens.refresh_token });
      expect(status).toBe(200);
      expect((await login(user.email)).body).toMatchObject({ user: { two_factor_enabled: false } });
    });

    it('is guessed seven times at most', async () => {
      const user = await signedIn();
      const { secret } = await setUp(user);
      expect((await enable(user, codeOf(secret))).status).toBe(204);
      for (let i = 0; i < 7; i++) await disable(user, PASSWORD, `00000${i}`);
      expect(await disable(user, PASSWORD, nextCode(secret))).toMatchObject(refused(429, 'RATE_LIMITED'));
    });
  });

  describe('deleting it', () => {
    const remove = ({ call }: Rw3issPerson, password = PASSWORD, confirmation = 'DELETE') =>
      call('DELETE', '/me/account', { password, confirmation });

    it('needs the password and the word, and leaves only that it was', async () => {
      const user = await signedIn();
      expect(await remove(user, 'wrong')).toMatchObject(refused(401, 'INVALID_CREDENTIALS'));
      expect(await remove(user, PASSWORD, 'delete')).toMatchObject(refused(400, 'VALIDATION_ERROR', 'confirmation'));
      expect(await isAlive(user)).toBe(true);
      expect((await remove(user)).status).toBe(204);
      expect(await isAlive(user)).toBe(false);
      expect(await login(user.email)).toMatchObject(refused(401, 'INVALID_CREDENTIALS'));
      expect((await server.api('GET', `/users/${user.native}`)).status).toBe(404);
      expect(await events(`event_types=user.erased&target=${user.native}`)).toMatchObject([
        { actor: { type: 'user', id: user.native }, data: { reason: 'self' } },
      ]);
    });

    it('is refused to the owner of an organization, and to the last administrator', async () => {
      const user = await signedIn();
      const made = await server.api('POST', '/organizations', { name: `owned-${kind}`, owner_id: user.native });
      expect(await remove(user)).toMatchObject(refused(409, 'CONFLICT'));
      await server.api('DELETE', `/organizations/${(made.body as { id: string }).id}`);
      const again = await rw3issPerson(server, { email: user.email, password: PASSWORD });
      expect((await remove(again)).status).toBe(204);
      const boss = await rw3issPerson(server);
      expect(await remove(boss, 'correct horse battery')).toMatchObject(refused(409, 'CONFLICT'));
      expect(await isAlive(boss)).toBe(true);
    });
  });

  it('is nothing for who acts as the user', async () => {
    const user = await signedIn();
    const { body } = await (await rw3issPerson(server)).call('POST', `/admin/users/${user.id}/impersonate`, {
      reason: 'to see',
    });
    const { tokens } = body as { tokens: { access_token: string } };
    const call = rw3issCaller(server, tokens.access_token);
    expect((await call('GET', '/me/orgs')).status).toBe(200);
    for (const [verb, path, more] of [
      ['POST', '/auth/password/change', { current_password: PASSWORD, new_password: NEXT }],
      ['POST', '/auth/2fa/setup', {}],
      ['POST', '/auth/2fa/enable', { code: '123456' }],
      ['POST', '/auth/2fa/disable', { password: PASSWORD, code: '123456' }],
      ['DELETE', '/me/account', { password: PASSWORD, confirmation: 'DELETE' }],
    ] as const)
      expect(await call(verb, path, more), path).toMatchObject(refused(403, 'FORBIDDEN'));
    expect((await login(user.email)).status).toBe(200);
  });
});
