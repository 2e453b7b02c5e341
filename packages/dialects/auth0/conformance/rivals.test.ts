/** Where other servers that claim Auth0's Management API fail its genuine client: one test each. */
import { askForToken, CLIENT_ID, claimsIn, databaseKinds, signInWith } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { genuineOf, type Legacy, refusalOf } from './genuine.ts';
import { startWorld, type World } from './world.ts';

const CONNECTION = 'Username-Password-Authentication';
const PASSWORD = 'a password that is long enough';

interface Made {
  readonly [field: string]: unknown;
  readonly id: string;
  readonly user_id: string;
  readonly client_id: string;
  readonly client_secret: string;
}
interface Page {
  readonly total: number;
  readonly start: number;
  readonly limit: number;
  readonly [key: string]: unknown;
}

describe.each(databaseKinds)('what rivals fail at, on %s', (kind) => {
  let world: World;
  let client: Legacy;
  let tag = 0;

  beforeAll(async () => {
    world = await startWorld(kind);
    client = genuineOf(world);
  });
  afterAll(() => world.server.stop());

  const mailOf = (name: string) => `${name}-${++tag}@example.com`;
  const make = (fields: object) =>
    client.users.create({ connection: CONNECTION, password: PASSWORD, ...fields }) as Promise<Made>;
  const idsOf = async (query: object) =>
    ((await client.users.getAll({ search_engine: 'v3', ...query })) as Made[]).map(({ user_id: id }) => id).sort();
  const makeClient = (fields: object = {}) =>
    client.clients.create({ name: `App ${++tag}`, app_type: 'non_interactive', ...fields }) as Promise<Made>;
  const makeApi = (identifier: string) =>
    client.resourceServers.create({ identifier, name: `Api ${++tag}`, scopes: [{ value: 'read:x' }] }) as Promise<Made>;

  it('tells the true total beside a page, of every list', async () => {
    const name = `Total ${++tag}`;
    for (let at = 0; at < 3; at++) {
      await make({ email: mailOf('total'), name });
      await makeClient();
      await client.roles.create({ name: `Role ${++tag}` });
      await client.rules.create({
        name: `Rule ${++tag}`,
        script: 'function (u, c, callback) { callback(null, u, c); }',
      });
      await makeApi(`https://total-${++tag}.example/`);
    }
    const one = { page: 0, per_page: 1, include_totals: true };
    const found = (await client.users.getAll({ ...one, q: `name:"${name}"` })) as Page;
    expect(found).toMatchObject({ total: 3, start: 0, limit: 1, length: 1 });
    expect(found.users).toHaveLength(1);
    const lists = [
      ['clients', 'clients'],
      ['roles', 'roles'],
      ['rules', 'rules'],
      ['resourceServers', 'resource_servers'],
      ['logs', 'logs'],
    ] as const;
    for (const [manager, key] of lists) {
      const getAll = (query: object) => client[manager].getAll(query);
      const page = (await getAll(one)) as Page;
      expect(page[key], manager).toHaveLength(1);
      expect(page.total, manager).toBeGreaterThanOrEqual(3);
      // As many as there are, not as many as are on the page: page after page gives that many.
      let seen = 0;
      for (let at = 0; at * 50 < page.total; at++)
        seen += ((await getAll({ page: at, per_page: 50 })) as object[]).length;
      // Reading is logged, too.
      if (manager !== 'logs') expect(seen, manager).toBe(page.total);
      else expect(seen).toBeGreaterThanOrEqual(page.total);
    }
  });

  it('gives the fields that are asked for, or all but them', async () => {
    const { user_id: id } = await make({ email: mailOf('fields'), user_metadata: { a: 1 } });
    const fields = 'user_id,user_metadata';
    expect(await client.users.get({ id, fields })).toEqual({ user_id: id, user_metadata: { a: 1 } });
    const q = `user_id:"${id}"`;
    expect(await client.users.getAll({ q, fields })).toEqual([{ user_id: id, user_metadata: { a: 1 } }]);
    const [rest] = (await client.users.getAll({ q, fields: 'identities,email', include_fields: false })) as Made[];
    expect(rest).toMatchObject({ user_id: id });
    expect(rest).not.toHaveProperty('identities');
    expect(rest).not.toHaveProperty('email');
    const named = (await client.clients.getAll({ fields: 'client_id,name' })) as object[];
    for (const one of named) expect(Object.keys(one).sort()).toEqual(['client_id', 'name']);
    const without = (await client.clients.getAll({ fields: 'callbacks', include_fields: false })) as object[];
    for (const one of without) expect(one).not.toHaveProperty('callbacks');
  });

  it('merges metadata and does not replace it', async () => {
    const { user_id: id } = await make({
      email: mailOf('merge'),
      user_metadata: { kept: 1, changed: 1, gone: 1, deep: { a: 1, b: 2 } },
      app_metadata: { plan: 'gold' },
    });
    await client.users.update({ id }, { user_metadata: { changed: 2, gone: null, deep: { a: 3 } } });
    // The merge is of the top level alone.
    expect(await client.users.get({ id })).toMatchObject({
      user_metadata: { kept: 1, changed: 2, deep: { a: 3 } },
      app_metadata: { plan: 'gold' },
    });
    const { user_metadata: left } = (await client.users.get({ id })) as { user_metadata: object };
    expect(Object.keys(left).sort()).toEqual(['changed', 'deep', 'kept']);
    expect(left).toMatchObject({ deep: { a: 3 } });
    expect((left as { deep: object }).deep).not.toHaveProperty('b');
  });

  it('finds by wildcard, range, existence and metadata what was just written', async () => {
    const family = `Quixano${++tag}`;
    const { user_id: first } = await make({
      email: mailOf('search'),
      name: `Alonso ${family}`,
      family_name: family,
      user_metadata: { city: `Toledo${tag}`, stays: [{ inn: `Venta${tag}` }] },
      app_metadata: { plan: `gold${tag}` },
    });
    const { user_id: second, created_at: at } = await make({ email: mailOf('search'), family_name: family });
    const both = [first, second].sort();
    expect(await idsOf({ q: `family_name:${family.slice(0, 6)}*` })).toEqual(expect.arrayContaining(both));
    expect(await idsOf({ q: `family_name:"${family.toUpperCase()}"` })).toEqual(both);
    expect(await idsOf({ q: `user_metadata.city:"Toledo${tag - 1}"` })).toEqual([first]);
    expect(await idsOf({ q: `user_metadata.stays.inn:"Venta${tag - 1}"` })).toEqual([first]);
    expect(await idsOf({ q: `app_metadata.plan:"gold${tag - 1}" OR user_id:"${second}"` })).toEqual(both);
    expect(await idsOf({ q: `family_name:${family} AND NOT _exists_:app_metadata.plan` })).toEqual([second]);
    expect(await idsOf({ q: `family_name:${family} AND created_at:[2000-01-01 TO *]` })).toEqual(both);
    expect(await idsOf({ q: `family_name:${family} AND created_at:{${at} TO *]` })).toEqual([]);
    expect(await idsOf({ q: `family_name:${family} AND logins_count:[0 TO 0]` })).toEqual(both);
  });

  it('refuses a malformed query, telling where, and answers neither everybody nor nobody', async () => {
    for (const [q, position] of [
      ['email:(', 7],
      ['name:"open', 10],
      ['created_at:[a', 13],
      ['email:a AND', 11],
    ] as const) {
      const { status, body } = await refusalOf(client.users.getAll({ q, search_engine: 'v3' }));
      expect([q, status, body?.errorCode]).toEqual([q, 400, 'invalid_query_string']);
      expect(body?.message, q).toContain(`character ${position} `);
    }
  });

  it('echoes no secret of the e-mail provider: in answers, errors, or logs', async () => {
    const secret = `SG.never-${kind}-shown`;
    const made = await client.emailProvider.configure({ name: 'sendgrid', credentials: { api_key: secret } });
    const read = await client.emailProvider.get();
    const changed = await client.emailProvider.update({}, { enabled: true, credentials: { api_key: `${secret}-2` } });
    const again = { name: 'sendgrid', credentials: { api_key: secret } };
    const twice = await refusalOf(client.emailProvider.configure(again));
    expect(twice).toMatchObject({ status: 409 });
    const wrong = { credentials: { api_key: secret, nothing: secret } };
    const refused = await refusalOf(client.emailProvider.update({}, wrong));
    expect(refused).toMatchObject({ status: 400 });
    const logs = await client.logs.getAll({ per_page: 100 });
    const events = await world.native('GET', '/audit?limit=100');
    expect(JSON.stringify([made, read, changed, twice.body, refused.body, logs, events])).not.toContain(secret);
    expect(read).toMatchObject({ name: 'sendgrid' });
    await client.emailProvider.delete();
    expect(await refusalOf(client.emailProvider.get())).toMatchObject({ status: 404 });
  });

  it('answers 409 for an API or a grant that is there already', async () => {
    const identifier = `https://twice-${++tag}.example/`;
    await makeApi(identifier);
    expect(await refusalOf(makeApi(identifier))).toMatchObject({ status: 409 });
    const { client_id } = await makeClient();
    const grant = { client_id, audience: identifier, scope: ['read:x'] };
    await client.clientGrants.create(grant);
    expect(await refusalOf(client.clientGrants.create(grant))).toMatchObject({ status: 409 });
    expect(await client.clientGrants.getAll({ client_id })).toHaveLength(1);
  });

  it('gives no token without a grant, and refuses those that are out when the grant goes', async () => {
    const audience = `https://${world.domain}/api/v2/`;
    const { client_id, client_secret } = await makeClient();
    const asked = { client_id, client_secret, audience };
    expect(await askForToken(world, asked)).toMatchObject({ status: 403 });
    const { id } = (await client.clientGrants.create({ client_id, audience, scope: ['read:users'] })) as Made;
    const { body } = await askForToken(world, asked);
    expect(body.scope).toBe('read:users');
    const granted = genuineOf(world, body.access_token);
    expect(await granted.users.getAll({ per_page: 1 })).toHaveLength(1);
    await client.clientGrants.delete({ id });
    expect(await askForToken(world, asked)).toMatchObject({ status: 403 });
    const refused = await refusalOf(granted.users.getAll());
    expect(refused).toMatchObject({ status: 403, body: { errorCode: 'insufficient_scope' } });
  });

  it('answers 401 without a token or with a bad one, and 403 for a scope alone', async () => {
    const plain = await fetch(`${world.url}/api/v2/users`);
    expect([plain.status, ((await plain.json()) as { statusCode: number }).statusCode]).toEqual([401, 401]);
    const { body } = await askForToken(world, { audience: `https://${world.domain}/api/v2/`, scope: 'read:clients' });
    const [head, payload, signature] = body.access_token.split('.') as [string, string, string];
    const forged = `${head}.${payload}.${signature.slice(0, -4)}${signature.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
    for (const token of ['nonsense', forged])
      expect(await refusalOf(genuineOf(world, token).users.getAll())).toMatchObject({ status: 401 });
    const narrow = await refusalOf(genuineOf(world, body.access_token).users.getAll());
    expect(narrow).toMatchObject({ status: 403, body: { errorCode: 'insufficient_scope' } });
    expect(narrow.body?.message).toContain('read:users');
  });

  it('links an account by its raw id, as by its whole one', async () => {
    const primary = await make({ email: mailOf('primary') });
    for (const spell of [(id: string) => id.split('|')[1] as string, (id: string) => id]) {
      const other = await make({ email: mailOf('secondary') });
      const linked = (await client.users.link(primary.user_id, {
        user_id: spell(other.user_id),
        provider: 'auth0',
      })) as Made[];
      expect(linked.map(({ user_id: raw }) => raw)).toContain(other.user_id.split('|')[1]);
      expect(await refusalOf(client.users.get({ id: other.user_id }))).toMatchObject({ status: 404 });
    }
    expect(((await client.users.get({ id: primary.user_id })) as { identities: object[] }).identities).toHaveLength(3);
  });

  it('puts a jti into every token, and refuses a blacklisted one at once', async () => {
    const audience = `https://${world.domain}/api/v2/`;
    const { body } = await askForToken(world, { audience });
    const { jti, azp } = claimsIn(body.access_token);
    expect([typeof jti, azp]).toEqual(['string', CLIENT_ID]);
    const email = mailOf('jti');
    await make({ email });
    const signedIn = await signInWith(world, { username: email, password: PASSWORD });
    expect(claimsIn(signedIn.body.access_token).jti).toEqual(expect.any(String));
    const own = genuineOf(world, body.access_token);
    expect(await own.users.getAll({ per_page: 1 })).toHaveLength(1);
    await client.blacklistedTokens.add({ aud: audience, jti });
    expect(await refusalOf(own.users.getAll())).toMatchObject({ status: 401 });
    expect(await client.users.getAll({ per_page: 1 })).toHaveLength(1);
  });
});
