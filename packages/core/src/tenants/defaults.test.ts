/** What a tenant's settings fall back on names what is there, always. */
import type { Connection, ResourceServer, Settings } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('the defaults of a tenant on %s', (kind) => {
  let server: TestServer;
  let made = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const makeApi = async () =>
    (await server.api('POST', '/resource-servers', { identifier: `https://d${++made}.example/` }))
      .body as ResourceServer;
  const makeConnection = async (body: object = {}) =>
    (await server.api('POST', '/connections', { name: `pool-${++made}`, ...body })).body as Connection;
  const set = (settings: object) => server.api('PATCH', '/tenant', { settings });
  const settings = async () => ((await server.api('GET', '/tenant')).body as { settings: Settings }).settings;

  it('are nothing at first, and what they are set to', async () => {
    expect(await settings()).toMatchObject({ default_audience: null, default_connection: null });
    const [api, pool] = [await makeApi(), await makeConnection()];
    const changed = await set({ default_audience: api.identifier, default_connection: pool.name });
    expect(changed.body).toMatchObject({
      settings: { default_audience: api.identifier, default_connection: pool.id },
    });
    await server.api('PATCH', `/connections/${pool.id}`, { name: `${pool.name}-renamed` });
    expect(await settings()).toMatchObject({ default_connection: pool.id });
    expect((await set({ default_connection: pool.id })).status).toBe(200);
    await set({ default_audience: null, default_connection: null });
    expect(await settings()).toMatchObject({ default_audience: null, default_connection: null });
  });

  it('are refused by name where they name nothing, or nothing with passwords', async () => {
    const api = await makeApi();
    const social = await makeConnection({ strategy: 'google-oauth2' });
    const before = await settings();
    for (const [body, field, code] of [
      [{ default_audience: 'https://nowhere.example/' }, 'default_audience', 'exists'],
      // An API goes by its identifier alone here, as in a request for a token.
      [{ default_audience: api.id }, 'default_audience', 'exists'],
      [{ default_connection: 'nowhere' }, 'default_connection', 'exists'],
      [{ default_connection: social.name }, 'default_connection', 'strategy'],
      [{ default_audience: api.identifier, default_connection: 'nowhere' }, 'default_connection', 'exists'],
    ] as const) {
      const refused = await set(body);
      expect([refused.status, refused.body], JSON.stringify(body)).toMatchObject([
        400,
        { errors: [{ field: `settings.${field}`, code }] },
      ]);
    }
    expect(await settings()).toEqual(before);
  });

  it('go with what they name, in one change', async () => {
    const [api, pool, other] = [await makeApi(), await makeConnection(), await makeConnection()];
    await set({ default_audience: api.identifier, default_connection: pool.id });
    expect((await server.api('DELETE', `/connections/${other.id}`)).status).toBe(204);
    expect(await settings()).toMatchObject({ default_audience: api.identifier, default_connection: pool.id });
    for (const [path, name, value] of [
      [`/resource-servers/${api.id}`, 'default_audience', api.identifier],
      [`/connections/${pool.id}`, 'default_connection', pool.id],
    ] as const) {
      const deleted = await server.api('DELETE', path);
      expect(deleted.status).toBe(204);
      expect(await settings()).toMatchObject({ [name]: null });
      const { events } = (await server.api('GET', '/audit?event_types=tenant.updated&limit=1')).body as {
        events: { request_id: string; data: object }[];
      };
      expect(events[0]).toMatchObject({
        request_id: deleted.headers.get('x-request-id'),
        data: { before: { settings: { [name]: value } }, after: { settings: { [name]: null } } },
      });
    }
  });

  it('never name what is gone, whichever of two comes first', async () => {
    for (let round = 0; round < 5; round++) {
      const [api, pool] = [await makeApi(), await makeConnection()];
      await Promise.all([
        set({ default_audience: api.identifier }),
        server.api('DELETE', `/resource-servers/${api.id}`),
        set({ default_connection: pool.id }),
        server.api('DELETE', `/connections/${pool.id}`),
      ]);
      expect(await settings()).toMatchObject({ default_audience: null, default_connection: null });
    }
  });
});
