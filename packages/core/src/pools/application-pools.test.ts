/** The pools of an application, and who is found in them. */
import type { Application, Pool, User } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteConnectionWithUsers } from '../connections/deletion.ts';
import { poolsOfApplication } from './application-pools.store.ts';
import { findInPools } from './find-in-pools.store.ts';

const STANDARD = 'Username-Password-Authentication';

describe.each(databaseKinds)('pools of applications on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let made = 0;
  const name = () => `of-${++made}`;
  const apply = (body: object) => server.api('POST', '/applications', { name: `App ${++made}`, type: 'web', ...body });
  const application = async (body: object = {}): Promise<Application> => {
    const answer = await apply(body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    const { client_secret: _secret, ...app } = answer.body as Application & { client_secret: string };
    return app;
  };
  const patch = (id: string, body: object, headers = {}) => server.api('PATCH', `/applications/${id}`, body, headers);
  const user = async (body: object): Promise<User> => {
    const answer = await server.api('POST', '/users', body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const connection = async (called: string, more: object = {}) =>
    (await server.api('POST', '/connections', { name: called, ...more })).body as { id: string };
  const pools = async () => ((await server.api('GET', '/pools?limit=100')).body as { pools: Pool[] }).pools;
  const searched = (id: string) =>
    server.work().read(async (db) => (await poolsOfApplication(db, server.tenant.id, id)).map((pool) => pool.name));
  const eventsOf = async (target: string) => {
    const { body } = await server.api('GET', `/audit?target=${target}&order=asc`);
    return (body as { events: { event_type: string; data: Record<string, object> }[] }).events;
  };

  it('keeps the pools that are named, by id or name, and makes new ones', async () => {
    const [registration, first, second] = [name(), name(), name()];
    const { id } = await connection(second);
    const app = await application({ registration_pool: ` ${registration.toUpperCase()}`, read_pools: [first, id] });
    expect(app).toMatchObject({ registration_pool: registration, read_pools: [first, second] });
    expect((await server.api('GET', `/applications/${app.id}`)).body).toEqual(app);
    const { body } = await server.api('GET', '/applications?limit=1');
    expect(body).toMatchObject({ applications: [app] });
    expect(await searched(app.id)).toEqual([registration, first, second]);
    const naming = (await pools()).filter(({ applications }) => applications.includes(app.client_id));
    expect(naming.map((pool) => pool.name).sort()).toEqual([registration, first, second].sort());
    const [created] = await eventsOf(app.id);
    expect(created?.data.after).toMatchObject({ registration_pool: registration, read_pools: [first, second] });
    for (const pool of naming)
      expect((await eventsOf(pool.connection_id)).map(({ event_type }) => event_type)).toEqual(['connection.created']);
  });

  it('falls back on the default connection', async () => {
    const plain = await application();
    expect(plain).toMatchObject({ registration_pool: null, read_pools: [] });
    expect(await searched(plain.id)).toEqual([STANDARD]);
    const read = name();
    const reading = await application({ read_pools: ['default', read] });
    expect(reading).toMatchObject({ registration_pool: null, read_pools: [STANDARD, read] });
    expect(await searched(reading.id)).toEqual([STANDARD, read]);
    const twice = await application({ registration_pool: read, read_pools: [read, 'DEFAULT', STANDARD] });
    expect(twice).toMatchObject({ registration_pool: read, read_pools: [read, STANDARD] });
    expect(await searched(twice.id)).toEqual([read, STANDARD]);
  });

  it('changes what a patch names, as a version with its event', async () => {
    const [one, two, three] = [name(), name(), name()];
    const app = await application({ registration_pool: one, read_pools: [two] });
    const same = await patch(app.id, { registration_pool: one, read_pools: [two.toUpperCase()] });
    expect([same.headers.get('etag'), same.body]).toEqual(['"v1"', app]);
    const reordered = await patch(app.id, { read_pools: [three, two] });
    expect(reordered.headers.get('etag')).toBe('"v2"');
    expect(reordered.body).toMatchObject({ registration_pool: one, read_pools: [three, two] });
    expect((await patch(app.id, { registration_pool: null }, { 'if-match': '"v1"' })).status).toBe(412);
    expect((await patch(app.id, { registration_pool: null })).body).toMatchObject({
      registration_pool: null,
      read_pools: [three, two],
    });
    expect((await patch(app.id, { name: 'Only the name' })).body).toMatchObject({ read_pools: [three, two] });
    const emptied = await patch(app.id, { read_pools: [] });
    expect(emptied.body).toMatchObject({ registration_pool: null, read_pools: [] });
    expect((await server.api('POST', `/applications/${app.id}/disable`)).body).toMatchObject({ read_pools: [] });
    const updates = (await eventsOf(app.id)).filter(({ event_type }) => event_type === 'application.updated');
    expect(updates.map(({ data }) => data)).toEqual([
      { before: { read_pools: [two] }, after: { read_pools: [three, two] } },
      { before: { registration_pool: one }, after: { registration_pool: null } },
      { before: { name: app.name }, after: { name: 'Only the name' } },
      { before: { read_pools: [three, two] }, after: { read_pools: [] } },
    ]);
  });

  it('refuses what can’t be a pool, changing nothing', async () => {
    const social = name();
    await connection(social, { strategy: 'google-oauth2' });
    const app = await application();
    const fresh = name();
    for (const [body, field, code] of [
      [{ registration_pool: 'a b' }, 'registration_pool', 'pattern'],
      [{ read_pools: [fresh, 'a b'] }, 'read_pools.1', 'pattern'],
      [{ registration_pool: social }, 'registration_pool', 'strategy'],
      [{ read_pools: [fresh, 'con_01HZX3J9K6Q8W2B5N7M4T1R0VY'] }, 'read_pools.1', 'exists'],
    ] as const) {
      const refused = { status: 400, body: { code: 'invalid_request', errors: [{ field, code }] } };
      expect(await apply(body), field).toMatchObject(refused);
      expect(await patch(app.id, body), field).toMatchObject(refused);
    }
    expect((await patch(app.id, { read_pools: Array.from({ length: 51 }, (_, i) => `p${i}`) })).status).toBe(400);
    expect((await pools()).map((pool) => pool.name)).not.toContain(fresh);
    expect((await server.api('GET', `/applications/${app.id}`)).body).toEqual(app);
    const authorization = `Bearer ${await server.token(['applications:read', 'applications:write'])}`;
    expect(await patch(app.id, { read_pools: [fresh] }, { authorization })).toMatchObject({
      status: 403,
      body: { code: 'insufficient_scope' },
    });
    expect((await patch(app.id, { read_pools: ['default'] }, { authorization })).status).toBe(200);
  });

  it('is named by many at once, and made once', async () => {
    const [one, two] = [name(), name()];
    const answers = await Promise.all([
      apply({ registration_pool: one, read_pools: [two] }),
      apply({ registration_pool: two, read_pools: [one] }),
      apply({ registration_pool: one, read_pools: [two] }),
      apply({ registration_pool: two, read_pools: [one] }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    for (const called of [one, two]) {
      const [found, ...more] = (await pools()).filter((pool) => pool.name === called);
      expect(more).toEqual([]);
      expect(found?.applications).toHaveLength(4);
      expect((await eventsOf(found?.connection_id as string)).map(({ event_type }) => event_type)).toEqual([
        'connection.created',
      ]);
    }
  });

  it('keeps its connections, and gives them free when it goes', async () => {
    const [one, two] = [name(), name()];
    const app = await application({ registration_pool: one, read_pools: [two] });
    for (const called of [one, two]) {
      const { connection_id } = (await pools()).find((pool) => pool.name === called) as Pool;
      const refused = await server.api('DELETE', `/connections/${connection_id}`);
      expect(refused).toMatchObject({ status: 409, body: { code: 'in_use' } });
      expect((refused.body as { detail: string }).detail).toContain(app.id);
    }
    expect((await server.api('DELETE', `/applications/${app.id}`)).status).toBe(204);
    const events = await eventsOf(app.id);
    expect(events.at(-1)?.data.before).toMatchObject({ registration_pool: one, read_pools: [two] });
    for (const called of [one, two]) {
      const { connection_id, applications } = (await pools()).find((pool) => pool.name === called) as Pool;
      expect(applications).toEqual([]);
      expect((await server.api('DELETE', `/connections/${connection_id}`)).status).toBe(204);
    }
  });

  it('keeps its connection with the people in it, where all of them would be deleted with it', async () => {
    const called = name();
    await application({ read_pools: [called] });
    const person = await user({ username: `kept${kind}`, connection: called });
    const { connection_id: connectionId } = (await pools()).find((pool) => pool.name === called) as Pool;
    const deletion = deleteConnectionWithUsers(server.work(), { connectionId, checkMayDeleteUsers: () => {} });
    await expect(deletion).rejects.toMatchObject({ code: 'in_use' });
    expect((await server.api('GET', `/users/${person.id}`)).status).toBe(200);
  });

  it('follows a connection that is renamed', async () => {
    const [before, after] = [name(), name()];
    const app = await application({ registration_pool: before });
    const { connection_id } = (await pools()).find((pool) => pool.name === before) as Pool;
    await server.api('PATCH', `/connections/${connection_id}`, { name: after });
    expect((await server.api('GET', `/applications/${app.id}`)).body).toMatchObject({ registration_pool: after });
  });

  describe('findInPools', () => {
    const numOf = (id: string) =>
      server.work().read(async (db) => {
        const found = await db.selectFrom('connections').select('num').where('id', '=', id).executeTakeFirstOrThrow();
        return found.num;
      });
    const find = async (identifier: string, ...connections: { id: string }[]) => {
      const nums: number[] = [];
      for (const { id } of connections) nums.push(await numOf(id));
      return server.work().read((db) => findInPools(db, server.tenant.id, nums, identifier));
    };
    const tag = (id: string, pool: { id: string }) => server.api('PUT', `/users/${id}/pools/${pool.id}`);
    const add = () => connection(name());

    it('finds by home and by tag, in the order of the pools', async () => {
      const [a, b, c] = [await add(), await add(), await add()];
      const email = `Sought${kind}@Example.com`;
      const [inA, inB] = [await user({ email, connection: a.id }), await user({ email, connection: b.id })];
      await tag(inB.id, c);
      expect(await find(email, a, b)).toMatchObject({
        id: inA.id,
        connectionId: a.id,
        connectionNum: await numOf(a.id),
      });
      expect(await find(` ${email.toLowerCase()} `, b, a)).toMatchObject({ id: inB.id, connectionId: b.id });
      // By a tag, and still signed in at home.
      expect(await find(email, c, a)).toMatchObject({ id: inB.id, connectionId: b.id });
      expect(await find(email, c)).toMatchObject({ num: expect.any(Number), id: inB.id });
      await tag(inA.id, b);
      expect(await find(email, b)).toMatchObject({ id: inB.id });
      await tag(inA.id, c);
      expect(await find(email, c), 'the older of two').toMatchObject({ id: inA.id });
      expect(await find(email)).toBeUndefined();
      expect(await find('nobody@example.com', a, b, c)).toBeUndefined();
      expect(await find(email, await add())).toBeUndefined();
    });

    it('passes over who has no password here, where that is what counts', async () => {
      const pool = await add();
      const social = await connection(name(), { strategy: 'google-oauth2' });
      const email = `social${kind}@example.com`;
      const there = await user({ email, connection: social.id });
      await tag(there.id, pool);
      const byPassword = async () =>
        server
          .work()
          .read(async (db) => findInPools(db, server.tenant.id, [await numOf(pool.id)], email, { byPassword: true }));
      expect(await find(email, pool)).toMatchObject({ id: there.id });
      expect(await byPassword()).toBeUndefined();
      const other = await add();
      const here = await user({ email, connection: other.id });
      await tag(here.id, pool);
      expect(await find(email, pool), 'the older of two').toMatchObject({ id: there.id });
      expect(await byPassword()).toMatchObject({ id: here.id, connectionId: other.id });
    });

    it('finds usernames before phone numbers', async () => {
      const [a, b] = [await add(), await add()];
      const number = `+4930${kind === 'sqlite' ? 1 : 2}234`;
      const phoned = await user({ phone_number: number, connection: a.id });
      expect(await find(`${number.slice(0, 5)} ${number.slice(5)}`, a)).toMatchObject({ id: phoned.id });
      const named = await user({ username: number, connection: b.id });
      expect(await find(number, a, b)).toMatchObject({ id: named.id });
      await tag(phoned.id, b);
      expect(await find(number, b)).toMatchObject({ id: named.id });
      await server.api('DELETE', `/users/${named.id}`);
      expect(await find(number, b)).toMatchObject({ id: phoned.id, connectionId: a.id });
    });

    it('finds a linked account where it is, not by the tags of its user', async () => {
      const [a, b, c] = [await add(), await add(), await add()];
      const email = `linked-in${kind}@example.com`;
      const primary = await user({ username: `primary${kind}`, connection: a.id });
      const linked = await user({ email, connection: b.id });
      await server.api('POST', `/users/${primary.id}/identities`, { user_id: linked.id });
      await tag(primary.id, c);
      expect(await find(email, b)).toMatchObject({ id: primary.id, connectionId: b.id });
      expect(await find(email, a, c)).toBeUndefined();
      expect(await find(`primary${kind}`, c)).toMatchObject({ id: primary.id, connectionId: a.id });
    });
  });
});
