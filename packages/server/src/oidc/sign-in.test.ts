/** Sign-in with a password: who gets tokens, what they say, and what everybody else is told. */
import {
  ADMIN_EMAIL,
  askForToken,
  bootServer,
  CLIENT_ID,
  claimsIn,
  databaseKinds,
  managementClient,
  type OAuthResponse,
  postForm,
  postJson,
  signInWith,
  type TestServer,
  withBearer,
} from '@reeve/testkit';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD_REALM } from './grants.ts';

const PASSWORD = 'a good long password';

describe.each(databaseKinds)('signing in on %s', (kind) => {
  let server: TestServer;
  let count = 0;
  beforeAll(async () => {
    server = await bootServer(kind, { realHashes: true });
  });
  afterAll(() => server.stop());

  interface Person {
    readonly id: string;
    readonly email: string;
  }
  const makeUser = async (more: object = {}): Promise<Person> => {
    const email = `person-${kind}-${count++}@example.test`;
    const made = await server.api('POST', '/users', { email, password: PASSWORD, email_verified: true, ...more });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body as Person;
  };
  const enter = (username: string, more: Record<string, string> = {}) =>
    signInWith(server, { username, password: PASSWORD, ...more });
  const expectRefused = (answer: OAuthResponse, code: string) =>
    expect(answer).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', code, error_description: expect.any(String) },
    });
  interface SeenEvent {
    readonly event_type: string;
    readonly request_id: string;
    readonly actor: { readonly type: string; readonly id: string | null; readonly application_id: string | null };
    readonly target: { readonly id: string | null };
    readonly data: Record<string, unknown> | null;
    readonly ip: string | null;
  }
  const eventsOf = async (answer: OAuthResponse): Promise<SeenEvent[]> => {
    const { body } = await server.api('GET', `/audit?request_id=${answer.headers.get('x-request-id')}`);
    return (body as { events: SeenEvent[] }).events;
  };
  const setSettings = async (settings: object) =>
    expect((await server.api('PATCH', '/tenant', { settings })).status).toBe(200);

  it('lets a user in by e-mail address, username or phone number, by form and by JSON', async () => {
    const { id, email } = await makeUser({ username: `Kim${kind}`, phone_number: '+491701234567' });
    for (const username of [email, email.toUpperCase(), `kim${kind}`, '+491701234567', '+49 (170) 123-4567']) {
      const answer = await enter(username);
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      expect(claimsIn(answer.body.access_token)).toMatchObject({ uid: id, azp: CLIENT_ID });
    }
    const ask = { grant_type: 'password', username: email, password: PASSWORD, ...managementClient };
    expect((await postJson(server, '/oauth/token', ask)).status).toBe(200);
    const user = (await server.api('GET', `/users/${id}`)).body as { sign_in_count: number; last_sign_in_at: string };
    expect(user.sign_in_count).toBe(6);
    expect(Math.abs(Date.parse(user.last_sign_in_at) - server.clock.now())).toBeLessThan(10_000);
  });

  it('lets nobody’s If-Match fail by a sign-in: the version counts what was set', async () => {
    const { id, email } = await makeUser();
    const read = await server.api('GET', `/users/${id}`);
    expect((await enter(email)).status).toBe(200);
    const after = await server.api('GET', `/users/${id}`);
    expect(after.headers.get('etag')).toBe(read.headers.get('etag'));
    expect(after.body).toMatchObject({
      sign_in_count: 1,
      updated_at: (read.body as { updated_at: string }).updated_at,
    });
    const ifMatch = { 'if-match': read.headers.get('etag') ?? '' };
    const changed = await server.api('PATCH', `/users/${id}`, { nickname: 'Kim' }, ifMatch);
    expect(changed).toMatchObject({ status: 200, body: { nickname: 'Kim', sign_in_count: 1 } });
    expect((await server.api('PATCH', `/users/${id}`, { nickname: 'Kay' }, ifMatch)).status).toBe(412);
    const signedIn = await server.api('GET', '/users?sort=-last_sign_in_at&limit=1');
    expect((signedIn.body as { users: { id: string }[] }).users[0]?.id).toBe(id);
  });

  it('makes a session that says where it came from, and tells the audit log', async () => {
    const { id, email } = await makeUser();
    const answer = await postForm(
      server,
      '/oauth/token',
      { grant_type: 'password', username: email, password: PASSWORD, ...managementClient },
      { 'user-agent': 'Test/1.0' },
    );
    const { sid } = claimsIn(answer.body.access_token) as { sid: string };
    const { body } = await server.api('GET', `/users/${id}/sessions`);
    expect((body as { sessions: object[] }).sessions).toEqual([
      expect.objectContaining({ id: sid, user_id: id, ip: '127.0.0.1', user_agent: 'Test/1.0' }),
    ]);
    const events = await eventsOf(answer);
    expect(events.map(({ event_type }) => event_type).sort()).toEqual([
      'session.created',
      'token.issued',
      'user.signed_in',
    ]);
    for (const event of events) {
      expect(event.actor).toMatchObject({ type: 'user', id });
      expect(event.actor.application_id).toMatch(/^app_/);
      expect(event.ip).toBe('127.0.0.1');
    }
    expect(JSON.stringify(events)).not.toContain(PASSWORD);
  });

  it('gives an id_token with openid and a refresh token with offline_access, and neither without', async () => {
    const { id, email } = await makeUser({ name: 'Ada Lovelace', given_name: 'Ada' });
    const plain = await enter(email);
    expect(plain.body).not.toHaveProperty('id_token');
    expect(plain.body).not.toHaveProperty('refresh_token');
    const full = await enter(email, { scope: 'openid profile email offline_access' });
    expect(full.body.scope).toBe('openid profile email offline_access');
    const { body: keys } = await withBearer(server, '', '/.well-known/jwks.json');
    const { payload, protectedHeader } = await jwtVerify(full.body.id_token ?? '', createLocalJWKSet(keys as never), {
      issuer: `${server.url}/`,
      audience: CLIENT_ID,
    });
    expect(protectedHeader.alg).toBe('RS256');
    const { body: user } = await server.api('GET', `/users/${id}`);
    const { subject } = (user as { identities: { subject: string }[] }).identities[0] as { subject: string };
    const expected = {
      sub: `auth0|${subject}`,
      uid: id,
      name: 'Ada Lovelace',
      given_name: 'Ada',
      email,
      email_verified: true,
    };
    expect(payload).toMatchObject({ ...expected, sid: expect.stringMatching(/^ses_/) });
    expect(claimsIn(full.body.access_token).sub).toBe(expected.sub);
    const info = await withBearer(server, full.body.access_token, '/userinfo');
    expect(info.body).toEqual({ ...expected, updated_at: expect.any(Number) });
    const posted = await postForm(server, '/userinfo', { access_token: full.body.access_token });
    expect(posted.body).toEqual(info.body);
    const narrow = await enter(email, { scope: 'openid' });
    expect((await withBearer(server, narrow.body.access_token, '/userinfo')).body).toEqual({
      sub: expected.sub,
      uid: id,
    });
    expect(claimsIn(narrow.body.id_token)).toMatchObject({ sub: expected.sub, uid: id });
  });

  it('opens /userinfo to no other token', async () => {
    const { email } = await makeUser();
    const without = await enter(email, { scope: 'profile' });
    expect((await withBearer(server, without.body.access_token, '/userinfo')).status).toBe(403);
    const own = await askForToken(server);
    const insufficient = await withBearer(server, own.body.access_token, '/userinfo');
    expect(insufficient).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
    expect(insufficient.headers.get('www-authenticate')).toBe('Bearer realm="reeve", error="insufficient_scope"');
    const none = await fetch(`${server.url}/userinfo`);
    expect(none.status).toBe(401);
    expect(none.headers.get('www-authenticate')).toBe('Bearer realm="reeve"');
    const { body } = await enter(email, { scope: 'openid' });
    const invalid = await withBearer(server, body.id_token, '/userinfo');
    expect([invalid.status, invalid.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="reeve", error="invalid_token"',
    ]);
  });

  it('gives management scopes to administrators only, and takes them away with the role', async () => {
    const { id, email } = await makeUser();
    const ordinary = await enter(email, { scope: 'openid users:read' });
    expect(ordinary.body.scope).toBe('openid');
    expect((await enter(email)).body).not.toHaveProperty('scope');
    expect((await withBearer(server, ordinary.body.access_token, '/api/v1/users')).status).toBe(403);
    const roles = (await server.api('GET', '/roles')).body as unknown as { roles: { id: string; code: string }[] };
    const role = roles.roles.find(({ code }) => code === 'super_admin') as { id: string };
    const granted = await server.api('PUT', `/users/${id}/roles`, { roles: [role.id] });
    expect(granted.status, JSON.stringify(granted.body)).toBe(200);
    const admin = await enter(email);
    expect(admin.body.scope).toContain('users:write');
    expect((await enter(email, { scope: 'users:read audit:read' })).body.scope).toBe('users:read audit:read');
    const inAuth0 = await enter(email, { audience: 'https://127.0.0.1/api/v2/', scope: 'openid read:users' });
    expect(inAuth0.body.scope).toBe('openid read:users');
    expect((await withBearer(server, admin.body.access_token, '/api/v1/users')).status).toBe(200);
    expect((await server.api('PUT', `/users/${id}/roles`, { roles: [] })).status).toBe(200);
    expect([401, 403]).toContain((await withBearer(server, admin.body.access_token, '/api/v1/users')).status);
    expect((await enter(email, { scope: 'users:read' })).body).not.toHaveProperty('scope');
    const unknown = await enter(email, { scope: 'users:reed' });
    expect(unknown).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
  });

  it('takes the realm for the connection, and looks nowhere else', async () => {
    const made = await server.api('POST', '/connections', { name: `Partners-${kind}` });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const connection = made.body as { name: string };
    const { email } = await makeUser({ connection: connection.name });
    const realm = { grant_type: PASSWORD_REALM, realm: connection.name };
    expect((await enter(email, realm)).status).toBe(200);
    expectRefused(await enter(email), 'invalid_credentials');
    expectRefused(await enter(email, { ...realm, realm: 'Username-Password-Authentication' }), 'invalid_credentials');
    expectRefused(await enter(email, { ...realm, realm: 'nowhere' }), 'unknown_connection');
    const without = await enter(email, { grant_type: PASSWORD_REALM });
    expect(without).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('tells who knows the password what stands against the sign-in, and nobody else', async () => {
    const disabled = await makeUser();
    await server.api('POST', `/users/${disabled.id}/disable`);
    const stale = await makeUser({ password_must_be_reset: true });
    const unverified = await makeUser({ email_verified: false });
    await setSettings({ require_verified_email: true });
    try {
      const cases: [Person, string][] = [
        [disabled, 'user_disabled'],
        [stale, 'password_must_be_reset'],
        [unverified, 'email_not_verified'],
      ];
      for (const [{ id, email }, code] of cases) {
        const answer = await enter(email);
        expectRefused(answer, code);
        expect(await eventsOf(answer)).toEqual(
          expect.arrayContaining([
            expect.objectContaining({ event_type: 'user.sign_in_failed', target: { type: 'user', id } }),
            expect.objectContaining({ event_type: 'token.refused' }),
          ]),
        );
        expectRefused(await enter(email, { password: 'wrong' }), 'invalid_credentials');
      }
    } finally {
      await setSettings({ require_verified_email: false });
    }
    expect((await enter(unverified.email)).status).toBe(200);
    expect((await server.api('GET', `/users/${disabled.id}/sessions`)).body).toMatchObject({ sessions: [] });
  });

  it('locks an account after seven failures for five minutes, the right password included', async () => {
    const { id, email } = await makeUser();
    for (let i = 0; i < 6; i++) expectRefused(await enter(email, { password: 'wrong' }), 'invalid_credentials');
    expect((await enter(email)).status).toBe(200);
    for (let i = 0; i < 6; i++) expectRefused(await enter(email, { password: 'wrong' }), 'invalid_credentials');
    const seventh = await enter(email, { password: 'wrong' });
    expectRefused(seventh, 'invalid_credentials');
    expect((await eventsOf(seventh)).map(({ event_type }) => event_type)).toContain('user.locked');
    expectRefused(await enter(email), 'user_locked');
    expectRefused(await enter(email, { password: 'wrong' }), 'user_locked');
    server.clock.advance(4 * 60_000);
    expectRefused(await enter(email), 'user_locked');
    server.clock.advance(61_000);
    expect((await enter(email)).status).toBe(200);
    for (let i = 0; i < 7; i++) await enter(email, { password: 'wrong' });
    expectRefused(await enter(email), 'user_locked');
    expect((await server.api('POST', `/users/${id}/enable`)).status).toBe(200);
    expect((await enter(email)).status).toBe(200);
  });

  it('treats an identifier that nobody has like one that somebody has', async () => {
    const { email } = await makeUser();
    const timed = async (username: string) => {
      const from = performance.now();
      const answer = await enter(username, { password: 'wrong' });
      return { answer, took: performance.now() - from };
    };
    const known: number[] = [];
    const unknown: number[] = [];
    for (let i = 0; i < 7; i++) {
      const one = await timed(email);
      const other = await timed(`nobody-${kind}@example.test`);
      known.push(one.took);
      unknown.push(other.took);
      expect(other.answer.body).toEqual(one.answer.body);
      expect(other.answer.status).toBe(one.answer.status);
    }
    const middle = (times: number[]) => times.sort((a, b) => a - b)[3] as number;
    expect(middle(unknown) / middle(known)).toBeGreaterThan(0.4);
    expect(middle(unknown) / middle(known)).toBeLessThan(2.5);
    expectRefused((await timed(email)).answer, 'user_locked');
    expectRefused((await timed(`nobody-${kind}@example.test`)).answer, 'user_locked');
  });

  it('counts failures that come at once, and lets no right guess through the lock', async () => {
    const { id, email } = await makeUser();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => enter(email, { password: i === 39 ? PASSWORD : `guess ${i}` })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(0);
    const { body } = await server.api('GET', `/audit?target=${id}&event_types=user.locked`);
    expect((body as { events: object[] }).events).toHaveLength(1);
    expectRefused(await enter(email), 'user_locked');
  });

  it('refuses a user whose password was changed while it was being checked', async () => {
    const { id, email } = await makeUser();
    const changed = server.api('PATCH', `/users/${id}`, { password: 'another good password' });
    const [answer] = await Promise.all([enter(email), changed]);
    // Either the sign-in came first, and its session ended with the change, or it came second and is refused.
    if (answer.status === 200) {
      const used = await withBearer(server, answer.body.access_token, '/userinfo');
      expect(used.status).toBe(401);
    } else {
      expectRefused(answer, 'invalid_credentials');
    }
    expectRefused(await enter(email), 'invalid_credentials');
    expect((await enter(email, { password: 'another good password' })).status).toBe(200);
  });

  it('takes imported hashes as they are and renews them at the first sign-in', async () => {
    const { id, email } = await makeUser();
    const { num } = await server
      .work()
      .read((db) => db.selectFrom('users').select('num').where('id', '=', id).executeTakeFirstOrThrow());
    const put = (hash: string) =>
      server.work().write(async ({ db }) => {
        await db.updateTable('credentials').set({ password_hash: hash }).where('user_num', '=', num).execute();
      });
    const stored = () =>
      server
        .work()
        .read((db) => db.selectFrom('credentials').selectAll().where('user_num', '=', num).executeTakeFirstOrThrow());
    const before = await stored();
    const hashes: [password: string, stored: string][] = [
      [
        'correct horse',
        '{"algorithm":"bcrypt","value":"$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"}',
      ],
      ['password', '$argon2i$v=19$m=4096,t=3,p=1$cmFuZG9tc2FsdGlzaGFyZA$YMvo8AUoNtnKYGqeODruCjHdiEbl1pKL2MsYy9VgU/E'],
      ['test12345', '{"algorithm":"phpass","value":"$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"}'],
    ];
    for (const [password, hash] of hashes) {
      await put(hash);
      expectRefused(await enter(email, { password: `${password}!` }), 'invalid_credentials');
      expect((await stored()).password_hash).toBe(hash);
      expect((await enter(email, { password })).status).toBe(200);
      const renewed = await stored();
      expect(renewed.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      expect(renewed.changed_at).toBe(before.changed_at);
      expect((await enter(email, { password })).status).toBe(200);
      expect((await stored()).password_hash).toBe(renewed.password_hash);
    }
    for (const broken of ['not a hash', '{"algorithm":"toString"}', '{}', '$argon2id$v=19$m=19456,t=2,p=1$x']) {
      await put(broken);
      expectRefused(await enter(email), 'invalid_credentials');
      await server.work().write(({ db }) => db.deleteFrom('lockouts').where('user_num', '=', num).execute());
    }
  });

  it('ends the session when its time is over', async () => {
    const { id, email } = await makeUser();
    await setSettings({ session_lifetime: 600 });
    const answer = await enter(email, { scope: 'openid offline_access' });
    await setSettings({ session_lifetime: 30 * 86_400 });
    expect(answer.body.expires_in).toBe(600);
    server.clock.advance(601_000);
    expect((await withBearer(server, answer.body.access_token, '/userinfo')).status).toBe(401);
    const refreshed = await postForm(server, '/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: answer.body.refresh_token ?? '',
      ...managementClient,
    });
    expect(refreshed).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await server.api('GET', `/users/${id}/sessions`)).body).toMatchObject({ sessions: [], next_cursor: null });
  });

  it('needs all that it needs', async () => {
    for (const name of ['username', 'password']) {
      const answer = await signInWith(server, { [name]: '' });
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
      expect(answer.body.error_description).toContain(name);
    }
    expectRefused(await signInWith(server, { password: 'x'.repeat(5000) }), 'invalid_credentials');
    expect(ADMIN_EMAIL).toContain('@');
  });
});

