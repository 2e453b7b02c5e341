/** A person's own token for the Management API: it acts on the person's own user and on nothing else (issue 3, point 7). */
import {
  auth0Caller,
  bootServer,
  CLIENT_ID,
  CLIENT_SECRET,
  databaseKinds,
  signInWith,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CONNECTION = 'Username-Password-Authentication';

describe.each(databaseKinds)('a person’s own token for the Management API on %s', (kind) => {
  let server: TestServer;
  let own: string;
  let other: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    const call = await auth0Caller(server);
    const make = async (email: string) => {
      const made = await call('POST', '/users', {
        connection: CONNECTION,
        email,
        password: 'correct horse',
        email_verified: true,
      });
      return (made.body as { user_id: string }).user_id;
    };
    own = await make('own@example.com');
    other = await make('other@example.com');
  });
  afterAll(() => server.stop());

  const tokenFor = async (scope: string) => {
    const response = await fetch(`${server.url}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        grant_type: 'password',
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        username: 'own@example.com',
        password: 'correct horse',
        audience: `https://${new URL(server.url).host}/api/v2/`,
        scope,
      }),
    });
    return (await response.json()) as { access_token: string; scope?: string };
  };
  const ask = async (token: string, verb: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}/api/v2${path}`, {
      method: verb,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  const at = (id: string) => `/users/${encodeURIComponent(id)}`;

  it('carries the scopes of the current user only', async () => {
    const { scope } = await tokenFor('openid read:users read:current_user update:current_user_metadata');
    expect(scope?.split(' ').sort()).toEqual(['openid', 'read:current_user', 'update:current_user_metadata']);
  });

  it('reads and changes its own user’s metadata, and nothing else', async () => {
    const { access_token: token } = await tokenFor('read:current_user update:current_user_metadata');
    expect(await ask(token, 'GET', at(own))).toMatchObject({ status: 200, body: { user_id: own } });
    expect((await ask(token, 'GET', at(other))).status).toBe(403);
    const changed = await ask(token, 'PATCH', at(own), { user_metadata: { colour: 'green' } });
    expect(changed).toMatchObject({ status: 200, body: { user_metadata: { colour: 'green' } } });
    expect((await ask(token, 'PATCH', at(own), { app_metadata: { plan: 'gold' } })).status).toBe(403);
    expect((await ask(token, 'PATCH', at(own), { blocked: true })).status).toBe(403);
    expect((await ask(token, 'PATCH', at(other), { user_metadata: { colour: 'red' } })).status).toBe(403);
    expect((await ask(token, 'GET', '/users')).status).toBe(403);
  });

  it('registers a device of its own', async () => {
    const { access_token: token } = await tokenFor(
      'create:current_user_device_credentials delete:current_user_device_credentials',
    );
    const made = await ask(token, 'POST', '/device-credentials', {
      device_name: 'phone',
      type: 'public_key',
      value: 'key',
      device_id: 'd1',
      client_id: CLIENT_ID,
    });
    expect(made.status).toBe(201);
    const call = await auth0Caller(server);
    const listed = await call('GET', `/device-credentials?user_id=${encodeURIComponent(own)}&type=public_key`);
    expect(listed.body).toMatchObject([{ id: made.body.id, user_id: own, device_name: 'phone', client_id: CLIENT_ID }]);
    expect((await ask(token, 'DELETE', `/device-credentials/${made.body.id}`)).status).toBe(204);
    expect((await call('GET', `/device-credentials?user_id=${encodeURIComponent(own)}&type=public_key`)).body).toEqual(
      [],
    );
  });

  it('shows a refresh token under either of its types, and lists what no longer lets in', async () => {
    await signInWith(server, {
      username: 'own@example.com',
      password: 'correct horse',
      scope: 'openid offline_access',
    });
    const call = await auth0Caller(server);
    const listed = async (type: string) => (await call('GET', `/device-credentials?type=${type}`)).body as object[];
    expect(await listed('refresh_token')).toMatchObject([{ type: 'rotating_refresh_token', user_id: own }]);
    expect(await listed('rotating_refresh_token')).toEqual(await listed('refresh_token'));
    for (const [jti, aud] of [
      ['b', 'one'],
      ['a', 'one'],
      ['c', 'two'],
    ])
      expect((await call('POST', '/blacklists/tokens', { jti, aud })).status).toBe(204);
    const one = (await call('GET', '/blacklists/tokens?aud=one')).body as { jti: string; aud: string }[];
    expect(one.toSorted((x, y) => (x.jti < y.jti ? -1 : 1))).toEqual([
      { aud: 'one', jti: 'a' },
      { aud: 'one', jti: 'b' },
    ]);
    expect((await call('GET', '/blacklists/tokens')).body).toHaveLength(3);
  });
});
