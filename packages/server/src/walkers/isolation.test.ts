/** Every operation, called in one tenant with the ids of another: they name nothing there, and nothing of it is changed or shown. */
import { parametersOf, type Route } from '@reeve/contract';
import { routes } from '@reeve/contract/native';
import { type DatabaseKind, databaseKinds, type TestServer } from '@reeve/testkit';
import { idsFor, startWalk, validCall, type Walk } from '@reeve/testkit/walk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Every row of a tenant, but for the record of what was refused. */
async function rowsOf(server: TestServer, tenantNum: number): Promise<string> {
  const tables = [
    'users',
    'identities',
    'linked_accounts',
    'metadata',
    'custom_fields',
    'resource_namespaces',
    'resources',
    'resource_grants',
    'credentials',
    'authentication_methods',
    'remembered_browsers',
    'device_credentials',
    'revoked_tokens',
    'connections',
    'pool_members',
    'application_users',
    'application_pools',
    'groups',
    'group_members',
    'roles',
    'role_members',
    'organizations',
    'organization_members',
    'organization_member_roles',
    'applications',
    'application_secrets',
    'resource_servers',
    'resource_server_scopes',
    'role_permissions',
    'user_permissions',
    'client_grants',
    'sessions',
    'invitations',
    'tickets',
    'jobs',
    'job_errors',
    'job_files',
    'signing_keys',
    'tenant_domains',
    'counters',
  ] as const;
  return server.services.database.read(async (db) => {
    const rows: unknown[] = [];
    for (const table of tables) {
      const found = await db.selectFrom(table).selectAll().where('tenant_id', '=', tenantNum).execute();
      rows.push([table, found.map((row) => JSON.stringify(row)).sort()]);
    }
    return JSON.stringify(rows, null, 1);
  });
}

