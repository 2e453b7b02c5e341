/** What strangers learn and cause at the vendor’s door, and what its tokens say, on both databases. */
import {
  bootServer,
  claimsIn,
  databaseKinds,
  type Rw3issAnswer,
  type Rw3issPerson,
  rw3issCaller,
  rw3issPerson,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'Correct-horse-1';
const HOUR = 3_600_000;
const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

const signingIn = (server: TestServer) => {
  const stranger = rw3issCaller(server);
  return (email: string, password: string = PASSWORD, more: object = {}) =>
    stranger('POST', '/auth/login', { email, password, ...more });
};

const person = async (server: TestServer, email: string, more: object = {}) => {
  const made = await server.api('POST', '/users', { email, email_verified: true, password: PASSWORD, ...more });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body as { id: string };
};

describe.each(databaseKinds)('sign-in at the rw3iss door on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  let login: ReturnType<typeof signingIn>;
  beforeAll(async () => {
    server = await bootServer(kind);
    admin = await rw3issPerson(server);
    login = signingIn(server);
  });
  afterAll(() => server.stop());

  /** A user whose home is no pool, in the pool of every application. */
  const elsewhere = async () => {
    const email = `elsewhere-${kind}@example.com`;
    const { body } = await server.api('POST', '/connections', { name: `g-${kind}`, strategy: 'google-oauth2' });
    const { id } = await person(server, email, { connection: (body as { id: string }).id, password: undefined });
    expect((await server.api('PUT', `/users/${id}/pools/default`)).status).toBe(204);
    return { email, id };
  };

  it('takes who has no password here for a stranger, to the lockout', async () => {
    const { email, id } = await elsewhere();
    const answers: Rw3issAnswer[][] = [];
    for (let i = 0; i < 8; i++)
      answers.push(await Promise.all([login(email, 'wrong'), login(`nobody-${kind}@example.com`, 'wrong')]));
    for (const [known, unknown] of answers)
      expect([known?.status, known?.body]).toEqual([unknown?.status, unknown?.body]);
    expect(answers[0]?.[0]).toMatchObject(refused(401, 'INVALID_CREDENTIALS'));
    expect(answers[7]?.[0]).toMatchObject(refused(403, 'USER_SUSPENDED'));
    const mailing = { email, app_code: 'console' };
    const stranger = rw3issCaller(server);
    expect((await stranger('POST', '/auth/password/reset-request', mailing)).body).toEqual({ success: true });
    const mails = await server
      .work()
      .read((db) => db.selectFrom('mails').selectAll().where('user_id', '=', id).execute());
    expect(mails).toEqual([]);
    // In a pool and elsewhere, the one in the pool is meant.
    await person(server, email);
    server.clock.advance(HOUR);
    expect((await login(email)).status).toBe(200);
    admin = await rw3issPerson(server);
  });

  it('gives an application that grants itself at sign-in, not at a refresh', async () => {
    const code = `open-${kind}`;
    const made = await admin.call('POST', '/admin/apps', { code, name: 'Open', auto_grant_on_signup: true });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const { apps } = (await admin.call('GET', '/admin/apps')).body as { apps: { id: string; code: string }[] };
    const app = apps.find((each) => each.code === code) as { id: string };
    const email = `granted-${kind}@example.com`;
    await person(server, email);
    const signedIn = await rw3issPerson(server, { email, password: PASSWORD, app_code: code });
    const at = `/admin/users/${signedIn.id}/apps`;
    const granted = async () => {
      const { apps } = (await admin.call('GET', at)).body as { apps: { code: string }[] | null };
      return (apps ?? []).some((each) => each.code === code);
    };
    expect(await granted()).toBe(true);
    expect((await admin.call('DELETE', `${at}/${app.id}`)).status).toBe(204);
    const refresh = () =>
      rw3issCaller(server)('POST', '/auth/refresh', { refresh_token: signedIn.tokens.refresh_token });
    expect(await refresh()).toMatchObject(refused(403, 'FORBIDDEN'));
    expect(await granted()).toBe(false);
    expect((await login(email, PASSWORD, { app_code: code })).status).toBe(200);
    expect(await granted()).toBe(true);
    expect((await refresh()).status).toBe(200);
  });

  it('lets no rule say what the session is not', async () => {
    const names = [
      ...['imp_uid', 'imp_email', 'namespace', 'app_id', 'app_code', 'org_id', 'org_slug', 'org_name', 'remember_me'],
      ...['token_type', 'session_id', 'tv', 'uid', 'roles', 'permissions', 'auth_provider', 'api_id', 'email'],
      ...['first_name', 'last_name', 'display_name', 'sid', 'azp', 'imp', 'iss', 'aud', 'exp', 'nbf', 'jti'],
    ];
    const email = `ruled-${kind}@example.com`;
    await person(server, email);
    const plain = await rw3issPerson(server, { email, password: PASSWORD });
    const script = `function (user, context, callback) {
      for (const name of ${JSON.stringify(names)}) context.accessToken[name] = 'forged';
      context.accessToken['https://x/own'] = 'told';
      callback(null, user, context);
    }`;
    const rule = (await server.api('POST', '/rules', { name: `forge ${kind}`, script })).body as { id: string };
    const ruled = await rw3issPerson(server, { email, password: PASSWORD });
    const { body } = await rw3issCaller(server)('POST', '/auth/refresh', { refresh_token: ruled.tokens.refresh_token });
    await server.api('DELETE', `/rules/${rule.id}`);
    const { access_token: refreshed } = body as { access_token: string };
    for (const token of [ruled.tokens.access_token, refreshed]) {
      const claims = claimsIn(token);
      expect(Object.values(claims)).not.toContain('forged');
      expect(Object.keys(claims).toSorted()).toEqual(
        [...Object.keys(claimsIn(plain.tokens.access_token)), 'https://x/own'].toSorted(),
      );
    }
    expect((await rw3issCaller(server, refreshed)('GET', '/auth/me')).status).toBe(200);
  });

  it('takes the password that an administrator sets, where another one had to be set', async () => {
    const email = `resetting-${kind}@example.com`;
    const { id } = await person(server, email, { password_must_be_reset: true });
    expect(await login(email)).toMatchObject(refused(403, 'FORBIDDEN'));
    const { body } = await admin.call('POST', '/admin/users/lookup', { emails: [email] });
    const [{ id: user_id }] = (body as { users: [{ id: string }] }).users;
    const set = (new_password: string) => admin.call('POST', '/auth/admin/set-password', { user_id, new_password });
    expect((await set('Another-horse-2')).status).toBe(200);
    expect((await login(email, 'Another-horse-2')).status).toBe(200);
    expect((await set('Yet-another-horse-3')).status).toBe(200);
    const { body: told } = await server.api('GET', `/audit?event_types=user.password_changed&target=${id}&order=asc`);
    const change = { before: { password_must_be_reset: true }, after: { password_must_be_reset: false } };
    expect((told as { events: { data: unknown }[] }).events.map(({ data }) => data)).toEqual([change, null]);
  });
});

