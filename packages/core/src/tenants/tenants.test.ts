import { request } from 'node:http';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create as createTenant } from './tenants.ts';

interface Tenant {
  readonly id: string;
  readonly domains: string[];
  readonly settings: Record<string, unknown>;
}
interface Created {
  readonly tenant: Tenant;
  readonly client_id: string;
  readonly client_secret: string;
}

describe.each(databaseKinds)('tenants on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const create = async (name: string, domains: string[]): Promise<Created> => {
    const answer = await server.api('POST', '/tenants', { name, domains });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  /** A request to another host, which `fetch` can't make. */
  const send = (host: string, method: string, path: string, headers: Record<string, string>, body?: object) =>
    new Promise<{ status: number; body: Record<string, unknown> }>((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      const type = body ? { 'content-type': 'application/json' } : {};
      const sent = request({ hostname, port, path, method, headers: { host, ...headers, ...type } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode as number, body: text ? JSON.parse(text) : {} }),
        );
      });
      sent.on('error', reject).end(body && JSON.stringify(body));
    });
  const call = (host: string, bearer: string, verb: string, path: string, body?: object) =>
    send(host, verb, `/api/v1${path}`, { authorization: `Bearer ${bearer}` }, body);
  const tokenFor = async (host: string, client_id: string, client_secret: string): Promise<string> => {
    const body = { grant_type: 'client_credentials', client_id, client_secret, audience: `http://${host}/api` };
    const answer = await send(host, 'POST', '/oauth/token', {}, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body.access_token as string;
  };

  it('changes the present tenant by merge patch, in force at the next request', async () => {
    const before = (await server.api('GET', '/tenant')).body as Tenant;
    expect(before).toMatchObject({ is_default: true, domains: [], settings: { deleted_user_retention_days: 0 } });
    const changed = await server.api('PATCH', '/tenant', {
      display_name: 'Estate',
      settings: { deleted_user_retention_days: 3 },
    });
    expect(changed.body).toMatchObject({ settings: { ...before.settings, deleted_user_retention_days: 3 } });
    const host = new URL(server.url).host;
    expect((await server.tenancy.tenantOf('http', host)).settings.deleted_user_retention_days).toBe(3);
    const again = await server.api('PATCH', '/tenant', { display_name: 'Estate' });
    expect(again.body).toEqual(changed.body);
    await server.api('PATCH', '/tenant', { display_name: null, settings: { deleted_user_retention_days: 0 } });
    expect((await server.api('PATCH', '/tenant', { settings: { unknown: 1 } })).status).toBe(400);
  });

  it('creates a whole estate, apart from the others', async () => {
    const { tenant, client_id, client_secret } = await create('acme', ['acme.test', 'id.acme.test:8443']);
    expect(client_secret).toMatch(/^[\w-]{43}$/);
    const bearer = await tokenFor('acme.test', client_id, client_secret);
    const here = await call('acme.test', bearer, 'GET', '/tenant');
    expect(here.body).toMatchObject({ id: tenant.id, is_default: false, domains: ['acme.test', 'id.acme.test:8443'] });
    const made = await call('acme.test', bearer, 'POST', '/users', { username: 'only-here' });
    expect(made.status).toBe(201);
    expect((await call('acme.test', bearer, 'GET', '/users?include_total=true')).body.total).toBe(1);
    expect((await server.api('GET', '/users?username=only-here&include_total=true')).body).toMatchObject({ total: 0 });
    expect((await server.api('GET', `/users/${made.body.id}`)).status).toBe(404);
    expect((await call('acme.test', bearer, 'GET', '/roles?include_total=true')).body.total).toBe(8);
    expect((await call('acme.test', bearer, 'GET', '/applications?include_total=true')).body.total).toBe(2);
    // A token of one tenant is nothing in another.
    expect((await call('acme.test', await server.token(), 'GET', '/tenant')).status).toBe(401);
    for (const [verb, body] of [['GET'], ['POST', { name: 'sub', domains: ['sub.test'] }]] as const)
      expect((await call('acme.test', bearer, verb, '/tenants', body)).status).toBe(404);
  });

  it('gives a domain to one tenant only, also to two at once', async () => {
    const one = await create('one', ['one.test']);
    const again = await server.api('POST', '/tenants', { name: 'two', domains: ['two.test', 'one.test'] });
    expect(again.body).toMatchObject({ code: 'domain_taken', errors: [{ field: 'domains.1' }] });
    expect((await server.api('POST', '/tenants', { name: 'one', domains: ['other.test'] })).body).toMatchObject({
      code: 'name_taken',
    });
    const race = await Promise.all(
      ['left', 'right', 'middle'].map((name) => server.api('POST', '/tenants', { name, domains: ['contested.test'] })),
    );
    expect(race.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const bearer = await tokenFor('one.test', one.client_id, one.client_secret);
    const taking = await call('one.test', bearer, 'PATCH', '/tenant', { domains: ['contested.test', 'one.test'] });
    expect(taking.body).toMatchObject({ code: 'domain_taken', errors: [{ field: 'domains.0' }] });
    expect((await call('one.test', bearer, 'GET', '/tenant')).body.domains).toEqual(['one.test']);
  });

  it('keeps every tenant reachable, and loopback hosts with the default one', async () => {
    const { client_id, client_secret } = await create('reachable', ['reachable.test']);
    const bearer = await tokenFor('reachable.test', client_id, client_secret);
    const patch = (domains: string[]) => call('reachable.test', bearer, 'PATCH', '/tenant', { domains });
    expect((await patch([])).status).toBe(400);
    expect((await patch(['localhost'])).body).toMatchObject({ errors: [{ field: 'domains.0', code: 'reserved' }] });
    expect((await patch(['reachable.test', '127.0.0.1:8787'])).status).toBe(400);
    expect((await patch(['moved.test', 'reachable.test'])).body.domains).toEqual(['moved.test', 'reachable.test']);
    expect((await call('moved.test', bearer, 'GET', '/tenant')).status).toBe(200);
    await patch(['moved.test']);
    expect((await call('reachable.test', bearer, 'GET', '/tenant')).status).toBe(400);
  });

  it('keeps the hosts that the server itself is set up at with the default tenant', async () => {
    const own = await bootServer(kind, { environment: { REEVE_PUBLIC_URL: 'https://id.example.test:8443' } });
    try {
      const claim = (domain: string) =>
        createTenant(own.work(), { body: { name: 'thief', domains: ['thief.test', domain] }, query: undefined });
      for (const domain of ['id.example.test', 'id.example.test:8443', 'id.example.test:1', '127.0.0.1', 'localhost:1'])
        await expect(claim(domain), domain).rejects.toMatchObject({
          status: 400,
          errors: [{ field: 'domains.1', code: 'reserved' }],
        });
      expect(await claim('other.example.test')).toMatchObject({
        tenant: { domains: ['other.example.test', 'thief.test'] },
      });
    } finally {
      await own.stop();
    }
  });

  it('takes a name without a port for every port of it', async () => {
    await create('bare', ['bare.test']);
    const ported = await create('ported', ['ported.test:8443']);
    const claim = (name: string, domains: string[]) => server.api('POST', '/tenants', { name, domains });
    for (const [domains, field] of [
      [['free.test', 'bare.test:8443'], 'domains.1'],
      [['ported.test'], 'domains.0'],
      [['ported.test:8443'], 'domains.0'],
    ] as const)
      expect((await claim('second', [...domains])).body).toMatchObject({ code: 'domain_taken', errors: [{ field }] });
    const race = await Promise.all([claim('fast', ['disputed.test']), claim('quick', ['disputed.test:1'])]);
    expect(race.map(({ status }) => status).sort()).toEqual([201, 409]);
    // Two ports of one machine may be two tenants', and a tenant may have a name with and without one.
    expect((await claim('second', ['ported.test:9443'])).status).toBe(201);
    const bearer = await tokenFor('ported.test:8443', ported.client_id, ported.client_secret);
    const here = (domains: string[]) => call('ported.test:8443', bearer, 'PATCH', '/tenant', { domains });
    expect((await here(['ported.test:8443', 'mine.test', 'mine.test:8443'])).status).toBe(200);
    expect((await here(['ported.test:8443', 'bare.test:1'])).body).toMatchObject({ errors: [{ field: 'domains.1' }] });
  });

  it('lists all tenants in pages, in the default tenant', async () => {
    const seen: string[] = [];
    for (let cursor: string | null = '' as string | null; cursor !== null; ) {
      const { body } = await server.api('GET', `/tenants?limit=2${cursor ? `&cursor=${cursor}` : ''}`);
      const page = body as { tenants: Tenant[]; next_cursor: string | null };
      seen.push(...page.tenants.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    const all = await server.work().read((db) => db.selectFrom('tenants').select('id').orderBy('id', 'desc').execute());
    expect(seen).toEqual(all.map(({ id }) => id));
  });
});
