import type { Pool, User } from '@reeve/contract';
import { bootServer, databaseKinds, signInWith, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const REALM = 'http://auth0.com/oauth/grant-type/password-realm';
const PASSWORD = 'correct horse battery';
const STANDARD = 'Username-Password-Authentication';

interface Told {
  readonly event_type: string;
  readonly data: Record<string, unknown>;
}

describe.each(databaseKinds)('pools on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let made = 0;
  const name = () => `pool-${++made}`;
  const make = async (more: object = {}): Promise<User> => {
    const answer = await server.api('POST', '/users', {
      email: `pooled${++made}@example.com`,
      email_verified: true,
      password: PASSWORD,
      ...more,
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const move = (id: string, pool: string, headers = {}) =>
    server.api('PUT', `/users/${id}/pools/home`, { pool }, headers);
  const at = (id: string, pool: string) => `/users/${id}/pools/${encodeURIComponent(pool)}`;
  const add = (id: string, pool: string) => server.api('PUT', at(id, pool));
  const drop = (id: string, pool: string) => server.api('DELETE', at(id, pool));
  const poolsOf = async (id: string) => (await server.api('GET', `/users/${id}/pools`)).body as object;
  const eventsOf = async (target: string): Promise<Told[]> =>
    ((await server.api('GET', `/audit?target=${target}&order=asc`)).body as { events: Told[] }).events;
  const typesOf = async (target: string) => (await eventsOf(target)).map(({ event_type }) => event_type);
  /** Every pool, page by page. */
  const all = async (limit = 100): Promise<Pool[]> => {
    const found: Pool[] = [];
    for (let cursor: string | null = '' as string | null; cursor !== null; ) {
      const { body } = await server.api('GET', `/pools?limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`);
      const page = body as { pools: Pool[]; next_cursor: string | null };
      found.push(...page.pools);
      cursor = page.next_cursor;
    }
    return found;
  };
  const pool = async (called: string) => (await all()).find((one) => one.name === called);
  const homesOf = async (connection: string) =>
    ((await server.api('GET', `/users?connection=${connection}&include_total=true`)).body as { total: number }).total;

  it('moves a user whole, with the same id, password and sessions', async () => {
    const [from, to] = [name(), name()];
    const user = await make({ username: `mover${kind}`, connection: (await connect(from)).id });
    await add(user.id, to);
    await add(user.id, 'third');
    const home = (await server.api('GET', `/connections/${to}`)).body as { id: string };
    const signedIn = await signInWith(server, {
      grant_type: REALM,
      realm: from,
      username: user.email as string,
      password: PASSWORD,
      scope: 'openid',
    });
    expect(signedIn.status).toBe(200);
    const moved = await move(user.id, ` ${to.toUpperCase()} `);
    expect(moved.status, JSON.stringify(moved.body)).toBe(200);
    expect(moved.headers.get('etag')).toBe('"v2"');
    expect(moved.body).toMatchObject({
      id: user.id,
      connection_id: home.id,
      identities: [{ ...user.identities[0], connection_id: home.id }],
    });
    expect((await server.api('GET', `/users/${user.id}`)).body).toEqual(moved.body);
    // The tag that is the home now is gone; the old home is none.
    expect(await poolsOf(user.id)).toEqual({ home: to, tags: ['third'] });
    expect([await homesOf(from), await homesOf(to)]).toEqual([0, 1]);
    expect((await server.api('GET', `/users?connection=${to}&search=mover${kind}`)).body).toMatchObject({
      users: [{ id: user.id }],
    });
    const enter = (realm: string) =>
      signInWith(server, { grant_type: REALM, realm, username: `mover${kind}`, password: PASSWORD });
    expect([(await enter(from)).status, (await enter(to)).status]).toEqual([400, 200]);
    const bearer = { authorization: `Bearer ${signedIn.body.access_token}` };
    expect((await fetch(`${server.url}/userinfo`, { headers: bearer })).status).toBe(200);
    const told = (await eventsOf(user.id)).filter(({ event_type }) => event_type === 'user.home_pool_changed');
    expect(told.map(({ data }) => data)).toEqual([{ before: { pool: from }, after: { pool: to } }]);
    // What was freed is free.
    await make({ username: `mover${kind}`, connection: from });
  });

  const connect = async (called: string, more: object = {}) =>
    (await server.api('POST', '/connections', { name: called, ...more })).body as { id: string };

  it('changes nothing where the home is the same, and honours If-Match', async () => {
    const user = await make();
    for (const same of ['default', 'DEFAULT', STANDARD.toLowerCase(), user.connection_id]) {
      const answer = await move(user.id, same, { 'if-match': '"v1"' });
      expect([answer.status, answer.headers.get('etag')], same).toEqual([200, '"v1"']);
    }
    expect(await typesOf(user.id)).toEqual(['user.created']);
    expect((await move(user.id, name(), { 'if-match': '"v2"' })).status).toBe(412);
    const target = name();
    expect((await move(user.id, target, { 'if-match': '"v1"' })).status).toBe(200);
    expect(await poolsOf(user.id)).toEqual({ home: target, tags: [] });
    expect((await move(user.id, 'default')).headers.get('etag')).toBe('"v3"');
    expect(await poolsOf(user.id)).toEqual({ home: STANDARD, tags: [] });
  });

  it('refuses a move to where an identifier is taken, moving nothing', async () => {
    const target = name();
    await connect(target);
    const numbers = `+49${kind === 'sqlite' ? 1 : 2}5551`;
    for (const [field, code, value] of [
      ['email', 'email_taken', `twin${kind}@example.com`],
      ['username', 'username_taken', `twin${kind}`],
      ['phone_number', 'phone_taken', numbers],
    ] as const) {
      await make({ [field]: value, connection: target });
      const twin = await make({ [field]: value });
      await add(twin.id, target);
      const before = [await poolsOf(twin.id), await homesOf(target), await homesOf(STANDARD), await typesOf(twin.id)];
      const refused = await move(twin.id, target);
      expect(refused, field).toMatchObject({ status: 409, body: { code, errors: [{ field }] } });
      expect([await poolsOf(twin.id), await homesOf(target), await homesOf(STANDARD), await typesOf(twin.id)]).toEqual(
        before,
      );
      expect((await server.api('GET', `/users/${twin.id}`)).body).toEqual(twin);
    }
  });

  it('lets one of several move under an address', async () => {
    const target = name();
    const email = `contested${kind}@example.com`;
    const twins: User[] = [];
    for (let i = 0; i < 4; i++) {
      const own = name();
      await connect(own);
      twins.push(await make({ email, connection: own }));
    }
    const answers = await Promise.all(twins.map(({ id }) => move(id, target)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    expect(await homesOf(target)).toBe(1);
    const { body } = await server.api('GET', `/connections/${target}`);
    expect(await typesOf((body as { id: string }).id)).toEqual(['connection.created']);
  });

  it('adds and removes pools beside the home, telling only changes', async () => {
    const user = await make();
    const [one, two] = [name(), name()];
    expect((await add(user.id, two)).status).toBe(204);
    expect((await add(user.id, `  ${two.toUpperCase()}`)).status).toBe(204);
    expect((await add(user.id, one)).status).toBe(204);
    expect(await poolsOf(user.id)).toEqual({ home: STANDARD, tags: [one, two].sort() });
    expect((await drop(user.id, two)).status).toBe(204);
    expect((await drop(user.id, two)).status).toBe(204);
    expect((await drop(user.id, name())).status).toBe(204);
    expect(await poolsOf(user.id)).toEqual({ home: STANDARD, tags: [one] });
    const told = (await eventsOf(user.id)).slice(1).map(({ event_type, data }) => [event_type, data.pool]);
    expect(told).toEqual([
      ['user.pool_added', two],
      ['user.pool_added', one],
      ['user.pool_removed', two],
    ]);
    for (const home of ['default', STANDARD, user.connection_id]) {
      const refused = { status: 400, body: { code: 'invalid_request', errors: [{ field: 'pool', code: 'home' }] } };
      expect(await add(user.id, home), home).toMatchObject(refused);
      expect(await drop(user.id, home), home).toMatchObject(refused);
    }
    // What the tag is called in the path may be its id; one called `home` has no other name there.
    await connect('home');
    const { id } = (await server.api('GET', '/connections/home')).body as { id: string };
    expect((await add(user.id, id)).status).toBe(204);
    expect(await poolsOf(user.id)).toEqual({ home: STANDARD, tags: ['home', one] });
  });

  it('refuses what can’t be a pool, making none', async () => {
    const user = await make();
    const social = name();
    await connect(social, { strategy: 'google-oauth2' });
    const before = (await all()).length;
    for (const wrong of ['a b', 'ümlaut', 'a/b', 'x'.repeat(101), '   ', 'a.b']) {
      const refused = { status: 400, body: { code: 'invalid_request', errors: [{ field: 'pool', code: 'pattern' }] } };
      expect(await move(user.id, wrong), wrong).toMatchObject(refused);
      expect(await add(user.id, wrong), wrong).toMatchObject(refused);
      expect(await drop(user.id, wrong), wrong).toMatchObject(refused);
    }
    const strategy = { status: 400, body: { errors: [{ field: 'pool', code: 'strategy' }] } };
    for (const answer of [await move(user.id, social), await add(user.id, social), await drop(user.id, social)])
      expect(answer).toMatchObject(strategy);
    const unknown = 'con_01HZX3J9K6Q8W2B5N7M4T1R0VY';
    expect(await move(user.id, unknown)).toMatchObject({ status: 400, body: { errors: [{ code: 'exists' }] } });
    for (const answer of [await add(user.id, unknown), await drop(user.id, unknown)])
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    for (const answer of [await move('usr_none', 'a'), await add('usr_none', 'a'), await drop('usr_none', 'a')])
      expect(answer.status).toBe(404);
    expect((await server.api('GET', '/users/usr_none/pools')).status).toBe(404);
    expect((await all()).length).toBe(before);
    expect(await typesOf(user.id)).toEqual(['user.created']);
  });

  it('makes a pool for who may make connections only', async () => {
    const user = await make();
    const authorization = `Bearer ${await server.token(['users:read', 'users:write'])}`;
    const [known, unknown] = [name(), name()];
    await connect(known);
    const refused = { status: 403, body: { code: 'insufficient_scope' } };
    expect(await server.api('PUT', at(user.id, unknown), undefined, { authorization })).toMatchObject(refused);
    expect(await move(user.id, unknown, { authorization })).toMatchObject(refused);
    expect(await pool(unknown)).toBeUndefined();
    expect((await server.api('PUT', at(user.id, known), undefined, { authorization })).status).toBe(204);
    expect((await move(user.id, known, { authorization })).status).toBe(200);
  });

  it('makes a pool once, however many name it at once', async () => {
    for (let round = 0; round < 5; round++) {
      const called = name();
      const users = await Promise.all(Array.from({ length: 4 }, () => make()));
      const answers = await Promise.all([
        ...users.slice(0, 2).map(({ id }) => add(id, called)),
        ...users.slice(2).map(({ id }) => move(id, called)),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([204, 204, 200, 200]);
      const { connection_id, ...counts } = (await pool(called)) as Pool;
      expect(counts).toMatchObject({ user_count: 4, home_count: 2, tag_count: 2, is_default: false });
      expect(await typesOf(connection_id)).toEqual(['connection.created']);
    }
  });

  it('adds a pool once by many at the same time', async () => {
    const user = await make();
    const called = name();
    const answers = await Promise.all(Array.from({ length: 6 }, () => add(user.id, called)));
    for (const { status } of answers) expect(status).toBe(204);
    expect(await typesOf(user.id)).toEqual(['user.created', 'user.pool_added']);
    expect(await pool(called)).toMatchObject({ tag_count: 1 });
  });

  it('lists pools by name with exact counts, in pages', async () => {
    const listed = await all();
    expect(listed.map((one) => one.name.toLowerCase())).toEqual(listed.map((one) => one.name.toLowerCase()).sort());
    expect(await all(2)).toEqual(listed);
    expect(listed.filter(({ is_default }) => is_default)).toMatchObject([{ name: STANDARD, applications: [] }]);
    const { homes, tags, databases } = await server.work().read(async (db) => ({
      homes: await db.selectFrom('users').select(['connection_num as num']).execute(),
      tags: await db.selectFrom('pool_members').select(['connection_num as num']).execute(),
      databases: await db.selectFrom('connections').select(['num', 'id']).where('strategy', '=', 'database').execute(),
    }));
    const told = new Map(listed.map((one) => [one.connection_id, one]));
    expect(told.size).toBe(databases.length);
    for (const { num, id } of databases) {
      const home_count = homes.filter((one) => one.num === num).length;
      const tag_count = tags.filter((one) => one.num === num).length;
      expect(told.get(id)).toMatchObject({ home_count, tag_count, user_count: home_count + tag_count });
    }
    expect(tags.length).toBeGreaterThan(5);
  });

  it('ends with the user, also where the account is linked to another', async () => {
    const called = name();
    const [gone, linked, primary] = [await make(), await make(), await make()];
    for (const { id } of [gone, linked, primary]) await add(id, called);
    expect(await pool(called)).toMatchObject({ tag_count: 3 });
    expect((await server.api('DELETE', `/users/${gone.id}`)).status).toBe(204);
    expect((await server.api('POST', `/users/${primary.id}/identities`, { user_id: linked.id })).status).toBe(201);
    expect(await pool(called)).toMatchObject({ tag_count: 1 });
    const [own] = linked.identities;
    const unlink = `/users/${primary.id}/identities/${own?.provider}/${own?.subject}`;
    expect((await server.api('DELETE', unlink)).status).toBe(200);
    expect(await poolsOf(linked.id)).toEqual({ home: STANDARD, tags: [] });
    expect(await poolsOf(primary.id)).toEqual({ home: STANDARD, tags: [called] });
  });

  it('moves the home of a user with linked identities, and they stay where they are', async () => {
    const [primary, linked] = [await make(), await make({ connection: (await connect(name())).id })];
    await server.api('POST', `/users/${primary.id}/identities`, { user_id: linked.id });
    const target = name();
    const moved = (await move(primary.id, target)).body as User;
    expect(moved.identities.map((one) => one.connection_id)).toEqual([moved.connection_id, linked.connection_id]);
    const [own] = linked.identities;
    const unlinked = await server.api('DELETE', `/users/${primary.id}/identities/${own?.provider}/${own?.subject}`);
    expect(unlinked.status, JSON.stringify(unlinked.body)).toBe(200);
    expect((await server.api('GET', `/users/${linked.id}`)).body).toMatchObject({
      connection_id: linked.connection_id,
      email: linked.email,
    });
    // The own linked account holds its address there, too.
    const twin = await make({ email: primary.email, connection: (await connect(name())).id });
    await server.api('POST', `/users/${primary.id}/identities`, { user_id: twin.id });
    expect(await move(primary.id, twin.connection_id)).toMatchObject({ status: 409, body: { code: 'email_taken' } });
  });

  it('goes with the connection where nobody has it as home', async () => {
    const [called, other] = [name(), name()];
    const user = await make();
    await add(user.id, called);
    await move(user.id, other);
    const { connection_id } = (await pool(called)) as Pool;
    expect((await server.api('DELETE', `/connections/${connection_id}`)).status).toBe(204);
    expect(await poolsOf(user.id)).toEqual({ home: other, tags: [] });
    const home = (await pool(other)) as Pool;
    expect(await server.api('DELETE', `/connections/${home.connection_id}`)).toMatchObject({
      body: { code: 'in_use' },
    });
    await move(user.id, 'default');
    expect((await server.api('DELETE', `/connections/${home.connection_id}`)).status).toBe(204);
  });

  it('is either deleted or used where both are tried at once', async () => {
    for (let round = 0; round < 6; round++) {
      const called = name();
      const { id } = await connect(called);
      const [mover, tagged] = [await make(), await make()];
      const [gone, moved, added] = await Promise.all([
        server.api('DELETE', `/connections/${id}`),
        move(mover.id, called),
        add(tagged.id, called),
      ]);
      expect([200, 204], JSON.stringify(moved.body)).toContain(moved.status);
      expect(added.status, JSON.stringify(added.body)).toBe(204);
      expect([204, 409], JSON.stringify(gone.body)).toContain(gone.status);
      const { home } = (await poolsOf(mover.id)) as { home: string };
      // Where the deletion was first, the name stands for a new pool.
      expect(home).toBe(called);
      expect(await pool(called)).toMatchObject({ home_count: 1 });
      expect(((await pool(called)) as Pool).connection_id === id).toBe(gone.status === 409);
    }
  });
});
