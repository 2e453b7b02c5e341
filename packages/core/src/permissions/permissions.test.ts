import type { Permission, UserPermission } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const IDENTIFIER = 'https://orders.example/';

describe.each(databaseKinds)('permissions on %s', (kind) => {
  let server: TestServer;
  let apiId: string;
  let made = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
    const scopes = ['read', 'write', 'drop'].map((value) => ({ value, description: `May ${value}` }));
    const answer = await server.api('POST', '/resource-servers', { identifier: IDENTIFIER, name: 'Orders', scopes });
    apiId = (answer.body as { id: string }).id;
  });
  afterAll(() => server.stop());

  const create = async (resource: string, body: object): Promise<string> => {
    const answer = await server.api('POST', `/${resource}`, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return (answer.body as { id: string }).id;
  };
  const makeRole = (name: string) => create('roles', { code: `role-${++made}`, name });
  const makeUser = () => create('users', { username: `user-${++made}` });
  const bodyOf = (...names: string[]) => ({
    permissions: names.map((permission) => ({ resource_server: IDENTIFIER, permission })),
  });
  const give = async (holder: string, ...names: string[]) =>
    expect((await server.api('POST', `/${holder}/permissions`, bodyOf(...names))).status).toBe(204);
  const take = async (holder: string, ...names: string[]) =>
    expect((await server.api('DELETE', `/${holder}/permissions`, bodyOf(...names))).status).toBe(204);
  const listed = async <T = Permission>(holder: string, query = ''): Promise<T[]> =>
    ((await server.api('GET', `/${holder}/permissions${query}`)).body as { permissions: T[] }).permissions;
  const namesOf = async (holder: string) => (await listed(holder)).map(({ permission }) => permission);
  const eventsOf = async (target: string, types: string) => {
    const { body } = await server.api('GET', `/audit?target=${target}&event_types=${types}&order=asc`);
    return (body as { events: { event_type: string; data: unknown }[] }).events;
  };

  it('are given to a role and taken, each change told once', async () => {
    const id = await makeRole('Clerk');
    await give(`roles/${id}`, 'read', 'write', 'read');
    await give(`roles/${id}`, 'write', 'drop');
    const shown = { resource_server_id: apiId, resource_server_identifier: IDENTIFIER, resource_server_name: 'Orders' };
    expect(await listed(`roles/${id}`)).toEqual(
      ['drop', 'write', 'read'].map((permission) => ({ ...shown, permission, description: `May ${permission}` })),
    );
    await give(`roles/${id}`, 'drop');
    await take(`roles/${id}`, 'read', 'drop');
    await take(`roles/${id}`, 'read');
    expect(await namesOf(`roles/${id}`)).toEqual(['write']);
    const told = await eventsOf(id, 'role.permissions_added,role.permissions_removed');
    expect(told.map(({ event_type, data }) => [event_type, data])).toEqual([
      ['role.permissions_added', bodyOf('read', 'write')],
      ['role.permissions_added', bodyOf('drop')],
      ['role.permissions_removed', bodyOf('read', 'drop')],
    ]);
  });

  it('of a user tell every way by which they are held, once each', async () => {
    const user = await makeUser();
    const [clerk, chief] = [await makeRole('Clerk'), await makeRole('Chief')];
    await give(`roles/${clerk}`, 'read');
    await give(`roles/${chief}`, 'read', 'write');
    await give(`users/${user}`, 'read', 'drop');
    expect((await server.api('PUT', `/users/${user}/roles`, { roles: [clerk, chief] })).status).toBe(200);
    const direct = { type: 'direct', role_id: null, role_name: null };
    const through = (id: string, name: string) => ({ type: 'role', role_id: id, role_name: name });
    const sources = (await listed<UserPermission>(`users/${user}`)).map((held) => [held.permission, held.sources]);
    expect(sources).toEqual([
      ['drop', [direct]],
      ['write', [through(chief, 'Chief')]],
      ['read', [direct, through(clerk, 'Clerk'), through(chief, 'Chief')]],
    ]);
    // What comes through a role stays.
    await take(`users/${user}`, 'read', 'write', 'drop');
    expect(await namesOf(`users/${user}`)).toEqual(['write', 'read']);
    expect((await server.api('DELETE', `/roles/${chief}`)).status).toBe(204);
    expect(await namesOf(`users/${user}`)).toEqual(['read']);
    const told = await eventsOf(user, 'user.permissions_added,user.permissions_removed');
    expect(told.map(({ event_type, data }) => [event_type, data])).toEqual([
      ['user.permissions_added', bodyOf('read', 'drop')],
      ['user.permissions_removed', bodyOf('read', 'drop')],
    ]);
  });

  it.each(['roles', 'users'])('of %s are read in pages', async (resource) => {
    const holder = `${resource}/${resource === 'roles' ? await makeRole('Paged') : await makeUser()}`;
    await give(holder, 'read', 'write', 'drop');
    const first = (await server.api('GET', `/${holder}/permissions?limit=2&include_total=true`)).body as {
      permissions: Permission[];
      next_cursor: string;
      total: number;
    };
    expect([first.permissions.length, first.total]).toEqual([2, 3]);
    const rest = await server.api('GET', `/${holder}/permissions?limit=2&cursor=${first.next_cursor}`);
    expect(rest.body).toMatchObject({ permissions: [{ permission: 'read' }], next_cursor: null });
    const foreign = resource === 'roles' ? `users/${await makeUser()}` : `roles/${await makeRole('Other')}`;
    const mixed = await server.api('GET', `/${foreign}/permissions?cursor=${first.next_cursor}`);
    expect(mixed).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
  });

  it.each(['roles', 'users'])(
    'of %s that nothing knows are refused by their place, and change nothing',
    async (resource) => {
      const holder = `${resource}/${resource === 'roles' ? await makeRole('Strict') : await makeUser()}`;
      const good = { resource_server: apiId, permission: 'read' };
      const cases: [body: object, field: string][] = [
        [
          { permissions: [good, { resource_server: 'urn:nothing', permission: 'read' }] },
          'permissions.1.resource_server',
        ],
        [{ permissions: [good, { resource_server: apiId, permission: 'fly' }] }, 'permissions.1.permission'],
        [{ permissions: [] }, 'permissions'],
        [{ permissions: Array.from({ length: 101 }, () => good) }, 'permissions'],
      ];
      for (const verb of ['POST', 'DELETE'])
        for (const [body, field] of cases)
          expect(await server.api(verb, `/${holder}/permissions`, body)).toMatchObject({
            status: 400,
            body: { errors: [{ field }] },
          });
      expect(await namesOf(holder)).toEqual([]);
      for (const wrong of [`/${resource}/nobody/permissions`, `/${holder.slice(0, -1)}!/permissions`])
        expect((await server.api('POST', wrong, { permissions: [good] })).status).toBe(404);
    },
  );

  it('of users need roles:write, as their roles do', async () => {
    const user = await makeUser();
    const authorization = `Bearer ${await server.token(['users:read', 'users:write'])}`;
    const refused = await server.api('POST', `/users/${user}/permissions`, bodyOf('read'), { authorization });
    expect(refused).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
  });

  it('are given once by many at the same time', async () => {
    const id = await makeRole('Busy');
    await Promise.all(Array.from({ length: 8 }, () => give(`roles/${id}`, 'read', 'write')));
    expect(await namesOf(`roles/${id}`)).toEqual(['write', 'read']);
    expect(await eventsOf(id, 'role.permissions_added')).toHaveLength(1);
  });

  it('go with the user, and nothing of them is left in the audit log after erasure', async () => {
    const user = await makeUser();
    await give(`users/${user}`, 'read');
    expect((await server.api('DELETE', `/users/${user}`)).status).toBe(204);
    const left = await server
      .work()
      .read((db) =>
        db
          .selectFrom('user_permissions')
          .innerJoin('resource_server_scopes', 'resource_server_scopes.num', 'user_permissions.scope_num')
          .leftJoin('users', 'users.num', 'user_permissions.user_num')
          .select('user_permissions.user_num')
          .where('users.num', 'is', null)
          .execute(),
      );
    expect(left).toEqual([]);
    const [told] = await eventsOf(user, 'user.permissions_added');
    expect(told?.data).toBeNull();
  });
});
