/** What the vendor's server understands of `GET /admin/users`, beyond what its client sends. */
import {
  bootServer,
  databaseKinds,
  type Rw3issPerson,
  rw3issCaller,
  rw3issPerson,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.each(databaseKinds)('the list of users on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  beforeAll(async () => {
    server = await bootServer(kind);
    admin = await rw3issPerson(server);
    const ids = new Map<string, string>();
    // In the order of their creation; every column has an order of its own.
    for (const [name, given_name, family_name, display, email_verified] of [
      ['b', 'Cleo', 'Adams', 'Yan', true],
      ['c', 'Ada', 'Brown', 'Zoe', false],
      ['a', 'Bob', 'Clark', 'Xia', false],
    ] as const) {
      const person = { email: `${name}-listed@example.com`, given_name, family_name, name: display, email_verified };
      const { status, body } = await server.api('POST', '/users', person);
      expect(status).toBe(201);
      ids.set(name, (body as { id: string }).id);
    }
    expect((await server.api('POST', '/users', { username: 'listed', name: 'Listed' })).status).toBe(201);
    for (const name of ['b', 'a', 'c']) {
      const changed = await server.api('PATCH', `/users/${ids.get(name)}`, { nickname: 'changed' });
      expect(changed.status).toBe(200);
      server.clock.advance(1000);
    }
    expect((await server.api('POST', `/users/${ids.get('c')}/disable`)).status).toBe(200);
  });
  afterAll(() => server.stop());

  const page = async (query: string) => {
    const { status, body } = await admin.call('GET', `/admin/users?${query}`);
    expect(status, JSON.stringify(body)).toBe(200);
    const { users, total } = body as { users: { email: string; first_name: string; status: string }[]; total: number };
    return { users, total, names: users.map(({ email }) => email.replace('-listed@example.com', '')).join(' ') };
  };
  /** Of the three whose address tells them. */
  const order = async (query: string) => (await page(`search=-listed&${query}`)).names;

  it('is in the order of a column, descending only where that is said', async () => {
    for (const [column, ascending] of [
      ['created_at', 'b c a'],
      ['updated_at', 'b a c'],
      ['email', 'a b c'],
      ['first_name', 'c a b'],
      ['last_name', 'b c a'],
      ['display_name', 'a b c'],
      ['no_column', 'b c a'],
    ] as const) {
      const descending = ascending.split(' ').toReversed().join(' ');
      expect(await order(`sort_by=${column}`), column).toBe(ascending);
      expect(await order(`sort_by=${column}&sort_order=desc`), column).toBe(descending);
      expect(await order(`sort_by=${column}&sort_order=DESC`), column).toBe(descending);
      expect(await order(`sort_by=${column}&sort_order=down`), column).toBe(ascending);
    }
    expect(await order('')).toBe('a c b');
    expect(await order('sort_order=ASC')).toBe('b c a');
    const { body } = await admin.call('GET', '/admin/users?sort_by=last_login_at&sort_order=DESC&limit=1');
    expect(body).toMatchObject({ users: [{ id: admin.id }] });
  });

  it('is of those with a status, as it is shown', async () => {
    for (const status of ['active', 'pending', 'suspended'] as const) {
      const { users, total } = await page(`status=${status}&search=listed`);
      expect(users.map((user) => user.status)).toEqual(Array(total).fill(status));
      expect(total, status).toBe({ active: 2, pending: 1, suspended: 1 }[status]);
    }
    for (const status of ['deleted', 'ACTIVE', 'none'])
      expect(await page(`status=${status}`)).toMatchObject({ total: 0 });
    expect((await page('status=')).total).toBe(5);
  });

  it('begins after an offset and has as many as the limit says', async () => {
    const all = (await page('')).users.map(({ email }) => email);
    const emails = async (query: string) => (await page(query)).users.map(({ email }) => email);
    expect(await emails('limit=2')).toEqual(all.slice(0, 2));
    expect(await emails('limit=2&offset=3')).toEqual(all.slice(3, 5));
    expect(await emails('offset=4')).toEqual(all.slice(4));
    expect(await emails('limit=2&page=2')).toEqual(all.slice(2, 4));
    for (const wrong of ['limit=0', 'limit=-1', 'limit=x', 'offset=-1', 'offset=x', 'limit=99999'])
      expect(await emails(wrong), wrong).toEqual(all);
    expect(await page('limit=1&offset=900')).toMatchObject({ users: [], total: 5 });
  });

  it('shows values of custom fields as metadata, to those who may read all users', async () => {
    expect((await server.api('POST', '/custom-fields', { key: 'school', type: 'string' })).status).toBe(201);
    const custom_fields = { school: 'A' };
    const login = { email: 'fielded@example.com', password: 'Correct-horse-1' };
    const made = await server.api('POST', '/users', { ...login, custom_fields, email_verified: true });
    expect(made.status).toBe(201);
    const { users } = await page('search=fielded');
    expect(users).toMatchObject([{ metadata: { custom_fields } }]);
    const [{ id } = { id: '' }] = users as unknown as { id: string }[];
    expect((await admin.call('GET', `/admin/users/${id}`)).body).toMatchObject({
      user: { metadata: { custom_fields } },
    });
    const [other] = (await page('search=b-listed')).users;
    expect(other).not.toHaveProperty('metadata');
    const entered = await rw3issCaller(server)('POST', '/auth/login', login);
    expect(entered.status).toBe(200);
    const { user, tokens } = entered.body as { user: object; tokens: { access_token: string } };
    expect(user).not.toHaveProperty('metadata');
    const own = await rw3issCaller(server, tokens.access_token)('GET', '/auth/me');
    expect(own.status).toBe(200);
    expect(JSON.stringify(own.body)).not.toContain('school');
  });
});
