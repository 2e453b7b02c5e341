/**
 * Tokens at every door: what was not signed by a key of the tenant, or was made for something else, opens nothing.
 * `guard.test.ts` has what the claims of a token must be.
 */
import { generateKeyPairSync } from 'node:crypto';
import { findSigningKeys } from '@reeve/core';
import {
  ADMIN_EMAIL,
  ADMIN_PASSWORD,
  ask,
  auth0Scopes,
  bootServer,
  CLIENT_ID,
  CLIENT_SECRET,
  claimsIn,
  databaseKinds,
  headerIn,
  managementClient,
  postForm,
  rw3issPerson,
  signInWith,
  type TestServer,
} from '@reeve/testkit';
import { exportSPKI, importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

type Door = 'native' | 'auth0' | 'rw3iss' | 'authing' | 'userinfo';
type Key = Parameters<SignJWT['sign']>[0];

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe.each(databaseKinds)('tokens on %s', (kind) => {
  let server: TestServer;
  let good: Record<Door, string>;
  let publicJwk: Readonly<Record<string, string>>;
  let privateKey: Key;
  let idToken: string;
  let refreshToken: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    const { services, tenant, clock } = server;
    const [key] = await services.database.read((db) => findSigningKeys(db, services.vault, tenant.id, clock.now()));
    publicJwk = key?.publicJwk as never;
    privateKey = await importJWK(key?.privateJwk as never, 'RS256');
    const person = (await signInWith(server, { scope: 'openid offline_access' })).body;
    idToken = person.id_token as string;
    refreshToken = person.refresh_token as string;
    const secret = `{ accessToken(userPoolId: "${CLIENT_ID}", secret: "${CLIENT_SECRET}") { accessToken } }`;
    const { data } = JSON.parse((await graphql(secret)).text) as { data: { accessToken: { accessToken: string } } };
    good = {
      native: await server.token(),
      auth0: await server.token(auth0Scopes, { aud: `https://${new URL(server.url).host}/api/v2/` }),
      rw3iss: (await rw3issPerson(server)).tokens.access_token,
      authing: data.accessToken.accessToken,
      userinfo: person.access_token,
    };
  });
  afterAll(() => server.stop());

  const graphql = (query: string, bearer?: string) =>
    ask(server.url, {
      path: '/authing/graphql/v2',
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) },
      body: JSON.stringify({ query }),
    });
  const paths = {
    native: '/api/v1/users?limit=1',
    auth0: '/api/v2/users?per_page=1',
    rw3iss: '/rw3iss/api/v1/auth/me',
    userinfo: '/userinfo',
  };
  /** Whether the door opens; fails where it breaks. */
  const opens = async (door: Door, token: string): Promise<boolean> => {
    if (door === 'authing') {
      const { status, text } = await graphql('{ users { totalCount } }', token);
      expect(status, text).toBe(200);
      const { data, errors } = JSON.parse(text) as { data: unknown; errors?: { message: { code: number } }[] };
      if (data !== null) return true;
      expect(errors?.[0]?.message.code, text).toBe(2020);
      return false;
    }
    const { status, text } = await ask(server.url, {
      path: paths[door],
      headers: { authorization: `Bearer ${token}` },
    });
    // 403: a token for nobody, where a person is asked for.
    expect([200, 401, 403], `${door}: ${status} ${text}`).toContain(status);
    return status === 200;
  };
  const doors: readonly Door[] = ['native', 'auth0', 'rw3iss', 'authing', 'userinfo'];

  it('open the door that they are for', async () => {
    for (const door of doors) expect(await opens(door, good[door]), door).toBe(true);
  });

  it.each(doors)('for %s can’t be made by whoever knows the public key', async (door) => {
    const { kid, typ } = headerIn(good[door]) as { kid: string; typ: string };
    const claims = claimsIn(good[door]);
    const { privateKey: own, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = publicKey.export({ format: 'jwk' }) as never;
    const spki = await exportSPKI((await importJWK(publicJwk, 'RS256', { extractable: true })) as never);
    const sign = (header: object, key: Key) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, typ, ...header }).sign(key);
    const [head, payload, signature] = good[door].split('.') as [string, string, string];
    const forged = [
      ...['none', 'None', 'NONE', ''].map((alg) => `${part({ alg, kid, typ })}.${part(claims)}.`),
      ...(await Promise.all(
        [spki, JSON.stringify(publicJwk), publicJwk.n as string, ''].map((secret) =>
          sign({ alg: 'HS256' }, new TextEncoder().encode(secret.padEnd(1, '\0'))),
        ),
      )),
      await sign({}, own),
      await sign({ jwk }, own),
      await sign({ jku: 'https://evil.example/jwks', kid: 'evil' }, own),
      await sign({ x5u: 'https://evil.example/x5u' }, own),
      await sign({ x5c: ['AAAA'] }, own),
      ...(await Promise.all(
        ['../../../dev/null', "' or 1=1 --", '__proto__', '', 'x'.repeat(5000)].map((odd) => sign({ kid: odd }, own)),
      )),
      `${head}.${payload}.`,
      `${head}.${payload}`,
      `${head}.${part({ ...claims, scope: 'users:write', roles: ['system_admin'] })}.${signature}`,
      `${part({ alg: 'RS256', kid, typ, b64: false, crit: ['b64'] })}.${payload}.${signature}`,
    ];
    for (const [i, token] of forged.entries()) expect(await opens(door, token), `forgery ${i}`).toBe(false);
    expect(await opens(door, good[door])).toBe(true);
  });

  it.each(doors)('for %s are no id token, no refresh token, and none out of its time', async (door) => {
    const { kid, typ } = headerIn(good[door]) as { kid: string; typ: string };
    const claims = claimsIn(good[door]) as { exp: number };
    const now = Math.floor(server.clock.now() / 1000);
    const signed = (more: object, header: object = {}) =>
      new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg: 'RS256', kid, typ, ...header }).sign(privateKey);
    expect(await opens(door, await signed({ jti: 'fresh' }))).toBe(true);
    const refused = [
      idToken,
      refreshToken,
      await signed({}, { typ: 'JWT' }),
      await signed({ exp: now - 1 }),
      await signed({ nbf: now + 600 }),
      await signed({ exp: undefined }),
      await signed({ aud: 'https://evil.example/' }),
      await signed({ iss: 'https://evil.example' }),
      await signed({ azp: 'nobody' }),
    ];
    for (const [i, token] of refused.entries()) expect(await opens(door, token), `refused ${i}`).toBe(false);
  });

  it('of one door open no other one', async () => {
    const same: readonly (readonly [Door, Door])[] = [
      // A person’s token for the native API opens `/userinfo`, which asks for no API.
      ['userinfo', 'native'],
      ['native', 'userinfo'],
    ];
    for (const made of doors)
      for (const door of doors)
        if (made !== door && !same.some(([a, b]) => a === made && b === door))
          expect(await opens(door, good[made]), `${made} at ${door}`).toBe(false);
  });

  it('are taken from the Authorization header alone', async () => {
    for (const path of [
      `/api/v1/users?access_token=${good.native}`,
      `/api/v1/users?token=${good.native}`,
      `/api/v2/users?access_token=${good.auth0}`,
      `/userinfo?access_token=${good.userinfo}`,
    ])
      expect((await fetch(server.url + path)).status, path).toBe(401);
    for (const [path, token] of [
      ['/api/v1/users', good.native],
      ['/api/v2/users', good.auth0],
      ['/rw3iss/api/v1/auth/me', good.rw3iss],
    ] as const) {
      const cookie = ['token', 'access_token', 'session', 'Authorization'].map((name) => `${name}=${token}`).join('; ');
      expect((await ask(server.url, { path, headers: { cookie } })).status, path).toBe(401);
    }
    const form = new URLSearchParams({ access_token: good.native, username: 'x' });
    expect((await fetch(`${server.url}/api/v1/users`, { method: 'POST', body: form })).status).toBe(401);
  });

  it('that are forged are active to nobody, and end no session', async () => {
    const claims = claimsIn(good.userinfo);
    const { privateKey: own } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const header = { alg: 'RS256', kid: publicJwk.kid ?? 'x', typ: 'at+jwt' };
    const forged = [
      await new SignJWT(claims).setProtectedHeader(header).sign(own),
      `${part({ alg: 'none', typ: 'at+jwt' })}.${part(claims)}.`,
    ];
    for (const token of forged) {
      const asked = await postForm(server, '/oauth/introspect', { token, ...managementClient });
      expect([200, 400]).toContain(asked.status);
      expect(asked.body.active ?? false).toBe(false);
      await postForm(server, '/oauth/revoke', { token, ...managementClient });
    }
    expect(await opens('userinfo', good.userinfo)).toBe(true);
    expect((await signInWith(server, { username: ADMIN_EMAIL, password: ADMIN_PASSWORD })).status).toBe(200);
  });
});
