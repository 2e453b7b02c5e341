/** What the guard lets through, and every way of forging a token that it must not. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { type RequestOptions, request } from 'node:http';
import { findSigningKeys } from '@reeve/core';
import {
  askForToken,
  bootServer,
  CLIENT_ID,
  claimsIn,
  databaseKinds,
  type TestServer,
  withBearer,
} from '@reeve/testkit';
import { exportSPKI, importJWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

type Key = Parameters<SignJWT['sign']>[0];

describe.each(databaseKinds)('the guard on %s', (kind) => {
  let server: TestServer;
  let kid: string;
  let privateKey: Key;
  let publicJwk: Readonly<Record<string, string>>;
  beforeAll(async () => {
    server = await bootServer(kind);
    const { services, tenant, clock } = server;
    const [key] = await services.database.read((db) => findSigningKeys(db, services.vault, tenant.id, clock.now()));
    if (!key) throw new Error('no key');
    kid = key.kid;
    publicJwk = key.publicJwk;
    privateKey = await importJWK(key.privateJwk, 'RS256');
  });
  afterAll(() => server.stop());

  const now = () => Math.floor(server.clock.now() / 1000);
  const claims = (more: object = {}) => ({
    iss: `${server.url}/`,
    aud: `${server.url}/api`,
    sub: `${CLIENT_ID}@clients`,
    azp: CLIENT_ID,
    jti: randomUUID(),
    scope: 'users:read',
    iat: now(),
    exp: now() + 600,
    ...more,
  });
  const sign = (payload: object, header: Partial<JWTHeaderParameters> = {}, key: Key = privateKey) =>
    new SignJWT(payload as never).setProtectedHeader({ alg: 'RS256', kid, typ: 'at+jwt', ...header }).sign(key);
  /** A request with a Host header of its own. */
  const callAt = (host: string, path: string, options: RequestOptions, body?: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      const sent = request(
        { hostname, port, path, ...options, headers: { ...options.headers, host } },
        async (response) => {
          let text = '';
          for await (const chunk of response.setEncoding('utf8')) text += chunk;
          resolve({ status: response.statusCode ?? 0, text });
        },
      );
      sent.on('error', reject).end(body);
    });
  const use = (token: string) => withBearer(server, token, '/api/v1/users');
  const expectRefused = async (token: string, code = 'unauthenticated') => {
    const answer = await use(token);
    expect(answer).toMatchObject({ status: 401, body: { code } });
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  };

  it('accepts a token of the tenant’s key', async () => {
    expect((await use(await sign(claims()))).status).toBe(200);
  });

  it('tells a stranger that a token is needed, and only who sent one what is wrong with it', async () => {
    const ask = async (authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization };
      const { status, headers: answered } = await fetch(`${server.url}/api/v1/users`, { headers });
      return [status, answered.get('www-authenticate')];
    };
    const challenge = 'Bearer realm="reeve"';
    expect(await ask()).toEqual([401, challenge]);
    expect(await ask('Basic dXNlcjpwYXNz')).toEqual([401, challenge]);
    for (const token of ['Bearer', 'Bearer two words', 'Bearer nonsense'])
      expect(await ask(token), token).toEqual([401, `${challenge}, error="invalid_token"`]);
    const narrow = await server.token(['groups:read']);
    expect(await ask(`Bearer ${narrow}`)).toEqual([403, `${challenge}, error="insufficient_scope"`]);
  });

  it('takes no algorithm from the token', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const alg of ['none', 'None', 'NONE'])
      await expectRefused(`${part({ alg, kid, typ: 'at+jwt' })}.${part(claims())}.`);
    const spki = await exportSPKI((await importJWK(publicJwk, 'RS256', { extractable: true })) as never);
    for (const secret of [spki, JSON.stringify(publicJwk), publicJwk.n as string])
      await expectRefused(await sign(claims(), { alg: 'HS256' }, new TextEncoder().encode(secret)));
    const good = await sign(claims());
    const [, payload, signature] = good.split('.');
    await expectRefused(`${part({ alg: 'RS512', kid, typ: 'at+jwt' })}.${payload}.${signature}`);
  });

  it('takes no key from the token', async () => {
    const { privateKey: own, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = publicKey.export({ format: 'jwk' }) as never;
    await expectRefused(await sign(claims(), {}, own));
    await expectRefused(await sign(claims(), { kid: 'unknown' }, own));
    await expectRefused(await sign(claims(), { jwk }, own));
    await expectRefused(await sign(claims(), { jku: 'https://evil.test/jwks', kid: 'theirs' }, own));
    await expectRefused(await new SignJWT(claims() as never).setProtectedHeader({ alg: 'RS256' }).sign(own));
  });

  it('accepts no token of another tenant, and gives none to its applications', async () => {
    const host = `other.localhost:${new URL(server.url).port}`;
    const made = await server.api('POST', '/tenants', { name: 'other', domains: ['other.localhost'] });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const { client_id, client_secret } = made.body as { client_id: string; client_secret: string };
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }).toString();
    const ask = (to: string) =>
      callAt(
        to,
        '/oauth/token',
        { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
        form,
      );
    const answer = await ask(host);
    expect(answer.status, answer.text).toBe(200);
    const theirs = (JSON.parse(answer.text) as { access_token: string }).access_token;
    expect(claimsIn(theirs)).toMatchObject({ iss: `http://${host}/`, aud: `http://${host}/api` });
    const read = (to: string, token: string) =>
      callAt(to, '/api/v1/users', { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);
    const own = new URL(server.url).host;
    const ours = await sign(claims());
    expect(await Promise.all([read(host, theirs), read(own, ours)])).toEqual([200, 200]);
    expect(await Promise.all([read(own, theirs), read(host, ours)])).toEqual([401, 401]);
    expect((await ask(own)).status).toBe(401);
    const foreign = await askForToken(server, { audience: `http://${host}/api` });
    expect(foreign).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
  });

  it('accepts nothing that was made for something else', async () => {
    for (const aud of [`${server.url}/other`, CLIENT_ID, 'https://127.0.0.1/api/v2/', '', []])
      await expectRefused(await sign(claims({ aud })));
    expect((await use(await sign(claims({ aud: ['x', `${server.url}/api/v1`] })))).status).toBe(200);
    for (const typ of ['JWT', 'logout+jwt', 'id_token']) await expectRefused(await sign(claims(), { typ }));
    for (const iss of ['', 'evil', `${server.url}/path`, undefined]) await expectRefused(await sign(claims({ iss })));
    for (const missing of ['jti', 'azp', 'exp']) await expectRefused(await sign(claims({ [missing]: undefined })));
  });

  it('accepts no token before or after its time', async () => {
    await expectRefused(await sign(claims({ exp: now() - 1 })), 'token_expired');
    await expectRefused(await sign(claims({ nbf: now() + 600 })));
    const token = await sign(claims({ exp: now() + 5 }));
    expect((await use(token)).status).toBe(200);
    server.clock.advance(6000);
    await expectRefused(token, 'token_expired');
  });

  it('accepts nothing that was changed on its way', async () => {
    const [header, payload, signature] = (await sign(claims())).split('.') as [string, string, string];
    const wider = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), scope: 'users:write' };
    await expectRefused(`${header}.${Buffer.from(JSON.stringify(wider)).toString('base64url')}.${signature}`);
    await expectRefused(`${header}.${payload}.${signature.slice(0, -2)}`);
    await expectRefused(`${header}.${payload}`);
    for (const authorization of ['Bearer', 'Bearer a b', 'Basic abc', 'bearer ', 'Token x']) {
      const { status } = await fetch(`${server.url}/api/v1/users`, { headers: { authorization } });
      expect(status).toBe(401);
    }
  });

  it('gives no scope that its subject does not hold', async () => {
    const made = await server.api('POST', '/applications', {
      name: 'small',
      type: 'machine_to_machine',
      scopes: ['groups:read'],
    });
    const { client_id } = made.body as { client_id: string };
    const token = await sign(claims({ azp: client_id, scope: 'users:read groups:read' }));
    expect((await use(token)).status).toBe(403);
    expect((await withBearer(server, token, '/api/v1/groups')).status).toBe(200);
    const person = await server.api('POST', '/users', { email: `plain-${kind}@example.test` });
    const { id } = person.body as { id: string };
    expect((await use(await sign(claims({ uid: id, tv: 0 })))).status).toBe(403);
    expect((await server.api('PUT', `/users/${id}/roles`, { roles: ['system_admin'] })).status).toBe(200);
    expect((await use(await sign(claims({ uid: id, tv: 99 })))).status).toBe(200);
    await expectRefused(await sign(claims({ uid: id, tv: -1 })), 'token_revoked');
    await expectRefused(await sign(claims({ uid: 'usr_00000000000000000000000000' })), 'token_revoked');
    await expectRefused(await sign(claims({ uid: id, tv: 99, sid: 'ses_unknown' })), 'token_revoked');
  });

  it('gives the tokens of a deleted application to no later one of the same client id', async () => {
    const wanted = { name: 'Phoenix', type: 'machine_to_machine', client_id: 'phoenix', scopes: ['users:read'] };
    const first = (await server.api('POST', '/applications', wanted)).body as { id: string };
    const token = await sign(claims({ azp: 'phoenix', sub: 'phoenix@clients' }));
    const withToken = { authorization: `Bearer ${token}` };
    expect((await server.api('GET', '/users', undefined, withToken)).status).toBe(200);
    await server.api('DELETE', `/applications/${first.id}`);
    server.clock.advance(1000);
    expect((await server.api('POST', '/applications', wanted)).status).toBe(201);
    expect(await server.api('GET', '/users', undefined, withToken)).toMatchObject({
      status: 401,
      body: { code: 'token_revoked' },
    });
  });

  it('refuses a token whose application went away, at once', async () => {
    const made = await server.api('POST', '/applications', {
      name: 'short-lived',
      type: 'machine_to_machine',
      scopes: ['users:read'],
    });
    const { id, client_id } = made.body as { id: string; client_id: string };
    const token = await sign(claims({ azp: client_id }));
    expect((await use(token)).status).toBe(200);
    expect((await server.api('DELETE', `/applications/${id}`)).status).toBe(204);
    await expectRefused(token, 'token_revoked');
  });
});

