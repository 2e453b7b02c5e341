import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../rows.ts';

interface Connection {
  readonly id: string;
  readonly name: string;
  readonly user_count: number;
  readonly password_policy: Record<string, unknown>;
}

describe.each(databaseKinds)('connections on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const make = async (body: object): Promise<Connection> => {
    const answer = await server.api('POST', '/connections', body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };

  it('fills a policy in, and refuses one that no password meets', async () => {
    const strict = await make({ name: 'Strict', password_policy: { min_length: 12, require_digit: true } });
    expect(strict.password_policy).toEqual({
      min_length: 12,
      max_length: 128,
      require_lowercase: false,
      require_uppercase: false,
      require_digit: true,
      require_symbol: false,
    });
    const impossible = await server.api('POST', '/connections', {
      name: 'Impossible',
      password_policy: { min_length: 20, max_length: 10 },
    });
    expect(impossible.status).toBe(400);
    expect(impossible.body).toMatchObject({ errors: [{ field: 'password_policy.min_length' }] });
    expect(
      (await server.api('PATCH', `/connections/${strict.id}`, { password_policy: { max_length: 11 } })).status,
    ).toBe(400);
    const patched = await server.api('PATCH', `/connections/${strict.id}`, {
      password_policy: { require_digit: false },
    });
    expect((patched.body as Connection).password_policy).toMatchObject({ min_length: 12, require_digit: false });
    const weak = await server.api('POST', '/users', { username: 'w', connection: 'strict', password: 'short' });
    expect(weak.body).toMatchObject({ code: 'weak_password' });
  });

  it('has a name that is unique without case, and is found by it', async () => {
    const pool = await make({ name: 'Pool', display_name: 'The pool' });
    expect((await server.api('GET', '/connections/pOOl')).body).toMatchObject({ id: pool.id });
    expect((await server.api('POST', '/connections', { name: 'POOL' })).body).toMatchObject({ code: 'name_taken' });
    const other = await make({ name: 'other' });
    expect((await server.api('PATCH', `/connections/${other.id}`, { name: 'pool' })).status).toBe(409);
    const same = await server.api('PATCH', `/connections/${pool.id}`, { name: 'Pool', display_name: 'The pool' });
    expect(same.body).toMatchObject({ updated_at: (pool as never as { updated_at: string }).updated_at });
    const { body } = await server.api('GET', '/connections?include_total=true&limit=100');
    const { connections, total } = body as { connections: Connection[]; total: number };
    expect(total).toBe(connections.length);
    const pages: string[] = [];
    for (let cursor: string | null = '' as string | null; cursor !== null; ) {
      const page = (await server.api('GET', `/connections?limit=1${cursor ? `&cursor=${cursor}` : ''}`))
        .body as never as {
        connections: Connection[];
        next_cursor: string | null;
      };
      pages.push(...page.connections.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(pages).toEqual(connections.map(({ id }) => id));
  });

  it('is not called as callers call the default one, unless it is that', async () => {
    const refused = { status: 400, body: { code: 'invalid_request', errors: [{ field: 'name', code: 'reserved' }] } };
    const other = await make({ name: `plain-${kind}` });
    for (const name of ['default', 'DEFAULT', 'Default']) {
      expect(await server.api('POST', '/connections', { name }), name).toMatchObject(refused);
      expect(await server.api('PATCH', `/connections/${other.id}`, { name }), name).toMatchObject(refused);
    }
    const strategy = 'google-oauth2';
    expect(await server.api('POST', '/connections', { name: 'default', strategy })).toMatchObject(refused);
    expect((await server.api('GET', `/connections/${other.id}`)).body).toEqual(other);
    const standard = (await server.api('GET', '/connections/Username-Password-Authentication')).body as Connection;
    const path = `/connections/${standard.id}`;
    expect(await server.api('PATCH', path, { name: 'default' })).toMatchObject({
      status: 200,
      body: { name: 'default' },
    });
    expect((await server.api('PATCH', path, { name: 'default', display_name: 'Everybody' })).status).toBe(200);
    expect((await server.api('PATCH', path, { name: standard.name, display_name: null })).body).toMatchObject({
      name: standard.name,
    });
  });

  it('stays while it has users, and while it is the default', async () => {
    const { body } = await server.api('GET', '/connections/Username-Password-Authentication');
    const standard = body as Connection & { is_default: boolean };
    expect(standard.is_default).toBe(true);
    expect((await server.api('DELETE', `/connections/${standard.id}`)).body).toMatchObject({
      code: 'protected_resource',
    });
    const pool = await make({ name: 'used' });
    const { id } = (await server.api('POST', '/users', { username: 'one', connection: 'used' })).body as never as {
      id: string;
    };
    expect((await server.api('GET', '/connections/used')).body).toMatchObject({ user_count: 1 });
    expect((await server.api('DELETE', `/connections/${pool.id}`)).body).toMatchObject({ code: 'in_use' });
    await server.api('DELETE', `/users/${id}`);
    expect((await server.api('DELETE', `/connections/${pool.id}`)).status).toBe(204);
    expect((await server.api('GET', `/connections/${pool.id}`)).status).toBe(404);
    expect((await server.api('POST', '/users', { username: 'two', connection: 'used' })).body).toMatchObject({
      errors: [{ field: 'connection' }],
    });
  });

  it('is either deleted or used where both are tried at once', async () => {
    for (let round = 0; round < 10; round++) {
      const pool = await make({ name: `contested-${round}` });
      const [gone, ...created] = await Promise.all([
        server.api('DELETE', `/connections/${pool.id}`),
        ...Array.from({ length: 4 }, (_, i) =>
          server.api('POST', '/users', { username: `c${round}-${i}`, connection: pool.name }),
        ),
      ]);
      const users = created.filter(({ status }) => status === 201).length;
      for (const { status, body } of created) expect([201, 400], JSON.stringify(body)).toContain(status);
      expect([gone?.status, users > 0]).toEqual(users > 0 ? [409, true] : [204, false]);
      const left = await server
        .work()
        .read((db) => countRows(db.selectFrom('connections').where('name', '=', pool.name)));
      expect(left).toBe(users > 0 ? 1 : 0);
    }
  });

  it('lets one address live once in each connection', async () => {
    await make({ name: 'east' });
    await make({ name: 'west' });
    const person = (connection: string) =>
      server.api('POST', '/users', { email: 'twin@example.com', email_verified: true, connection });
    expect((await person('east')).status).toBe(201);
    expect((await person('west')).status).toBe(201);
    expect((await person('West')).body).toMatchObject({ code: 'email_taken' });
    expect((await server.api('GET', '/users?connection=east&include_total=true')).body).toMatchObject({ total: 1 });
  });
});
