/** Tokens of applications: how they are asked for, what they say, and what is refused. */
import { createServer } from 'node:net';
import { scopes } from '@reeve/contract';
import {
  askForToken,
  bootServer,
  CLIENT_ID,
  CLIENT_SECRET,
  claimsIn,
  databaseKinds,
  managementClient,
  postForm,
  postJson,
  type TestServer,
  withBearer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

interface MadeApplication {
  readonly id: string;
  readonly client_id: string;
  readonly client_secret: string;
}

describe.each(databaseKinds)('client_credentials on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const makeApplication = async (more: object = {}): Promise<MadeApplication> => {
    const made = await server.api('POST', '/applications', {
      name: 'reader',
      type: 'machine_to_machine',
      grant_types: ['client_credentials'],
      scopes: ['users:read', 'groups:read'],
      ...more,
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body as MadeApplication;
  };
  const credentialsOf = ({ client_id, client_secret }: MadeApplication) => ({ client_id, client_secret });
  const eventsOf = async (type: string) => {
    const { body } = await server.api('GET', `/audit?event_types=${type}&limit=100`);
    return (body as { events: { data: Record<string, unknown>; actor: { id: string }; request_id: string }[] }).events;
  };

  it('serves the whole flow of a management client, by form and by JSON', async () => {
    const ask = {
      grant_type: 'client_credentials',
      ...managementClient,
      audience: `${server.url}/api`,
      scope: 'users:read users:write groups:read groups:write audit:read',
    };
    for (const post of [postForm, postJson]) {
      const { status, headers, body } = await post(server, '/oauth/token', ask);
      expect(status, JSON.stringify(body)).toBe(200);
      expect(headers.get('x-request-id')).toMatch(/^req_/);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 86_400, scope: ask.scope });
      expect(claimsIn(body.access_token)).toMatchObject({
        iss: `${server.url}/`,
        sub: `${CLIENT_ID}@clients`,
        aud: `${server.url}/api`,
        azp: CLIENT_ID,
        scope: ask.scope,
        jti: expect.any(String),
      });
      const users = await withBearer(server, body.access_token, '/api/v1/users');
      expect(users.status).toBe(200);
      const roles = await withBearer(server, body.access_token, '/api/v1/roles');
      expect(roles).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    }
  });

  it('stores nothing of such a token but its event', async () => {
    const { headers, body } = await askForToken(server);
    const stored = await server.work().read((db) => db.selectFrom('oidc_artifacts').selectAll().execute());
    expect(stored).toEqual([]);
    const event = (await eventsOf('token.issued')).find((one) => one.request_id === headers.get('x-request-id'));
    expect(event).toMatchObject({
      actor: { type: 'application' },
      data: { grant_type: 'client_credentials', client_id: CLIENT_ID, jti: claimsIn(body.access_token).jti },
    });
    expect(JSON.stringify(event)).not.toContain(CLIENT_SECRET);
  });

  it('authenticates the application by body or header', async () => {
    const basic = (id: string, secret: string) => ({
      authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
    });
    const ask = { grant_type: 'client_credentials' };
    expect((await postForm(server, '/oauth/token', ask, basic(CLIENT_ID, CLIENT_SECRET))).status).toBe(200);
    const wrong = await postForm(server, '/oauth/token', ask, basic(CLIENT_ID, 'wrong'));
    expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(wrong.headers.get('www-authenticate')).toMatch(/^Basic /);
    expect(wrong.headers.get('x-request-id')).toMatch(/^req_/);
    const twice = await postForm(
      server,
      '/oauth/token',
      { ...ask, ...managementClient },
      basic(CLIENT_ID, CLIENT_SECRET),
    );
    expect(twice).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('says the same of a wrong secret, an unknown application and a disabled one', async () => {
    const disabled = await makeApplication();
    expect((await askForToken(server, credentialsOf(disabled))).status).toBe(200);
    expect((await server.api('POST', `/applications/${disabled.id}/disable`)).status).toBe(200);
    const answers = await Promise.all([
      askForToken(server, { client_secret: 'wrong' }),
      askForToken(server, { client_id: 'nobody-at-all' }),
      askForToken(server, credentialsOf(disabled)),
      postForm(server, '/oauth/token', { grant_type: 'client_credentials', client_id: CLIENT_ID }),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: 401,
        body: { error: 'invalid_client', error_description: 'client authentication failed' },
      });
    }
    const requests = answers.map(({ headers }) => headers.get('x-request-id'));
    const refusals = (await eventsOf('token.refused')).map((event) => event.request_id);
    expect(refusals).toEqual(expect.arrayContaining(requests));
    expect((await server.api('POST', `/applications/${disabled.id}/enable`)).status).toBe(200);
    expect((await askForToken(server, credentialsOf(disabled))).status).toBe(200);
  });

  it('accepts each of its audiences, at any host and port of the tenant, in the spelling of the API', async () => {
    const { port } = new URL(server.url);
    const audiences: [audience: string, scope: string][] = [
      [`${server.url}/api`, 'users:read'],
      [`${server.url}/api/v1`, 'users:read'],
      [`http://localhost:${port}/api`, 'users:read'],
      ['http://127.0.0.1:1/api/', 'users:read'],
      [`https://127.0.0.1:${port}/api/v2/`, 'read:users'],
    ];
    for (const [audience, scope] of audiences) {
      const all = await askForToken(server, { audience });
      expect(all.status, JSON.stringify(all.body)).toBe(200);
      expect(claimsIn(all.body.access_token).aud).toBe(audience);
      expect(all.body.scope?.split(' ')).toContain(scope);
      expect((await askForToken(server, { audience, scope })).body.scope).toBe(scope);
      const isNative = scope === 'users:read';
      const used = await withBearer(server, all.body.access_token, '/api/v1/users');
      expect(used.status).toBe(isNative ? 200 : 401);
    }
    const elsewhere = await askForToken(server, { audience: 'https://elsewhere.test/api' });
    expect(elsewhere).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
    expect(elsewhere.body.error_description).toContain(`${server.url}/api`);
    for (const audience of [
      'https://elsewhere.test/api/v2/',
      `${server.url}/other`,
      'users',
      `${server.url}/api?x`,
      'urn:reeve:api',
    ])
      expect(await askForToken(server, { audience })).toMatchObject({
        status: 403,
        body: { error: 'access_denied', error_description: `Service not found: ${audience}` },
      });
    expect((await askForToken(server)).body.access_token).toBeTruthy();
    const native = await askForToken(server, { audience: '' });
    expect(claimsIn(native.body.access_token).aud).toBe(`${server.url}/api`);
  });

  it('gives everything granted unless a scope narrows it, and never more', async () => {
    const reader = credentialsOf(await makeApplication());
    expect((await askForToken(server)).body.scope?.split(' ')).toEqual([...scopes]);
    for (const scope of [{}, { scope: '' }]) {
      expect((await askForToken(server, { ...reader, ...scope })).body.scope).toBe('users:read groups:read');
    }
    expect((await askForToken(server, { ...reader, scope: 'groups:read' })).body.scope).toBe('groups:read');
    const excess = await askForToken(server, { ...reader, scope: 'users:read users:write' });
    expect(excess).toMatchObject({ status: 400, body: { error: 'invalid_scope', scope: 'users:write' } });
    for (const scope of ['users:reed', 'read:users', 'toString']) {
      const unknown = await askForToken(server, { ...reader, scope });
      expect(unknown).toMatchObject({ status: 400, body: { error: 'invalid_scope', scope } });
    }
    const inAuth0 = { ...reader, audience: `${server.url.replace('http:', 'https:')}/api/v2/` };
    expect((await askForToken(server, { ...inAuth0, scope: 'read:users' })).body.scope).toBe('read:users');
    expect((await askForToken(server, { ...inAuth0, scope: 'create:users' })).body.error).toBe('invalid_scope');
  });

  it('follows a change of what is granted at once', async () => {
    const made = await makeApplication();
    const { body } = await askForToken(server, credentialsOf(made));
    expect((await withBearer(server, body.access_token, '/api/v1/groups')).status).toBe(200);
    expect((await server.api('PATCH', `/applications/${made.id}`, { scopes: ['users:read'] })).status).toBe(200);
    expect((await withBearer(server, body.access_token, '/api/v1/groups')).status).toBe(403);
    expect((await withBearer(server, body.access_token, '/api/v1/users')).status).toBe(200);
    expect((await askForToken(server, credentialsOf(made))).body.scope).toBe('users:read');
  });

  it('takes several secrets during a rotation and refuses the old one after it', async () => {
    const made = await makeApplication();
    expect((await askForToken(server, credentialsOf(made))).status).toBe(200);
    const rotated = await server.api('POST', `/applications/${made.id}/rotate-secret`, { overlap: 3600 });
    const { client_secret } = rotated.body as { client_secret: string };
    expect((await askForToken(server, { client_id: made.client_id, client_secret })).status).toBe(200);
    expect((await askForToken(server, credentialsOf(made))).status).toBe(200);
    server.clock.advance(3601_000);
    expect((await askForToken(server, credentialsOf(made))).status).toBe(401);
    expect((await askForToken(server, { client_id: made.client_id, client_secret })).status).toBe(200);
    const { body } = await server.api('GET', `/applications/${made.id}/secrets`);
    const used = (body as { secrets: { hint: string; last_used_at: string | null }[] }).secrets.find(({ hint }) =>
      client_secret.endsWith(hint),
    );
    expect(Math.abs(Date.parse(used?.last_used_at ?? '') - server.clock.now())).toBeLessThan(61_000);
  });

  it('holds to the lifetime and the grant types of the application', async () => {
    const short = await makeApplication({ access_token_lifetime: 60 });
    const { body } = await askForToken(server, credentialsOf(short));
    expect(body.expires_in).toBe(60);
    const { iat, exp } = claimsIn(body.access_token) as { iat: number; exp: number };
    expect(exp - iat).toBe(60);
    expect((await withBearer(server, body.access_token, '/api/v1/users')).status).toBe(200);
    server.clock.advance(61_000);
    const late = await withBearer(server, body.access_token, '/api/v1/users');
    expect(late).toMatchObject({ status: 401, body: { code: 'token_expired' } });
    const other = await makeApplication({ grant_types: ['refresh_token'] });
    const refused = await askForToken(server, credentialsOf(other));
    expect(refused).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
    const unknown = await askForToken(server, { grant_type: 'urn:ietf:params:oauth:grant-type:device_code' });
    expect(unknown).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } });
  });

  it('gives an application without a secret no token of its own', async () => {
    const { client_id } = await makeApplication({ type: 'spa', grant_types: ['password'], scopes: [] });
    const refused = await postForm(server, '/oauth/token', { grant_type: 'client_credentials', client_id });
    expect(refused).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
  });

  it('refuses what is no request, as OAuth does', async () => {
    const bodies: [type: string, body: string | Buffer][] = [
      ['application/json', '{"grant_type":'],
      ['application/json', '[]'],
      ['application/json', '{"grant_type":{"a":1}}'],
      ['application/x-www-form-urlencoded', 'grant_type=password&username=a%00b&password=x'],
      ['application/x-www-form-urlencoded', 'grant_type=client_credentials&grant_type=password'],
      ['application/x-www-form-urlencoded', `client_id=${CLIENT_ID}&audience=a&audience=b`],
      ['application/x-www-form-urlencoded', Buffer.from([0x61, 0x3d, 0xff])],
      ['application/x-www-form-urlencoded', ''],
      ['application/x-www-form-urlencoded', `a=${'x'.repeat(70_000)}`],
      ['text/plain', 'hello'],
    ];
    for (const [type, body] of bodies) {
      const response = await fetch(`${server.url}/oauth/token`, {
        method: 'POST',
        headers: { 'content-type': type, accept: 'text/html' },
        body: body as string,
      });
      expect(response.status, String(body).slice(0, 80)).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(response.headers.get('x-request-id')).toMatch(/^req_/);
      expect(await response.json()).toMatchObject({ error: 'invalid_request', error_description: expect.any(String) });
    }
  });

  it('publishes what there is to know, and nothing that there is not', async () => {
    for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']) {
      const { body } = await withBearer(server, '', path);
      expect(body).toMatchObject({
        issuer: `${server.url}/`,
        token_endpoint: `${server.url}/oauth/token`,
        revocation_endpoint: `${server.url}/oauth/revoke`,
        introspection_endpoint: `${server.url}/oauth/introspect`,
        userinfo_endpoint: `${server.url}/userinfo`,
        jwks_uri: `${server.url}/.well-known/jwks.json`,
        id_token_signing_alg_values_supported: ['RS256'],
      });
      expect(body).not.toHaveProperty('authorization_endpoint');
    }
    const { body } = await withBearer(server, '', '/.well-known/jwks.json');
    const { keys } = body as unknown as { keys: Record<string, string>[] };
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig' });
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(key).not.toHaveProperty(secret);
    }
    expect((await fetch(`${server.url}/auth`)).status).toBe(404);
    expect((await fetch(`${server.url}/session/end`)).status).toBe(404);
  });

  it('takes no scheme or host from forwarded headers', async () => {
    const forged = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.test', 'x-forwarded-for': '9.9.9.9' };
    const { body } = await postForm(
      server,
      '/oauth/token',
      { grant_type: 'client_credentials', ...managementClient },
      forged,
    );
    expect(claimsIn(body.access_token).iss).toBe(`${server.url}/`);
    const response = await fetch(`${server.url}/.well-known/openid-configuration`, { headers: forged });
    expect(JSON.stringify(await response.json())).not.toContain('evil.test');
    const { body: audit } = await server.api('GET', '/audit?event_types=token.issued&limit=1');
    expect((audit as { events: { ip: string }[] }).events[0]?.ip).toBe('127.0.0.1');
  });

  it('answers browsers of the application’s own origins only', async () => {
    const web = await makeApplication({
      type: 'spa',
      grant_types: ['password'],
      redirect_uris: ['https://app.example/callback'],
    });
    const preflight = await fetch(`${server.url}/oauth/token`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example');
    const ask = { grant_type: 'password', client_id: web.client_id, username: 'x', password: 'y' };
    const own = await postForm(server, '/oauth/token', ask, { origin: 'https://app.example' });
    expect(own.body.code).toBe('invalid_credentials');
    expect(own.headers.get('access-control-allow-origin')).toBe('https://app.example');
    const foreign = await postForm(server, '/oauth/token', ask, { origin: 'https://evil.example' });
    expect(foreign).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('the issuer', () => {
  it('is the public URL where one is set, whatever the request’s host', async () => {
    const port = await freePort();
    const environment = { REEVE_PUBLIC_URL: 'https://id.example.test', REEVE_PORT: String(port) };
    const server = await bootServer('sqlite', { environment });
    const local = { url: `http://127.0.0.1:${port}` };
    try {
      const { body } = await withBearer(local, '', '/.well-known/openid-configuration');
      expect(body).toMatchObject({
        issuer: 'https://id.example.test/',
        token_endpoint: 'https://id.example.test/oauth/token',
        jwks_uri: 'https://id.example.test/.well-known/jwks.json',
      });
      const token = (await askForToken(local, { audience: 'https://id.example.test/api' })).body.access_token;
      expect(claimsIn(token)).toMatchObject({
        iss: 'https://id.example.test/',
        aud: 'https://id.example.test/api',
      });
      expect((await withBearer(local, token, '/api/v1/users')).status).toBe(200);
    } finally {
      await server.stop();
    }
  });
});
