/** Which pages at other origins may call, and what their browsers let them read. */
import { request } from 'node:http';
import { createWork, operations, systemActor } from '@reeve/core';
import { ask, bootServer, databaseKinds, postForm, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const LISTED = 'https://console.example:8443';
const DISABLED = 'https://disabled.example';
const NEIGHBOUR = 'https://neighbour.example';
/** One below each door that clients in browsers call. */
const PATHS = ['/rw3iss/api/v1/auth/me', '/api/v1/users', '/authing/graphql/v2', '/userinfo'];
const PREFLIGHT = {
  'access-control-request-method': 'PATCH',
  'access-control-request-headers': 'authorization,content-type,x-of-ours',
};

describe.each(databaseKinds)('pages at other origins on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
    await application('console', [`${LISTED}/callback?a=b`, 'com.example.app://callback']);
    const disabled = await application('disabled', [`${DISABLED}/callback`]);
    expect((await server.api('POST', `/applications/${disabled}/disable`)).status).toBe(200);
    expect((await server.api('POST', '/tenants', { name: 'acme', domains: ['acme.test'] })).status).toBe(201);
    const tenant = await server.tenancy.tenantOf('http', 'acme.test');
    const body = { name: 'neighbour', type: 'spa' as const, redirect_uris: [`${NEIGHBOUR}/callback`] };
    await operations.applications.create(createWork({ services: server.services, tenant, actor: systemActor }), {
      query: undefined,
      body,
    });
  });
  afterAll(() => server.stop());

  const application = async (name: string, redirect_uris: string[]): Promise<string> => {
    const made = await server.api('POST', '/applications', { name, type: 'spa', redirect_uris });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return (made.body as { id: string }).id;
  };
  /** Status and headers of an answer, at any host, which `fetch` can't ask for. */
  const call = (method: string, path: string, headers: Record<string, string>) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      request({ hostname, port, path, method, headers }, (response) => {
        response.resume().on('end', () => resolve({ status: response.statusCode, ...response.headers }));
      })
        .on('error', reject)
        .end();
    });
  const preflight = (path: string, origin: string, more = {}) =>
    call('OPTIONS', path, { origin, ...PREFLIGHT, ...more });
  const corsOf = (headers: object) => Object.entries(headers).filter(([name]) => name.startsWith('access-control-'));

  it.each(PATHS)('%s tells a listed origin what it may', async (path) => {
    const asked = await preflight(path, LISTED);
    expect([asked.status, asked.vary]).toEqual([204, 'origin']);
    expect(Object.fromEntries(corsOf(asked))).toEqual({
      'access-control-allow-origin': LISTED,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'authorization,content-type,x-of-ours',
      'access-control-max-age': '7200',
    });
    const answer = await call('GET', path, { origin: LISTED });
    expect(answer.vary).toBe('origin');
    expect(Object.fromEntries(corsOf(answer))).toEqual({
      'access-control-allow-origin': LISTED,
      'access-control-expose-headers': expect.stringMatching(/(^|, )retry-after, .*x-ratelimit-reset, x-request-id$/),
    });
  });

  it.each([
    ['unlisted', 'https://other.example'],
    ['another port of a listed host', 'https://console.example'],
    ['another scheme', 'http://console.example:8443'],
    ['opaque, as of a sandboxed frame', 'null'],
    ['of a disabled application', DISABLED],
    ['of another tenant’s application', NEIGHBOUR],
  ])('an origin that is %s reads nothing', async (_name, origin) => {
    for (const path of PATHS) {
      const asked = await preflight(path, origin);
      expect([asked.status, asked.vary, corsOf(asked)]).toEqual([204, 'origin', []]);
      const answer = await call('GET', path, { origin });
      expect([answer.vary, corsOf(answer)]).toEqual(['origin', []]);
    }
  });

  it('each tenant has its own', async () => {
    const at = { host: 'acme.test' };
    const [own] = corsOf(await preflight('/api/v1/users', NEIGHBOUR, at));
    expect(own).toEqual(['access-control-allow-origin', NEIGHBOUR]);
    expect(corsOf(await preflight('/api/v1/users', LISTED, at))).toEqual([]);
    const nowhere = { host: 'nobody.test' };
    expect(corsOf(await preflight('/api/v1/users', LISTED, nowhere))).toEqual([]);
    expect(await call('GET', '/api/v1/users', { origin: LISTED, ...nowhere })).toMatchObject({ status: 400 });
  });

  it('what changes counts at the next request', async () => {
    const [origin, next] = ['https://first.example', 'https://next.example'];
    const isLetIn = async (asked: string) => corsOf(await preflight('/api/v1/users', asked)).length > 0;
    expect(await isLetIn(origin)).toBe(false);
    const id = await application('changing', [`${origin}/`]);
    expect(await isLetIn(origin)).toBe(true);
    await server.api('POST', `/applications/${id}/disable`);
    expect(await isLetIn(origin)).toBe(false);
    await server.api('POST', `/applications/${id}/enable`);
    expect(await isLetIn(origin)).toBe(true);
    await server.api('PATCH', `/applications/${id}`, { redirect_uris: [`${next}/`] });
    expect([await isLetIn(origin), await isLetIn(next)]).toEqual([false, true]);
    await server.api('DELETE', `/applications/${id}`);
    expect(await isLetIn(next)).toBe(false);
  });

  it('what no route answers is read as well, and leaves its trace; a preflight leaves none', async () => {
    const refusals = () =>
      server.services.database.read((db) =>
        db.selectFrom('events').select('id').where('type', '=', 'request.refused').execute(),
      );
    const before = (await refusals()).length;
    const unknown = { '/rw3iss/api/v1/nothing': 404, '/api/v1/nothing': 404, '/authing/nothing': 200 };
    for (const path of Object.keys(unknown)) await preflight(path, LISTED);
    expect(await refusals()).toHaveLength(before);
    for (const [path, status] of Object.entries(unknown))
      expect(await call('GET', path, { origin: LISTED })).toMatchObject({
        status,
        'access-control-allow-origin': LISTED,
      });
    expect(await refusals()).toHaveLength(before + 3);
  });

  it('Auth0’s management API lets no page in', async () => {
    expect(await preflight('/api/v2/users', LISTED)).toMatchObject({ status: 404 });
    expect(corsOf(await call('GET', '/api/v2/users', { origin: LISTED }))).toEqual([]);
  });

  it('an app with a scheme of its own lets no sandboxed page in at the token endpoint', async () => {
    const native = {
      name: 'native',
      type: 'native',
      grant_types: ['password'],
      redirect_uris: ['com.example.app://a'],
    };
    const { client_id } = (await server.api('POST', '/applications', native)).body as { client_id: string };
    const ask = { grant_type: 'password', client_id, username: 'x', password: 'y' };
    const { headers } = await postForm(server, '/oauth/token', ask, { origin: 'null' });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

it('preflights to hosts that are nobody’s are counted, since each is looked for', async () => {
  const server = await bootServer('sqlite', { environment: { REEVE_RATE_LIMIT: '2' } });
  try {
    server.clock.advance(60_000 - (server.clock.now() % 60_000));
    const asked = (host: string) =>
      ask(server.url, { path: '/api/v1/users', method: 'OPTIONS', headers: { host, origin: LISTED, ...PREFLIGHT } });
    const statuses = [];
    for (const host of ['a.test', 'b.test', 'c.test', new URL(server.url).host])
      statuses.push((await asked(host)).status);
    expect(statuses).toEqual([204, 204, 429, 204]);
  } finally {
    await server.stop();
  }
});

it('preflights are not counted, and what is over the limit is read', async () => {
  const server = await bootServer('sqlite', { environment: { REEVE_RATE_LIMIT: '2' } });
  try {
    // A window is a minute of the clock: the test does not run into the next one.
    server.clock.advance(60_000 - (server.clock.now() % 60_000));
    const body = { name: 'Console', type: 'spa' as const, redirect_uris: [LISTED] };
    await operations.applications.create(server.work(), { query: undefined, body });
    const url = `${server.url}/rw3iss/api/v1/auth/me`;
    const headers = { origin: LISTED };
    for (let i = 0; i < 5; i++)
      expect((await fetch(url, { method: 'OPTIONS', headers: { ...headers, ...PREFLIGHT } })).status).toBe(204);
    for (const status of [401, 401, 429]) expect((await fetch(url, { headers })).status).toBe(status);
    const over = await fetch(url, { headers });
    expect(over.headers.get('access-control-allow-origin')).toBe(LISTED);
    const exposed = over.headers.get('access-control-expose-headers')?.split(', ');
    for (const name of ['retry-after', 'x-ratelimit-reset', 'ratelimit-remaining', 'x-request-id']) {
      expect(over.headers.get(name), name).not.toBeNull();
      expect(exposed).toContain(name);
    }
    expect((await fetch(url, { method: 'OPTIONS', headers: { ...headers, ...PREFLIGHT } })).status).toBe(204);
  } finally {
    await server.stop();
  }
});
