/** What another system calls a user: once in a connection, whoever asks first, and whatever becomes of the account. */
import type { User } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { externalIdsOf, setExternalId } from './external-id.ts';
import { searchUsers } from './user-search.ts';

describe.each(databaseKinds)('external ids on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
    await server.api('POST', '/connections', { name: 'apart', strategy: 'database' });
  });
  afterAll(() => server.stop());

  let count = 0;
  const makeUser = async (more: object = {}): Promise<User> =>
    (await server.api('POST', '/users', { username: `named${++count}`, ...more })).body;
  const name = ({ id }: User, value: string | null) => server.work().write((unit) => setExternalId(unit, id, value));
  const nameOf = async ({ id }: User) =>
    (await server.work().read((db) => externalIdsOf(db, server.tenant.id, [id]))).get(id);
  const found = async (value: string) => {
    const filter = { kind: 'equals', field: 'external_id', value } as const;
    return (await searchUsers(server.work(), { filter, limit: 10 })).users.map(({ id }) => id);
  };
  const taken = { code: 'identity_taken', errors: [{ field: 'external_id', code: 'unique' }] };

  it('are found, in their own case; one event tells a change, none that nothing changed', async () => {
    const user = await makeUser();
    await name(user, 'HR-1');
    await name(user, 'HR-1');
    expect([await found('HR-1'), await found('hr-1')]).toEqual([[user.id], []]);
    await name(user, null);
    expect([await found('HR-1'), await nameOf(user)]).toEqual([[], undefined]);
    const { body } = await server.api('GET', `/audit?event_types=user.updated&target=${user.id}&order=asc`);
    expect((body as { events: { data: unknown }[] }).events.map(({ data }) => data)).toEqual([
      { before: { external_id: null }, after: { external_id: 'HR-1' } },
      { before: { external_id: 'HR-1' }, after: { external_id: null } },
    ]);
  });

  it('are taken by the first of those who ask at once; another connection has its own', async () => {
    const users = await Promise.all(Array.from({ length: 5 }, () => makeUser()));
    const outcomes = await Promise.allSettled(users.map((user) => name(user, 'raced')));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(taken);
    const elsewhere = await makeUser({ connection: 'apart' });
    await name(elsewhere, 'raced');
    expect(await found('raced')).toHaveLength(2);
    const moved = await server.api('PUT', `/users/${elsewhere.id}/pools/home`, {
      pool: 'Username-Password-Authentication',
    });
    expect(moved, JSON.stringify(moved.body)).toMatchObject({ status: 409, body: { code: 'identity_taken' } });
    expect(await found('raced')).toHaveLength(2);
  });

  it('stay with an account that is linked and unlinked, and nobody takes them meanwhile', async () => {
    const [primary, secondary, third] = [await makeUser(), await makeUser(), await makeUser()];
    await name(secondary, 'linked');
    await server.api('POST', `/users/${primary.id}/identities`, { user_id: secondary.id });
    expect(await found('linked')).toEqual([]);
    await expect(name(third, 'linked')).rejects.toMatchObject(taken);
    const [own] = secondary.identities;
    const path = `/users/${primary.id}/identities/${own?.provider}/${own?.subject}`;
    expect((await server.api('DELETE', path)).status).toBe(200);
    expect(await found('linked')).toEqual([secondary.id]);
    await server.api('DELETE', `/users/${secondary.id}`);
    await name(third, 'linked');
    expect(await nameOf(third)).toBe('linked');
  });
});
