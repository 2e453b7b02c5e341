/** What tooling reads that the directory lacks, and the connections that newer tooling picks and changes in ways of its own. */
import { type Auth0Call, auth0Caller, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('what Auth0 has and Reeve has not, on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
  });
  afterAll(() => server.stop());

  const bodyOf = async (path: string) => {
    const { status, body } = await call('GET', path);
    expect([path, status]).toEqual([path, 200]);
    return body as unknown;
  };

  it('answers empty lists in the envelope of each way of paging', async () => {
    expect(await bodyOf('/rules-configs')).toEqual([]);
    expect(await bodyOf('/hooks')).toEqual([]);
    const counted = { start: 0, limit: 100, total: 0, hooks: [] };
    expect(await bodyOf('/hooks?include_totals=true&page=0&per_page=100')).toEqual(counted);
    expect(await bodyOf('/token-exchange-profiles?take=50')).toEqual({ token_exchange_profiles: [] });
    const actions = { actions: [], total: 0, page: 0, per_page: 100 };
    expect(await bodyOf('/actions/actions?page=0&per_page=100')).toEqual(actions);
  });

  it('answers what an organization has none of, where there is the organization', async () => {
    const made = await call('POST', '/organizations', { name: `org-${kind}` });
    const path = `/organizations/${(made.body as { id: string }).id}`;
    expect(await bodyOf(`${path}/enabled_connections`)).toEqual([]);
    expect(await bodyOf(`${path}/connections?include_totals=true`)).toMatchObject({ total: 0, connections: [] });
    expect(await bodyOf(`${path}/discovery-domains?take=50`)).toEqual({ domains: [] });
    const nobody = await call('GET', '/organizations/org_nothing/enabled_connections');
    expect(nobody).toMatchObject({ status: 404, body: { errorCode: 'inexistent_organization' } });
  });

  it('has no template and no theme, and nothing behind an unknown name', async () => {
    for (const path of [
      '/email-templates/verify_email',
      '/branding/themes/default',
      '/guardian/factors/sms/selected-provider',
    ])
      expect(await call('GET', path)).toMatchObject({ status: 404, body: { statusCode: 404, error: 'Not Found' } });
  });

  it('lets a setting be written as it is, and in no other way', async () => {
    const path = '/attack-protection/brute-force-protection';
    const before = (await bodyOf(path)) as { max_attempts: number };
    expect(await call('PATCH', path, before)).toMatchObject({ status: 200, body: before });
    for (const other of [{ enabled: false }, { ...before, max_attempts: before.max_attempts + 1 }, { nothing: true }])
      expect(await call('PATCH', path, other)).toMatchObject({
        status: 403,
        body: { errorCode: 'operation_not_supported' },
      });
    expect(await bodyOf(path)).toEqual(before);
    expect(await call('PUT', '/guardian/policies', [])).toMatchObject({ status: 200 });
    expect(await call('PUT', '/guardian/policies', ['all-applications'])).toMatchObject({ status: 403 });
  });

  it('asks for the scope of each', async () => {
    const narrow = await auth0Caller(server, ['read:hooks']);
    expect(await narrow('GET', '/hooks')).toMatchObject({ status: 200 });
    expect(await narrow('GET', '/forms')).toMatchObject({ status: 403, body: { errorCode: 'insufficient_scope' } });
  });

  it('finds one connection by its name, however short the page', async () => {
    for (const name of ['a-one', 'a-two', 'a-three']) await call('POST', '/connections', { name, strategy: 'auth0' });
    for (const name of ['a-one', 'a-two', 'a-three'])
      expect(await bodyOf(`/connections?take=1&name=${name}`)).toMatchObject({ connections: [{ name }] });
  });

  it('changes who may use a connection, client by client', async () => {
    const made = await call('POST', '/connections', { name: 'of-some', strategy: 'auth0' });
    const path = `/connections/${(made.body as { id: string }).id}/clients`;
    const ids: string[] = [];
    for (const name of ['first', 'second']) {
      const { body } = await call('POST', '/clients', { name });
      ids.push((body as { client_id: string }).client_id);
    }
    const [first, second] = ids;
    expect(await bodyOf(path)).toEqual({ clients: [] });
    const both = ids.map((client_id) => ({ client_id, status: true }));
    expect(await call('PATCH', path, both)).toMatchObject({ status: 204 });
    const page = (await bodyOf(`${path}?take=1`)) as { clients: object[]; next: string };
    expect(page).toEqual({ clients: [{ client_id: expect.any(String) }], next: expect.any(String) });
    const rest = (await bodyOf(`${path}?take=1&from=${page.next}`)) as { clients: object[]; next?: string };
    expect(rest.next).toBeUndefined();
    expect([...page.clients, ...rest.clients]).toHaveLength(2);
    expect([...page.clients, ...rest.clients]).toEqual(
      expect.arrayContaining([{ client_id: first }, { client_id: second }]),
    );
    expect(await call('PATCH', path, [{ client_id: first, status: false }])).toMatchObject({ status: 204 });
    expect(await bodyOf(path)).toEqual({ clients: [{ client_id: second }] });
    expect(await call('PATCH', path, [{ client_id: 'nobody', status: true }])).toMatchObject({ status: 400 });
    expect(await call('GET', '/connections/con_nothing/clients')).toMatchObject({ status: 404 });
  });

  it('keeps a connection for all clients where all of them are named', async () => {
    type Connection = { id: string; name: string; enabled_clients: string[] };
    const [shared] = (await bodyOf('/connections?name=Username-Password-Authentication')) as Connection[];
    const { id, enabled_clients: all } = shared as Connection;
    expect(await call('PATCH', `/connections/${id}`, { enabled_clients: all })).toMatchObject({ status: 200 });
    expect(await server.api('GET', `/connections/${id}`)).toMatchObject({ body: { enabled_for_all: true } });
    const some = all.slice(1);
    const { body } = await call('PATCH', `/connections/${id}`, { enabled_clients: some });
    expect((body as Connection).enabled_clients.sort()).toEqual(some.sort());
    expect(await server.api('GET', `/connections/${id}`)).toMatchObject({ body: { enabled_for_all: false } });
  });
});
