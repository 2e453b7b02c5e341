/** Deleting everybody but administrators; and what a user tells of sign-ins and passwords. */
import type { Event, User } from '@reeve/contract';
import { bootServer, databaseKinds, signInWith, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from './document.ts';

describe.each(databaseKinds)('users on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const make = async (body: object): Promise<User> => {
    const answer = await server.api('POST', '/users', body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const total = async (filter = ''): Promise<number> =>
    ((await server.api('GET', `/users?include_total=true&limit=1&${filter}`)).body as { total: number }).total;

  it('tell when and from where they signed in, and when their password was changed', async () => {
    const email = `fields${kind}@example.com`;
    const user = await make({ email, password: 'a long enough one' });
    expect(user).toMatchObject({ last_sign_in_ip: null, last_password_change_at: null });
    await signInWith(server, { username: email, password: 'a long enough one' });
    const { body } = await server.api('GET', `/users/${user.id}`);
    expect(body).toMatchObject({ last_sign_in_ip: '127.0.0.1', last_password_change_at: null });
    const changed = await server.api('PATCH', `/users/${user.id}`, { password: 'quite another one' });
    const at = (changed.body as User).last_password_change_at as string;
    expect(Math.abs(Date.parse(at) - server.clock.now())).toBeLessThan(10_000);
    const later = await server.api('PATCH', `/users/${user.id}`, { nickname: 'N' });
    expect(later.body).toMatchObject({ last_password_change_at: at, last_sign_in_ip: '127.0.0.1' });
    const { body: audit } = await server.api('GET', `/audit?target=${user.id}&event_types=user.updated`);
    expect((audit as { events: Event[] }).events).toHaveLength(1);
    const refused = await server.api('PATCH', `/users/${user.id}`, { last_sign_in_ip: '1.2.3.4' });
    expect(refused.status).toBe(400);
  });

  it('stay where the tenant has not allowed it', async () => {
    await make({ username: `stays${kind}` });
    const before = await total();
    expect(await server.api('DELETE', '/users')).toMatchObject({ status: 403, body: { code: 'delete_all_disabled' } });
    expect(await total()).toBe(before);
  });

  it('go in batches, with an event for each and exact totals; administrators stay', async () => {
    await server.api('PATCH', '/tenant', { settings: { allow_delete_all_users: true } });
    const lines = Array.from({ length: 120 }, (_, i) => JSON.stringify({ username: `many${i}${kind}` }));
    const imported = await fetch(`${server.url}/api/v1/users/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await server.token()}`, 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    expect(await imported.json()).toMatchObject({ inserted: lines.length });
    const listed = [
      await server.api('GET', '/users?search=many&limit=100'),
      await server.api('GET', '/users?search=many&limit=100&sort=created_at'),
    ];
    const found = listed.flatMap(({ body }) => (body as { users: User[] }).users);
    const people = [...new Map(found.map((user) => [user.id, user])).values()];
    expect(people).toHaveLength(lines.length);
    const [kept, disabled, linked] = people as [User, User, User];
    await server.api('PUT', `/users/${kept.id}/roles`, { roles: ['super_admin'] });
    await server.api('POST', `/users/${disabled.id}/disable`);
    await server.api('POST', `/users/${disabled.id}/identities`, { user_id: linked.id });
    const before = await total();
    expect(await server.api('DELETE', '/users?search=many')).toMatchObject({ status: 400 });
    const headers = { 'idempotency-key': `all-${kind}` };
    const answer = await server.api('DELETE', '/users', undefined, headers);
    expect(answer).toMatchObject({ status: 200, body: { deleted: before - 2 } });
    expect(await server.api('DELETE', '/users', undefined, headers)).toMatchObject({ body: answer.body });
    const rows = await server.work().read((db) => db.selectFrom('users').select(['id', 'doc']).execute());
    expect(rows).toHaveLength(2);
    expect(rows.map(({ doc }) => parse(doc).id)).toContain(kept.id);
    const connection = (await server.api('GET', '/connections')).body as { connections: { id: string }[] };
    for (const [filter, expected] of [
      ['', 2],
      ['state=active', 2],
      ['state=disabled', 0],
      [`connection=${connection.connections.at(-1)?.id}`, 2],
    ] as const)
      expect(await total(filter), filter).toBe(expected);
    const gone = await server.work().read((db) =>
      db
        .selectFrom('events')
        .select('target_id')
        .where('type', '=', 'user.deleted')
        .where(
          'target_id',
          'in',
          people.map(({ id }) => id),
        )
        .execute(),
    );
    expect(new Set(gone.map(({ target_id }) => target_id)).size).toBe(people.length - 2);
    expect(await server.api('DELETE', '/users')).toMatchObject({ status: 200, body: { deleted: 0 } });
  });
});