describe.each(databaseKinds)('signing keys on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  interface KeyView {
    readonly id: string;
    readonly state: string;
    readonly retires_at: string | null;
  }
  const listKeys = async () => ((await server.api('GET', '/tenant/keys')).body as { keys: KeyView[] }).keys;
  const rotate = async () => {
    const made = await server.api('POST', '/tenant/keys/rotate');
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body as KeyView;
  };
  const kidOf = (token: string) =>
    (JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()) as { kid: string }).kid;
  const tokenOf = async () => (await askForToken(server)).body.access_token;
  const statusOf = async (token: string) => (await withBearer(server, token, '/api/v1/users')).status;
  const published = async () =>
    ((await withBearer(server, '', '/.well-known/jwks.json')).body as unknown as { keys: { kid: string }[] }).keys.map(
      (key) => key.kid,
    );

  it('rotate: new tokens are signed by the new key at once, old ones verify until they expire', async () => {
    const [first] = await listKeys();
    const old = await tokenOf();
    expect(kidOf(old)).toBe(first?.id);
    const second = await rotate();
    expect(await listKeys()).toEqual([
      expect.objectContaining({ id: second.id, state: 'current', retires_at: null }),
      expect.objectContaining({ id: first?.id, state: 'retiring' }),
    ]);
    const made = await tokenOf();
    expect(kidOf(made)).toBe(second.id);
    expect(await Promise.all([statusOf(old), statusOf(made)])).toEqual([200, 200]);
    expect(await published()).toEqual([second.id, first?.id]);
    const { exp } = claimsIn(old) as { exp: number };
    const retires = Date.parse((await listKeys())[1]?.retires_at ?? '');
    expect(retires).toBeGreaterThanOrEqual(exp * 1000);
    server.clock.advance(retires - server.clock.now() + 1000);
    expect(await listKeys()).toHaveLength(1);
    expect(await published()).toEqual([second.id]);
  });

  it('rotate one at a time: two at once leave one current key', async () => {
    await Promise.all([rotate(), rotate(), rotate()]);
    const keys = await listKeys();
    expect(keys.filter(({ state }) => state === 'current')).toHaveLength(1);
    expect(keys[0]?.state).toBe('current');
    expect(kidOf(await tokenOf())).toBe(keys[0]?.id);
  });

  it('can be revoked once they are retiring: their tokens are refused at once', async () => {
    const old = await tokenOf();
    const current = kidOf(old);
    const conflict = await server.api('DELETE', `/tenant/keys/${current}`);
    expect(conflict).toMatchObject({ status: 409, body: { code: 'conflict' } });
    await rotate();
    expect(await statusOf(old)).toBe(200);
    expect((await server.api('DELETE', `/tenant/keys/${current}`)).status).toBe(204);
    expect(await statusOf(old)).toBe(401);
    expect(await published()).not.toContain(current);
    expect((await server.api('DELETE', `/tenant/keys/${current}`)).status).toBe(404);
    expect((await server.api('DELETE', '/tenant/keys/nothing')).status).toBe(404);
    const { body } = await server.api('GET', '/audit?event_types=signing_key.rotated&event_types=signing_key.revoked');
    const text = JSON.stringify(body);
    expect(text).toContain(current);
    for (const secret of ['"d":', '"p":', 'private']) expect(text).not.toContain(secret);
  });
});

describe('two nodes on one PostgreSQL', () => {
  it('see each other’s keys, revocations and disabled applications within moments', async () => {
    const one = await bootServer('postgres');
    const url = one.databaseUrl;
    const two = await bootServer('postgres', { on: { url, dir: one.dir } });
    try {
      const read = (server: TestServer, token: string) =>
        withBearer(server, token, '/api/v1/users').then(({ status }) => status);
      const token = (await askForToken(one)).body.access_token;
      expect(await read(two, token)).toBe(200);
      expect((await one.api('POST', '/tenant/keys/rotate')).status).toBe(201);
      const fresh = (await askForToken(one)).body.access_token;
      two.clock.advance(3100);
      expect(await read(two, fresh)).toBe(200);
      const kid = (text: string) => JSON.parse(Buffer.from(text.split('.')[0] as string, 'base64url').toString()).kid;
      expect(kid((await askForToken(two)).body.access_token)).toBe(kid(fresh));
      expect((await one.api('DELETE', `/tenant/keys/${kid(token)}`)).status).toBe(204);
      two.clock.advance(1100);
      expect(await read(two, token)).toBe(401);
    } finally {
      await two.stop();
      await one.stop();
    }
  });
});