describe('limits of failed attempts', () => {
  it('stop an address that tries one password on many accounts', async () => {
    const server = await bootServer('sqlite', { environment: { REEVE_RATE_LIMIT: '100000' } });
    try {
      const answers: OAuthResponse[] = [];
      for (let i = 0; i < 102; i++) answers.push(await signInWith(server, { username: `spray-${i}@example.test` }));
      expect(answers.slice(0, 100).every(({ body }) => body.code === 'invalid_credentials')).toBe(true);
      const last = answers.at(-1) as OAuthResponse;
      expect(last).toMatchObject({ status: 429, body: { error: 'invalid_grant', code: 'too_many_attempts' } });
      expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await signInWith(server)).status).toBe(429);
      server.clock.advance(5 * 60_000 + 1000);
      expect((await signInWith(server)).status).toBe(200);
    } finally {
      await server.stop();
    }
  });

  it('stop an address that fails to authenticate again and again', async () => {
    const server = await bootServer('sqlite', { environment: { REEVE_RATE_LIMIT: '100000' } });
    try {
      const wrong = () => askForToken(server, { client_secret: 'wrong' });
      for (let i = 0; i < 300; i++) expect((await wrong()).status).toBe(401);
      const stopped = await wrong();
      expect(stopped.status).toBe(429);
      expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await askForToken(server)).status).toBe(429);
      server.clock.advance(5 * 60_000 + 1000);
      expect((await askForToken(server)).status).toBe(200);
    } finally {
      await server.stop();
    }
  });
});