describe.each(databaseKinds)('another tenant’s ids on %s', (kind: DatabaseKind) => {
  let walk: Walk;
  beforeAll(async () => {
    walk = await startWalk(kind);
  });
  afterAll(() => walk.stop());

  const withIds = routes.filter(({ route }) => parametersOf(route.path).length > 0);

  it.each(withIds)('$id finds none of them', async ({ id, route }) => {
    const there = await validCall(walk.home, id, route);
    const { server, home, other } = walk;
    const own = await idsFor(other, route);
    const before = await rowsOf(server, home.tenantNum);
    const names = parametersOf(route.path);
    // What both tenants call the same, as the provider `auth0`, is no id of the other.
    const foreign = names.filter((name) => there.params?.[name] !== own[name]);
    const mixes = foreign.map((name) => ({ ...own, [name]: there.params?.[name] as string }));
    for (const params of [there.params ?? {}, ...mixes]) {
      const { query, raw, headers } = there;
      // The body may hold ids of the other tenant too; that is judged below.
      const body =
        there.body === undefined ? undefined : id === 'users.setRoles' ? { roles: ['base_user'] } : there.body;
      const answer = await other.call(id, {
        params,
        body,
        ...(query ? { query } : {}),
        ...(raw ? { raw } : {}),
        ...(headers ? { headers } : {}),
      });
      expect([answer.status, answer.code], answer.text).toEqual([404, 'not_found']);
    }
    expect(await rowsOf(server, home.tenantNum)).toBe(before);
    expect((await home.call(id, there)).status).toBe(route.status);
  });

  it('shows nothing of another tenant in any list, stream or export', { timeout: 60_000 }, async () => {
    const { home, other } = walk;
    const ids: string[] = [];
    for (const { route } of withIds) {
      const { provider: _shared, ...own } = await idsFor(home, route);
      ids.push(...Object.values(own));
    }
    const isRead = ({ verb, path }: Route) => verb === 'GET' && !path.includes('{');
    for (const { id, route } of routes.filter((named) => isRead(named.route))) {
      const { text } = await other.call(id, route.items ? { query: { limit: '100' } } : {});
      for (const secret of ids) expect(text.includes(secret), `${id} shows ${secret}`).toBe(false);
    }
    for (const { id, route } of routes.filter(
      (named) => named.route.path.match(/^\/users\/\{user_id\}\//) && named.route.verb === 'GET',
    )) {
      const { text } = await other.call(id, await validCall(other, id, route));
      for (const secret of ids) expect(text.includes(secret), id).toBe(false);
    }
  });

  it('takes no id of another tenant in a body or a filter', async () => {
    const { server, home, other } = walk;
    const [user, group, role, organization, connection] = [
      await home.user(),
      await home.group(),
      await home.role(),
      await home.organization(),
      await home.connection(),
    ];
    const { resource_server, permission } = await home.permission();
    const permissions = [{ resource_server, permission }];
    const application = await home.application();
    const user_id = await other.user();
    const role_id = await other.role();
    const organization_id = await other.organization();
    const foreign = { namespace: await home.resourceNamespace(), grants: await home.grants() };
    const { resources } = await other.grants();
    const before = await rowsOf(server, home.tenantNum);
    const email = `${other.unique()}@example.com`;
    const refused: [string, object][] = [
      ['resources.authorize', { body: { resources, subjects: [{ type: 'user', id: user }] } }],
      ['resources.authorize', { body: { resources, subjects: [{ type: 'group', id: group }] } }],
      ['resources.authorize', { body: { ...foreign.grants, subjects: [{ type: 'user', id: user_id }] } }],
      ['resources.create', { body: { code: 'foreign', type: 'data', namespace: foreign.namespace } }],
      ['users.create', { body: { email, connection } }],
      ['users.setRoles', { params: { user_id }, body: { roles: [role] } }],
      ['organizations.create', { body: { name: other.unique(), owner_id: user } }],
      ['organizations.update', { params: { organization_id }, body: { owner_id: user } }],
      ['organizations.addMember', { params: { organization_id, user_id }, body: { roles: [role] } }],
      ['invitations.create', { body: { email, organization } }],
      ['tickets.createPasswordChange', { params: { user_id }, body: { organization } }],
      ['tenants.updateCurrent', { body: { settings: { default_connection: connection } } }],
      ['invitations.create', { body: { email, groups: [group] } }],
      ['invitations.create', { body: { email, roles: [role] } }],
      ['invitations.create', { body: { email, connection } }],
      ['roles.addPermissions', { params: { role_id }, body: { permissions } }],
      ['users.addPermissions', { params: { user_id }, body: { permissions } }],
      [
        'clientGrants.create',
        { body: { application: await other.application(), audience: resource_server, scopes: [] } },
      ],
      ['clientGrants.create', { body: { application, audience: 'urn:reeve:auth0:v2', scopes: [] } }],
      ['pools.setUserHome', { params: { user_id }, body: { pool: connection } }],
      ['applications.create', { body: { name: other.unique(), type: 'web', registration_pool: connection } }],
      ['applications.create', { body: { name: other.unique(), type: 'web', read_pools: [connection] } }],
      ['identities.link', { params: { user_id }, body: { user_id: user } }],
      [
        'deviceCredentials.create',
        { body: { type: 'public_key', device_name: 'd', device_id: 'd', value: 'v', user_id: user } },
      ],
    ];
    for (const [id, call] of refused) {
      const answer = await other.call(id, call);
      expect([400, 404], `${id} ${JSON.stringify(call)}: ${answer.text}`).toContain(answer.status);
    }
    for (const query of [{ application }, { audience: resource_server }])
      expect((await other.call('clientGrants.list', { query })).body).toMatchObject({ client_grants: [] });
    const found = await other.call('users.lookup', { body: { ids: [user] } });
    expect(found.body).toMatchObject({ users: [], missing: { ids: [user] } });
    for (const query of [{ group }, { role }, { organization }, { application }, { connection }]) {
      const answer = await other.call('users.list', { query: { ...query, include_total: 'true' } });
      if (answer.status === 200) expect(answer.body).toMatchObject({ users: [], total: 0 });
      else expect(answer.status).toBe(400);
      const exported = await other.call('users.exportAll', { query });
      if (exported.status === 200) expect(exported.text.trim().split('\n')).toHaveLength(1);
      else expect(exported.status).toBe(400);
    }
    for (const query of [{ target: user }, { target: group }])
      expect((await other.call('audit.list', { query })).body).toMatchObject({ events: [] });
    const { events } = (await home.call('audit.list', { query: { limit: '1' } })).body as { events: { id: string }[] };
    const cursor = events[0]?.id as string;
    expect((await other.call('audit.list', { query: { cursor } })).code).toBe('invalid_cursor');
    expect((await other.call('audit.stream', { query: { cursor } })).code).toBe('invalid_cursor');
    expect(await rowsOf(server, home.tenantNum)).toBe(before);
  });

  it('lets both tenants use the same names, each its own', async () => {
    const { home, other } = walk;
    const email = 'same@example.com';
    const made = await home.call('users.create', { body: { email, username: 'same', phone_number: '+4912345678' } });
    const twin = await other.call('users.create', { body: { email, username: 'same', phone_number: '+4912345678' } });
    expect([made.status, twin.status]).toEqual([201, 201]);
    for (const [estate, answer] of [
      [home, made],
      [other, twin],
    ] as const) {
      const { users } = (await estate.call('users.list', { query: { email } })).body as { users: object[] };
      expect(users).toEqual([answer.body]);
    }
    // The management of all tenants is the default one's.
    for (const id of ['tenants.list', 'tenants.create'])
      expect(
        (
          await other.call(id, {
            ...(id === 'tenants.create' ? { body: { name: 'sub', domains: ['sub.example.com'] } } : {}),
          })
        ).status,
      ).toBe(404);
  });
});
