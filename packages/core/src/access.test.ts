/** No scope leads to another one: what a token can't do itself, it can't make something else do. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('narrow tokens on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const as = async (scopes: readonly string[], claims: Record<string, unknown> = {}) => {
    const authorization = `Bearer ${await server.token(scopes, claims)}`;
    return (verb: string, path: string, body?: unknown) => server.api(verb, path, body, { authorization });
  };
  const refused = { status: 403, body: { code: 'insufficient_scope' } };
  const administrator = async () =>
    ((await server.api('GET', '/users?role=system_admin')).body as { users: { id: string; name: string }[] })
      .users[0] as { id: string };

  it('users:write makes no administrator and takes none over', async () => {
    const call = await as(['users:read', 'users:write']);
    const { id } = (await call('POST', '/users', { username: 'climber', password: 'long enough' })).body as {
      id: string;
    };
    expect(await call('PUT', `/users/${id}/roles`, { roles: ['system_admin'] })).toMatchObject(refused);
    const admin = await administrator();
    expect(await call('PATCH', `/users/${admin.id}`, { password: 'mine from now on' })).toMatchObject(refused);
    expect(await call('PATCH', `/users/${admin.id}`, { email: 'mine@example.com' })).toMatchObject(refused);
    expect(await call('PATCH', `/users/${admin.id}`, { name: 'Still the administrator' })).toMatchObject({
      status: 200,
    });
    const stronger = await as(['users:write', 'roles:write']);
    expect((await stronger('PATCH', `/users/${admin.id}`, { password: 'correct horse battery' })).status).toBe(200);
  });

  it('applications:write hands out no scope that it lacks', async () => {
    const call = await as(['applications:read', 'applications:write', 'users:read']);
    const wanted = { name: 'Ladder', type: 'machine_to_machine' };
    expect(await call('POST', '/applications', { ...wanted, scopes: ['roles:write'] })).toMatchObject(refused);
    const made = (await call('POST', '/applications', { ...wanted, scopes: ['users:read'] })).body as { id: string };
    expect(await call('PATCH', `/applications/${made.id}`, { scopes: ['users:read', 'tenants:write'] })).toMatchObject(
      refused,
    );
    expect((await call('POST', `/applications/${made.id}/rotate-secret`)).status).toBe(200);
    const strong = (await server.api('POST', '/applications', { ...wanted, scopes: ['tenants:write'] })).body as {
      id: string;
    };
    expect(await call('POST', `/applications/${strong.id}/rotate-secret`)).toMatchObject(refused);
  });

  it('lets an application renew its own secret', async () => {
    const { applications } = (await server.api('GET', '/applications')).body as {
      applications: { id: string; client_id: string }[];
    };
    const own = applications.find(({ client_id }) => client_id === 'test-management') as { id: string };
    expect((await (await as(['applications:write']))('POST', `/applications/${own.id}/rotate-secret`)).status).toBe(
      200,
    );
  });

  it.each(['users', 'applications'])('refuses a stale version when %s are disabled or enabled', async (resource) => {
    const body = resource === 'users' ? { username: 'stale' } : { name: 'Stale', type: 'spa' };
    const { id } = (await server.api('POST', `/${resource}`, body)).body as { id: string };
    for (const turn of ['disable', 'enable'])
      expect(await server.api('POST', `/${resource}/${id}/${turn}`, undefined, { 'if-match': '"v99"' })).toMatchObject({
        status: 412,
        body: { code: 'precondition_failed' },
      });
    expect((await server.api('POST', `/${resource}/${id}/disable`, undefined, { 'if-match': '"v1"' })).status).toBe(
      200,
    );
  });
});