describe.each(databaseKinds)('attempts at the rw3iss door on %s', (kind) => {
  const using = async (limit: string, test: (server: TestServer) => Promise<void>) => {
    const server = await bootServer(kind, { environment: { REEVE_RATE_LIMIT: limit } });
    try {
      await test(server);
    } finally {
      await server.stop();
    }
  };

  it('are twenty for an address in an hour, whether anybody has it or not, until one succeeds', () =>
    using('100000', async (server) => {
      const login = signingIn(server);
      await person(server, 'guessed@example.com');
      const emails = ['guessed@example.com', 'nobody@example.com'] as const;
      for (const email of emails) {
        // Each in another case, and so slowly that no other bound is met.
        for (let i = 0; i < 20; i++) {
          expect((await login(i % 2 ? email.toUpperCase() : email, 'wrong')).status, `${email} ${i}`).not.toBe(429);
          server.clock.advance(60_000);
        }
        const over = await login(email);
        expect(over).toMatchObject(refused(429, 'RATE_LIMITED'));
        expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(60);
      }
      expect((await rw3issCaller(server)('POST', '/auth/login', { email: 'a@b.example', password: 'x' })).status).toBe(
        401,
      );
      server.clock.advance(HOUR);
      for (let i = 0; i < 6; i++) expect((await login(emails[0], 'wrong')).status).toBe(401);
      expect((await login(emails[0])).status).toBe(200);
      // Nothing of the six is left: twenty more are let through.
      for (let i = 0; i < 20; i++) {
        expect((await login(emails[0], 'wrong')).status, `${i}`).not.toBe(429);
        server.clock.advance(60_000);
      }
      expect((await login(emails[0])).status).toBe(429);
    }));

  it('are as many as one likes where limits are off, but for the lockout', () =>
    using('off', async (server) => {
      const login = signingIn(server);
      const statuses: number[] = [];
      for (let i = 0; i < 24; i++) statuses.push((await login('nobody@example.com', 'wrong')).status);
      expect(statuses).toEqual([...Array<number>(7).fill(401), ...Array<number>(17).fill(403)]);
    }));

  it('to have somebody mailed are answered alike, and mail five times an hour', () =>
    using('100000', async (server) => {
      const email = 'mailed@example.com';
      const { id } = await person(server, email, { email_verified: false });
      const stranger = rw3issCaller(server);
      const sent = () =>
        server.work().read((db) => db.selectFrom('mails').select('template').where('user_id', '=', id).execute());
      const before = (await sent()).length;
      for (const path of ['/auth/password/reset-request', '/auth/verify-email/resend']) {
        const answers = await Promise.all(Array.from({ length: 9 }, () => stranger('POST', path, { email })));
        for (const { status, body } of answers) expect([status, body]).toEqual([200, { success: true }]);
      }
      const templates = (await sent()).slice(before).map(({ template }) => template);
      expect(Map.groupBy(templates, (template) => template).get('reset_password')).toHaveLength(5);
      expect(templates).toHaveLength(10);
      server.clock.advance(HOUR + 1000);
      await stranger('POST', '/auth/password/reset-request', { email });
      expect(await sent()).toHaveLength(before + 11);
    }));
});
