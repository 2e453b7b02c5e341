/** Connections that go with their users, and who may use one. */
import type { User } from '@reeve/contract';
import { type Auth0Call, auth0Caller, auth0Scopes, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('connections of Auth0 on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
  });
  afterAll(() => server.stop());

  let made = 0;
  const makeConnection = async (): Promise<{ id: string; name: string }> => {
    const name = `pool-${++made}`;
    const { status, body } = await call('POST', '/connections', { name, strategy: 'auth0' });
    expect(status, JSON.stringify(body)).toBe(201);
    return body;
  };
  const makeUser = async (connection: string): Promise<User> => {
    const answer = await server.api('POST', '/users', { connection, email: `pooled${++made}@example.com` });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const totalOf = async (filter: string) =>
    ((await server.api('GET', `/users?include_total=true&limit=1&${filter}`)).body as { total: number }).total;
  const remove = (id: string, by = call) => by('DELETE', `/connections/${id}`);
  const isThere = async (id: string) => (await call('GET', `/connections/${id}`)).status === 200;

  it('go with their users, in batches, with the events, and exact totals', async () => {
    const { id, name } = await makeConnection();
    const before = await totalOf('');
    const people = [];
    for (let i = 0; i < 53; i++) people.push(await makeUser(name));
    expect((await Promise.all([remove(id), remove(id)])).map(({ status }) => status)).toEqual([204, 204]);
    expect(await isThere(id)).toBe(false);
    expect(await totalOf('')).toBe(before);
    for (const type of ['user.deleted', 'user.erased']) {
      const { body } = await server.api('GET', `/audit?event_types=${type}&limit=100`);
      const told = new Set((body as { events: { target: { id: string } }[] }).events.map(({ target }) => target.id));
      expect(people.filter((user) => !told.has(user.id))).toEqual([]);
    }
    const { body } = await server.api('GET', `/audit?event_types=connection.deleted&target=${id}`);
    expect((body as { events: object[] }).events).toHaveLength(1);
    const counted = await server.work().read((db) => db.selectFrom('counters').select(['name', 'n']).execute());
    const sums = Map.groupBy(counted, ({ name: total }) => total);
    for (const [total, slots] of sums)
      expect(
        slots.reduce((sum, { n }) => sum + Number(n), 0),
        total,
      ).toBeGreaterThanOrEqual(0);
    expect((await remove(id)).status).toBe(204);
  });

  it('keep their users from a token that may not delete any', async () => {
    const weak = await auth0Caller(
      server,
      auth0Scopes.filter((scope) => scope !== 'delete:users'),
    );
    const empty = await makeConnection();
    expect((await remove(empty.id, weak)).status).toBe(204);
    const { id, name } = await makeConnection();
    const { id: user } = await makeUser(name);
    const refused = await remove(id, weak);
    expect(refused).toMatchObject({ status: 403, body: { errorCode: 'insufficient_scope' } });
    expect((refused.body as { message: string }).message).toContain('delete:users');
    expect((await server.api('GET', `/users/${user}`)).status).toBe(200);
    expect(await isThere(id)).toBe(true);
  });

  it('lose nobody where they must stay', async () => {
    const standard = (await call('GET', '/connections?name=Username-Password-Authentication')).body as { id: string }[];
    const before = await totalOf('');
    expect((await remove(standard[0]?.id as string)).status).toBe(403);
    expect(await totalOf('')).toBe(before);

    const { id, name } = await makeConnection();
    const [secondary, stays] = [await makeUser(name), await makeUser(name)];
    const primary = await makeUser('Username-Password-Authentication');
    const linked = await server.api('POST', `/users/${primary.id}/identities`, { user_id: secondary.id });
    expect(linked.status).toBe(201);
    expect((await remove(id)).status).toBe(409);
    expect((await server.api('GET', `/users/${stays.id}`)).status).toBe(200);
    const [, own] = (linked.body as { identities: User['identities'] }).identities;
    await server.api('DELETE', `/users/${primary.id}/identities/${own?.provider}/${own?.subject}`);
    // Identities that are linked to the connection's own users go with these.
    await server.api('POST', `/users/${stays.id}/identities`, { user_id: primary.id });
    expect((await remove(id)).status).toBe(204);
    expect((await server.api('GET', `/users/${stays.id}`)).status).toBe(404);
  });

  it('keep the last administrator, and everybody beside', async () => {
    const { id, name } = await makeConnection();
    const people = [await makeUser(name), await makeUser(name)];
    const [{ id: chief }] = people as [User];
    const given = await server.api('PUT', `/users/${chief}/roles`, { roles: ['system_admin'] });
    expect(given.status, JSON.stringify(given.body)).toBeLessThan(300);
    const { body } = await server.api('GET', '/users?email=admin@reeve.test');
    const [admin] = (body as { users: User[] }).users;
    expect((await server.api('POST', `/users/${admin?.id}/disable`)).status).toBeLessThan(300);
    expect(await remove(id)).toMatchObject({ status: 403, body: { errorCode: 'operation_not_supported' } });
    for (const user of people) expect((await server.api('GET', `/users/${user.id}`)).status).toBe(200);
    await server.api('POST', `/users/${admin?.id}/enable`);
    expect((await remove(id)).status).toBe(204);
  });

  describe('their password policy', () => {
    const options = (id: string) =>
      call('GET', `/connections/${id}`).then(({ body }) => (body as { options: object }).options);
    const policy = async (id: string) =>
      ((await server.api('GET', `/connections/${id}`)).body as { password_policy: object }).password_policy;
    const usual = { min_length: 8, require_lowercase: false, require_digit: false, require_symbol: false };
    const good = { min_length: 8, require_lowercase: true, require_digit: true, require_symbol: true };
    const create = async (given?: object) => {
      const fields = { name: `pool-${++made}`, strategy: 'auth0', ...(given && { options: given }) };
      const { status, body } = await call('POST', '/connections', fields);
      expect(status, JSON.stringify(body)).toBe(201);
      return (body as { id: string }).id;
    };
    const patch = async (id: string, body: object) =>
      expect(await call('PATCH', `/connections/${id}`, body)).toMatchObject({ status: 200 });

    it('is replaced with the options, and is the default where they say nothing of it', async () => {
      const id = await create({ passwordPolicy: 'good', brute_force_protection: true });
      expect(await policy(id)).toMatchObject(good);
      await patch(id, { display_name: 'Other' });
      expect(await policy(id)).toMatchObject(good);
      await patch(id, { options: { brute_force_protection: false } });
      expect(await options(id)).toEqual({ brute_force_protection: false });
      expect(await policy(id)).toMatchObject(usual);
      await patch(id, { options: { passwordPolicy: 'excellent', password_complexity_options: null } });
      expect(await policy(id)).toMatchObject({ ...good, min_length: 10 });
      await patch(id, { options: { passwordPolicy: null, password_complexity_options: { min_length: 20 } } });
      expect(await policy(id)).toMatchObject({ ...usual, min_length: 20 });
      await patch(id, { options: { passwordPolicy: 'none' } });
      expect(await policy(id)).toMatchObject({ ...usual, min_length: 1 });
      await patch(id, { options: {} });
      expect(await policy(id)).toMatchObject(usual);
      expect(await policy(await create())).toMatchObject(usual);
      expect(await policy(await create({}))).toMatchObject(usual);
    });

    it('that was set natively is shown, so that writing back what was read does not weaken it', async () => {
      const id = await create({ passwordPolicy: 'low', mine: 1 });
      for (const [password_policy, shown] of [
        [{ min_length: 14 }, { passwordPolicy: 'none', password_complexity_options: { min_length: 14 } }],
        [{ require_digit: true }, { passwordPolicy: 'fair', password_complexity_options: { min_length: 14 } }],
        [{ require_symbol: true }, { passwordPolicy: 'good', password_complexity_options: { min_length: 14 } }],
      ] as const) {
        await server.api('PATCH', `/connections/${id}`, { password_policy });
        expect(await options(id)).toEqual({ mine: 1, ...shown });
      }
      await patch(id, { options: await options(id) });
      expect(await policy(id)).toMatchObject({ ...good, min_length: 14 });
      const { body } = await call('GET', '/connections?name=Username-Password-Authentication');
      expect((body as { options: object }[])[0]?.options).toEqual({});
    });

    it('refuses what is none of Auth0’s, by name, and changes nothing', async () => {
      const id = await create({ passwordPolicy: 'good' });
      for (const [given, field] of [
        [{ passwordPolicy: 'best' }, 'options.passwordPolicy'],
        [{ passwordPolicy: 3 }, 'options.passwordPolicy'],
        [{ password_complexity_options: { min_length: 0 } }, 'options.password_complexity_options.min_length'],
        [{ password_complexity_options: { min_length: '9' } }, 'options.password_complexity_options.min_length'],
      ] as const) {
        for (const [verb, path, body] of [
          ['PATCH', `/connections/${id}`, { options: given, display_name: 'No' }],
          ['POST', '/connections', { name: 'refused', strategy: 'auth0', options: given }],
        ] as const) {
          const answer = await call(verb, path, body);
          expect(answer).toMatchObject({ status: 400, body: { errorCode: 'invalid_body' } });
          expect((answer.body as { message: string }).message).toContain(`on property ${field}`);
        }
      }
      const reserved = await call('POST', '/connections', { name: 'default', strategy: 'auth0' });
      expect(reserved).toMatchObject({ status: 400, body: { message: expect.stringContaining('name') } });
      expect((await call('GET', '/connections?name=default')).body).toEqual([]);
      expect((await call('GET', `/connections/${id}`)).body).toMatchObject({ options: { passwordPolicy: 'good' } });
      expect((await call('GET', `/connections/${id}`)).body).not.toHaveProperty('display_name');
      expect((await call('GET', '/connections?name=refused')).body).toEqual([]);
      // Another strategy's options are its own.
      const other = { name: 'elsewhere', strategy: 'samlp', options: { passwordPolicy: 'best' } };
      expect((await call('POST', '/connections', other)).status).toBe(201);
    });
  });

  it('are enabled for each of several clients that are named at the same moment', async () => {
    const { id } = await makeConnection();
    const clients: string[] = [];
    for (const n of [1, 2, 3, 4]) {
      const { body } = await call('POST', '/clients', { name: `client ${n}` });
      clients.push((body as { client_id: string }).client_id);
    }
    const change = (client_id: string, status: boolean) =>
      call('PATCH', `/connections/${id}/clients`, [{ client_id, status }]);
    const changed = await Promise.all(clients.map((client) => change(client, true)));
    expect(changed.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    const listed = async (query: string) =>
      (await call('GET', `/connections/${id}/clients?${query}`)).body as {
        clients: { client_id: string }[];
        next?: string;
      };
    const all = (await listed('take=50')).clients.map(({ client_id }) => client_id);
    expect(all.toSorted()).toEqual(clients.toSorted());
    const first = await listed('take=2');
    expect((await listed(`take=2&from=${first.next}`)).clients.map((client) => client.client_id)).toEqual(all.slice(2));
    await change(first.next as string, false);
    expect(await call('GET', `/connections/${id}/clients?take=2&from=${first.next}`)).toMatchObject({
      status: 400,
      body: { errorCode: 'invalid_paging' },
    });
    expect((await change('nobody', true)).status).toBe(400);
    expect((await change('nobody', false)).status).toBe(204);
    expect((await call('GET', `/connections/${id}`)).body).toMatchObject({
      enabled_clients: all.filter((client) => client !== first.next),
    });
  });

  it('that are for all clients stop being so when one is taken off', async () => {
    const { body } = await call('GET', '/connections?name=Username-Password-Authentication');
    const [{ id, enabled_clients: before }] = body as [{ id: string; enabled_clients: string[] }];
    const last = before.find((client) => client !== 'test-management') as string;
    await call('PATCH', `/connections/${id}/clients`, [{ client_id: last, status: true }]);
    expect((await server.api('GET', `/connections/${id}`)).body).toMatchObject({ enabled_for_all: true });
    await call('PATCH', `/connections/${id}/clients`, [{ client_id: last, status: false }]);
    const { enabled_clients: after } = (await call('GET', `/connections/${id}`)).body as { enabled_clients: string[] };
    expect(after.toSorted()).toEqual(before.filter((client) => client !== last).toSorted());
  });
});
