/** Refresh tokens: rotation, what using one twice does, and what ends them. */
import {
  bootServer,
  CLIENT_ID,
  claimsIn,
  databaseKinds,
  managementClient,
  type OAuthResponse,
  postForm,
  postJson,
  refreshWith,
  signInWith,
  type TestServer,
  type TokenAnswer,
  withBearer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'a good long password';

describe.each(databaseKinds)('refresh tokens on %s', (kind) => {
  let server: TestServer;
  let count = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const begin = async (scope = 'openid profile offline_access'): Promise<TokenAnswer & { userId: string }> => {
    const email = `refresh-${kind}-${count++}@example.test`;
    const made = await server.api('POST', '/users', { email, password: PASSWORD, email_verified: true });
    const { body, status } = await signInWith(server, { username: email, password: PASSWORD, scope });
    expect(status).toBe(200);
    return { ...body, userId: (made.body as { id: string }).id };
  };
  const refresh = (token: string | undefined, more: Record<string, string> = {}) => refreshWith(server, token, more);
  const isAlive = async (token: string | undefined) => (await withBearer(server, token, '/userinfo')).status === 200;
  const expectDead = (answer: OAuthResponse) =>
    expect(answer).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', error_description: expect.any(String) },
    });
  const typesOf = async (filter: string): Promise<string[]> => {
    const { body } = await server.api('GET', `/audit?${filter}&limit=100`);
    return (body as { events: { event_type: string }[] }).events.map(({ event_type }) => event_type);
  };

  it('rotate: each is used once, and gives the next with new tokens', async () => {
    const first = await begin();
    const second = await refresh(first.refresh_token);
    expect(second.status, JSON.stringify(second.body)).toBe(200);
    expect(second.body).toMatchObject({ token_type: 'Bearer', scope: 'openid profile offline_access' });
    expect(second.body.refresh_token).not.toBe(first.refresh_token);
    const before = claimsIn(first.access_token);
    const after = claimsIn(second.body.access_token);
    expect(after).toMatchObject({
      sub: before.sub,
      uid: first.userId,
      sid: before.sid,
      aud: before.aud,
      azp: CLIENT_ID,
    });
    expect(after.jti).not.toBe(before.jti);
    expect(claimsIn(second.body.id_token)).toMatchObject({ sub: before.sub, sid: before.sid });
    const third = await postJson(server, '/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: second.body.refresh_token,
      ...managementClient,
    });
    expect(third.status).toBe(200);
    for (const token of [first.access_token, second.body.access_token, third.body.access_token])
      expect(await isAlive(token)).toBe(true);
  });

  it('are stored as digests only', async () => {
    const { refresh_token } = await begin();
    const rows = await server.work().read((db) => db.selectFrom('oidc_artifacts').selectAll().execute());
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(refresh_token);
  });

  it('end the session when one is used again', async () => {
    const first = await begin();
    const second = await refresh(first.refresh_token);
    const again = await refresh(first.refresh_token);
    expectDead(again);
    expect(again.body.error_description).toContain('used before');
    const request = again.headers.get('x-request-id');
    expect((await typesOf(`request_id=${request}`)).sort()).toEqual([
      'session.revoked',
      'token.refused',
      'token.reuse_detected',
    ]);
    expectDead(await refresh(second.body.refresh_token));
    expect(await isAlive(second.body.access_token)).toBe(false);
    expect((await server.api('GET', `/users/${first.userId}/sessions`)).body).toMatchObject({ sessions: [] });
  });

  it('let exactly one of two that race win, and end the session, because one of the two may be a thief', async () => {
    for (let round = 0; round < 5; round++) {
      const first = await begin();
      const answers = await Promise.all([refresh(first.refresh_token), refresh(first.refresh_token)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
      const winner = answers.find(({ status }) => status === 200);
      expectDead(answers.find(({ status }) => status === 400) as OAuthResponse);
      expectDead(await refresh(winner?.body.refresh_token));
      expect(await isAlive(winner?.body.access_token)).toBe(false);
      const rows = await server
        .work()
        .read((db) => db.selectFrom('oidc_artifacts').select('id').where('user_id', '=', first.userId).execute());
      expect(rows).toEqual([]);
      expect(await typesOf(`target=${claimsIn(first.access_token).sid}&event_types=token.reuse_detected`)).toHaveLength(
        1,
      );
    }
  });

  it('narrow a scope and never widen it', async () => {
    const first = await begin();
    const narrow = await refresh(first.refresh_token, { scope: 'openid' });
    expect(narrow.body.scope).toBe('openid');
    const back = await refresh(narrow.body.refresh_token);
    expect(back.body.scope).toBe('openid profile offline_access');
    const wide = await refresh(back.body.refresh_token, { scope: 'openid users:read' });
    expect(wide).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
    expect((await refresh(back.body.refresh_token)).status).toBe(200);
  });

  it('follow the roles of the user', async () => {
    const admin = await signInWith(server, { scope: 'openid offline_access users:read' });
    expect((await refresh(admin.body.refresh_token)).body.scope).toContain('users:read');
    const person = await begin('openid offline_access users:read');
    expect(person.scope).toBe('openid offline_access');
    expect((await server.api('PUT', `/users/${person.userId}/roles`, { roles: ['super_admin'] })).status).toBe(200);
    const after = await refresh(person.refresh_token);
    expect([200, 400]).toContain(after.status);
    expect(after.body.scope ?? '').not.toContain('users:read');
  });

  it('work at another port and host of the tenant, and for no other audience', async () => {
    const first = await begin();
    const { port } = new URL(server.url);
    const elsewhere = { url: `http://localhost:${port}` };
    const answer = await refreshWith(elsewhere, first.refresh_token);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(claimsIn(answer.body.access_token)).toMatchObject({
      iss: `http://localhost:${port}/`,
      aud: `http://localhost:${port}/api`,
    });
    const same = await refresh(answer.body.refresh_token, { audience: `${server.url}/api` });
    expect(same.status).toBe(200);
    const other = await refresh(same.body.refresh_token, { audience: 'https://127.0.0.1/api/v2/' });
    expect(other).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
  });

  it('belong to one application', async () => {
    const first = await begin();
    const made = await server.api('POST', '/applications', {
      name: 'another',
      type: 'machine_to_machine',
      grant_types: ['refresh_token'],
    });
    const { client_id, client_secret } = made.body as { client_id: string; client_secret: string };
    expectDead(await refresh(first.refresh_token, { client_id, client_secret }));
    expect((await refresh(first.refresh_token, { client_secret: 'wrong' })).status).toBe(401);
    expect((await refresh(first.refresh_token)).status).toBe(200);
    expectDead(await refresh('no-such-token'));
    expect((await refresh('')).body.error).toBe('invalid_request');
  });

  it('die with the session, the user, the password and the clock', async () => {
    const endings: [what: string, end: (user: { userId: string; sid: string }) => Promise<unknown>][] = [
      ['session', ({ sid }) => server.api('DELETE', `/sessions/${sid}`)],
      ['all sessions', ({ userId }) => server.api('DELETE', `/users/${userId}/sessions`)],
      ['disabled', ({ userId }) => server.api('POST', `/users/${userId}/disable`)],
      ['deleted', ({ userId }) => server.api('DELETE', `/users/${userId}`)],
      ['password', ({ userId }) => server.api('PATCH', `/users/${userId}`, { password: 'quite another one' })],
    ];
    for (const [what, end] of endings) {
      const first = await begin();
      expect(await isAlive(first.access_token), what).toBe(true);
      await end({ userId: first.userId, sid: claimsIn(first.access_token).sid as string });
      expect(await isAlive(first.access_token), what).toBe(false);
      expectDead(await refresh(first.refresh_token));
    }
    const first = await begin();
    server.clock.advance(30 * 86_400_000 + 1000);
    expectDead(await refresh(first.refresh_token));
  });

  it('die when they are revoked, with the session they belong to', async () => {
    const first = await begin();
    const gone = await postForm(server, '/oauth/revoke', { token: first.refresh_token ?? '', ...managementClient });
    expect(gone.status).toBe(200);
    expect((await typesOf(`request_id=${gone.headers.get('x-request-id')}`)).sort()).toEqual([
      'session.revoked',
      'token.revoked',
    ]);
    expectDead(await refresh(first.refresh_token));
    expect(await isAlive(first.access_token)).toBe(false);
    const again = await postForm(server, '/oauth/revoke', { token: first.refresh_token ?? '', ...managementClient });
    expect(again.status).toBe(200);
    expect(await typesOf(`request_id=${again.headers.get('x-request-id')}`)).toEqual([]);
  });
});

