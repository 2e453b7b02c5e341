/** Calls that the genuine client sends when an id is missing (contract §5), and the limits that Auth0 has and the directory has not. */
import { ADMIN_EMAIL, auth0Caller, databaseKinds } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { genuineOf, type Legacy, refusalOf } from './genuine.ts';
import { startWorld, type World } from './world.ts';

const CONNECTION = 'Username-Password-Authentication';
const PASSWORD = 'a password that is long enough';

type Named = { readonly id: string; readonly user_id: string; readonly email: string };
type Callback = (error: Error | null, answer?: unknown) => void;

describe.each(databaseKinds)('stray calls of the genuine client on %s', (kind) => {
  let world: World;
  let client: Legacy;
  beforeAll(async () => {
    world = await startWorld(kind);
    client = genuineOf(world);
    for (const name of ['one', 'two'])
      await client.users.create({ connection: CONNECTION, email: `${name}@example.com`, password: PASSWORD });
    await client.rules.create({ name: 'Rule', script: 'function (u, c, callback) { callback(null, u, c); }' });
    await client.resourceServers.create({ identifier: 'https://stray.example/', name: 'Api' });
  });
  afterAll(() => world.server.stop());

  /** Everything that a stray call could take away or change. */
  const everything = async () => {
    const call = await auth0Caller(world.server);
    const lists = ['users', 'clients', 'rules', 'roles', 'connections', 'resource-servers', 'client-grants'];
    const found = await Promise.all(lists.map(async (list) => [list, (await call('GET', `/${list}`)).body] as const));
    return Object.fromEntries<Named[]>(found);
  };
  const emails = async () => (await everything()).users?.map(({ email }) => email).sort();
  const setting = (settings: object) => world.native('PATCH', '/tenant', { settings });
  /** A flat method that is given its callback alone. */
  const byCallback = (method: 'deleteAllUsers' | 'getDailyStats') =>
    new Promise<unknown>((resolve, reject) => {
      client[method](((error, answer) => (error ? reject(error) : resolve(answer))) satisfies Callback);
    });

  it('deletes and changes nothing where the id is missing', async () => {
    const before = await everything();
    const strays: Record<string, () => unknown> = {
      'PATCH /users': () => client.updateUser({}, { name: 'Everybody' }),
      'PATCH /users of metadata': () => client.updateUserMetadata({}, { everybody: true }),
      'DELETE /users/': () => client.deleteUser({ id: '' }),
      'DELETE /clients': () => client.deleteClient({}),
      'DELETE /clients without parameters': () => client.deleteClient(),
      'DELETE /rules': () => client.deleteRule({}),
      'DELETE /connections': () => client.deleteConnection({}),
      'DELETE /resource-servers': () => client.deleteResourceServer({}),
      'DELETE /client-grants': () => client.clientGrants.delete({}),
      'DELETE /roles': () => client.roles.delete({}),
      'PATCH /clients': () => client.updateClient({}, { name: 'Every client' }),
      'PATCH /rules': () => client.updateRule({}, { enabled: false }),
      'GET /users/roles': () => client.users.getRoles({}),
      'GET /users/enrollments': () => client.getGuardianEnrollments({}),
      'GET /stats': () => byCallback('getDailyStats'),
      'GET /users/zd': () => client.users.getAll({ i: 'z' }),
    };
    for (const [sent, stray] of Object.entries(strays)) {
      const { status } = await refusedOrThrown(stray);
      expect([400, 403, 404, 405, 'ArgumentError'], `${sent}: ${status}`).toContain(status);
    }
    expect(await everything()).toEqual(before);
  });

  /** Some of them the client itself refuses. */
  const refusedOrThrown = async (stray: () => unknown): Promise<{ status: unknown }> => {
    let sent: unknown;
    try {
      sent = stray();
    } catch (error) {
      return { status: (error as Error).name };
    }
    return refusalOf(sent);
  };

  it('answers the list where one user is asked for without an id', async () => {
    const all = await emails();
    for (const params of [{}, undefined, 'auth0|x']) {
      const answer = (await client.getUser(params)) as Named[];
      expect(answer.map(({ email }) => email).sort()).toEqual(all);
    }
  });

  it('deletes all users only where the tenant allows it, and keeps administrators', async () => {
    const before = await emails();
    expect(before).toEqual([ADMIN_EMAIL, 'one@example.com', 'two@example.com']);
    expect(await refusalOf(byCallback('deleteAllUsers'))).toMatchObject({ status: 403 });
    expect(await emails()).toEqual(before);
    await setting({ allow_delete_all_users: true });
    await byCallback('deleteAllUsers');
    expect(await emails()).toEqual([ADMIN_EMAIL]);
    await setting({ allow_delete_all_users: false });
    expect(await refusalOf(byCallback('deleteAllUsers'))).toMatchObject({ status: 403 });
  });

  it('pages on behind record 1000, but not in strict mode', async () => {
    const rows = Array.from({ length: 1010 }, (_, at) => `${JSON.stringify({ email: `many-${at}@example.com` })}\n`);
    const { status } = await fetch(`${world.server.url}/api/v1/users/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await world.server.token()}`, 'content-type': 'application/x-ndjson' },
      body: rows.join(''),
    });
    expect(status).toBe(200);
    const pageAt = (page: number) =>
      client.getUsers({ page, per_page: 100, include_totals: true, q: 'email:many*' }) as Promise<{
        total: number;
        users: object[];
      }>;
    expect(await pageAt(10)).toMatchObject({ total: 1010, start: 1000, length: 10 });
    await setting({ strict_vendor_limits: true });
    expect((await pageAt(9)).users).toHaveLength(100);
    expect(await refusalOf(pageAt(10))).toMatchObject({ status: 400, body: { errorCode: 'invalid_paging' } });
    await setting({ strict_vendor_limits: false });
    expect((await pageAt(10)).users).toHaveLength(10);
  });
});