describe.each(databaseKinds)('revocation and introspection on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const another = async () => {
    const made = await server.api('POST', '/applications', {
      name: 'resource server',
      type: 'machine_to_machine',
      grant_types: ['client_credentials'],
      scopes: ['users:read'],
    });
    const { client_id, client_secret } = made.body as { client_id: string; client_secret: string };
    return { client_id, client_secret };
  };

  it('end an access token at once, and leave the others', async () => {
    const own = await another();
    const ask = () => postForm(server, '/oauth/token', { grant_type: 'client_credentials', ...own });
    const [one, other] = [await ask(), await ask()];
    const use = async (answer: OAuthResponse) =>
      (await withBearer(server, answer.body.access_token, '/api/v1/users')).status;
    expect([await use(one), await use(other)]).toEqual([200, 200]);
    const foreign = await postForm(server, '/oauth/revoke', { token: one.body.access_token, ...managementClient });
    expect(foreign.status).toBe(200);
    expect(await use(one)).toBe(200);
    const revoked = await postJson(server, '/oauth/revoke', { token: one.body.access_token, ...own });
    expect(revoked.status).toBe(200);
    expect([await use(one), await use(other)]).toEqual([401, 200]);
    const { body } = await server.api('GET', `/audit?request_id=${revoked.headers.get('x-request-id')}`);
    expect(body).toMatchObject({ events: [{ event_type: 'token.revoked', data: { kind: 'access' } }] });
    expect((await postForm(server, '/oauth/revoke', { token: one.body.access_token, ...own })).status).toBe(200);
    const stranger = await postForm(server, '/oauth/revoke', { token: 'x', ...own, client_secret: 'wrong' });
    expect(stranger).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it('tell applications that keep a secret what a token is', async () => {
    const reader = await another();
    const introspect = async (token: string | undefined, more: Record<string, string> = {}) =>
      postForm(server, '/oauth/introspect', { token: token ?? '', ...reader, ...more });
    const signedIn = (await signInWith(server, { scope: 'openid offline_access users:read' })).body;
    const claims = claimsIn(signedIn.access_token);
    const known = await introspect(signedIn.access_token);
    expect(known.body).toEqual({ active: true, ...claims, token_type: 'Bearer' });
    expect((await introspect(signedIn.access_token, { token_type_hint: 'access_token' })).body.active).toBe(true);
    const refresh = await introspect(signedIn.refresh_token);
    expect(refresh.body).toMatchObject({ active: true, sub: claims.sub, client_id: CLIENT_ID, sid: claims.sid });
    const tampered = `${signedIn.access_token.slice(0, -4)}AAAA`;
    for (const token of [tampered, 'opaque', signedIn.id_token, 'a.b.c'])
      expect((await introspect(token)).body).toEqual({ active: false });
    await server.api('DELETE', `/sessions/${claims.sid}`);
    expect((await introspect(signedIn.access_token)).body).toEqual({ active: false });
    expect((await introspect(signedIn.refresh_token)).body).toEqual({ active: false });
    const spa = await server.api('POST', '/applications', { name: 'spa', type: 'spa', grant_types: ['password'] });
    const { client_id } = spa.body as { client_id: string };
    const open = await postForm(server, '/oauth/introspect', { token: 'x', client_id });
    expect(open).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });
});
