import { DatabaseSync } from 'node:sqlite';
import type { User } from '@reeve/contract';
import { bootServer, databaseKinds, observeStatements, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findMultifactor } from '../authentication-methods/enrollments.ts';
import { newId } from '../id.ts';
import { parse } from './document.ts';
import { factorsOf, findShown, findShownByEmail, type ShownUser } from './shown-users.ts';
import { searchShown, searchUsers, type UserSearch } from './user-search.ts';
import { findUser } from './users.store.ts';

const SECOND = 'second';
const PEOPLE = 12;

/** What is enrolled, and when it was confirmed. */
const FACTORS: readonly (readonly (readonly [type: string, confirmed_at: number | null])[])[] = [
  [],
  [['totp', 1]],
  [['phone', 1]],
  [
    ['email', 1],
    ['totp', 1],
    ['totp', null],
  ],
  [['totp', null]],
  [['recovery-code', 1]],
];

describe.each(databaseKinds)('users with what is shown beside them on %s', (kind) => {
  let server: TestServer;
  const people: User[] = [];
  const spellingOf = ({ identities: [own] }: User) => `${own?.provider}|${own?.subject}`;
  const elsewhere = () => ({ ...server.work(), tenant: { ...server.tenant, id: server.tenant.id + 1 } });

  beforeAll(async () => {
    server = await bootServer(kind);
    await server.api('POST', '/connections', { name: SECOND });
    for (let i = 0; i < PEOPLE; i++) {
      const email = `person${i >> 1}@example.com`;
      const made = await server.api('POST', '/users', {
        email,
        name: `Name ${i % 5}`,
        ...(i % 2 ? { connection: SECOND } : {}),
      });
      expect(made.status).toBe(201);
      people.push(made.body);
    }
    for (const [i, { id }] of people.entries())
      for (const [type, confirmed_at] of FACTORS[i % FACTORS.length] ?? [])
        await server.services.database.write(async (db) => {
          const row = await findUser(db, server.tenant.id, id);
          const values = { id: newId('fac', 1), tenant_id: server.tenant.id, user_num: row?.num as number, type };
          await db
            .insertInto('authentication_methods')
            .values({ ...values, confirmed_at, created_at: 1 } as never)
            .execute();
        });
  });
  afterAll(() => server.stop());

  /** The same of each by the operations that tell it alone. */
  const expected = async (users: readonly User[]) => {
    const factors = await findMultifactor(
      server.work(),
      users.map(({ id }) => id),
    );
    return users.map((user) => ({
      user,
      connection: people.findIndex(({ id }) => id === user.id) % 2 === 1 ? SECOND : 'Username-Password-Authentication',
      factors: factors.get(user.id),
    }));
  };
  const told = (users: readonly ShownUser[]) =>
    users.map((user) => ({ user: parse(user.doc), connection: user.connection, factors: factorsOf(user) }));

  it('are found by the spelling of the primary identity', async () => {
    for (const person of people) {
      const found = await findShown(server.work(), spellingOf(person));
      expect(told(found ? [found] : [])).toEqual(await expected([person]));
    }
    expect((await expected(people)).map(({ factors }) => factors).slice(0, 6)).toEqual([
      undefined,
      ['google-authenticator'],
      ['guardian'],
      ['google-authenticator', 'guardian'],
      undefined,
      undefined,
    ]);
    for (const nobody of ['', 'auth0', 'auth0|', '|x', 'auth0|nobody', `x${spellingOf(people[0] as User)}`])
      expect(await findShown(server.work(), nobody), nobody).toBeUndefined();
  });

  it('are those of the oldest connection, where several have the subject', async () => {
    const make = async (connection: string): Promise<User> =>
      (await server.api('POST', '/users', { email: 'twin@example.com', connection })).body;
    // The later connection's comes first in whatever order rows are read.
    const twins = [await make(SECOND), await make('Username-Password-Authentication')] as const;
    await server.services.database.write(async (db) => {
      for (const { id } of twins) {
        const row = await findUser(db, server.tenant.id, id);
        await db
          .updateTable('identities')
          .set({ subject: 'twin' })
          .where('user_num', '=', row?.num as number)
          .execute();
      }
    });
    expect(await findShown(server.work(), 'auth0|twin')).toMatchObject({
      connection: 'Username-Password-Authentication',
      doc: expect.stringContaining(twins[1].id),
    });
    for (const { id } of twins) await server.api('DELETE', `/users/${id}`);
  });

  it('are not found by a linked identity', async () => {
    const make = async (email: string): Promise<User> => (await server.api('POST', '/users', { email })).body;
    const [own, other] = [await make('own@example.com'), await make('other@example.com')];
    const linked = await server.api('POST', `/users/${own.id}/identities`, { user_id: other.id });
    expect(linked.status).toBeLessThan(300);
    expect(await findShown(server.work(), spellingOf(other))).toBeUndefined();
    expect((await findShown(server.work(), spellingOf(own)))?.doc).toContain(spellingOf(other).slice(6));
    await server.api('DELETE', `/users/${own.id}`);
  });

  it('are found by their address in every connection, newest first', async () => {
    const byEmail = (email: string) =>
      server.services.database.read((db) => findShownByEmail(db, server.tenant.id, email));
    expect(told(await byEmail('PERSON3@example.com'))).toEqual(await expected([people[7], people[6]] as [User, User]));
    const { identities } = (await server.api('POST', '/users', { username: 'unaddressed' })).body as User;
    // What stands in the index for no address.
    const none = ` ${identities[0]?.subject}`;
    for (const nobody of ['', ' ', none, 'nobody@example.com']) expect(await byEmail(nobody), nobody).toEqual([]);
  });

  const searches: readonly UserSearch[] = [
    ...([undefined, 'email', 'name', 'created_at', 'given_name', 'updated_at', 'email_verified'] as const).flatMap(
      (field) =>
        ([undefined, 'name', 'email'] as const).flatMap((filtered) =>
          (['asc', 'desc'] as const).map((direction) => ({
            ...(field ? { sort: { field, direction } } : {}),
            ...(filtered === 'name' ? { filter: { kind: 'equals', field: 'name', value: 'Name 2' } as const } : {}),
            ...(filtered === 'email'
              ? { filter: { kind: 'equals', field: 'email', value: 'person2@example.com' } as const }
              : {}),
            limit: 0,
          })),
        ),
    ),
    { filter: { kind: 'equals', field: 'email', value: '' }, limit: 0 },
    { filter: { kind: 'or', of: [] }, limit: 0 },
  ];

  it('are searched as users are', async () => {
    for (const search of searches)
      for (const [limit, offset] of [
        [50, 0],
        [2, 0],
        [2, 1],
        [2, 2],
        [3, 40],
        [0, 0],
      ] as const)
        for (const includeTotal of [false, true]) {
          const asked = { ...search, limit, offset, includeTotal };
          const plain = await searchUsers(server.work(), asked);
          const { users, total } = await searchShown(server.work(), asked);
          expect(total, JSON.stringify(asked)).toBe(plain.total);
          expect(
            users.map(({ doc }) => parse(doc)),
            JSON.stringify(asked),
          ).toEqual(plain.users);
        }
    const { users } = await searchShown(server.work(), { sort: { field: 'created_at', direction: 'asc' }, limit: 50 });
    const shown = users.filter(({ doc }) => people.some(({ id }) => parse(doc).id === id));
    expect(told(shown)).toEqual(await expected(people));
    for (const bad of [{ limit: -1 }, { limit: 1, offset: -1 }, { limit: 10, cap: 5 }])
      await expect(searchShown(server.work(), bad)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('stay in their tenant', async () => {
    const [person] = people as [User];
    expect(await findShown(elsewhere(), spellingOf(person))).toBeUndefined();
    const { email } = person as { email: string };
    expect(await server.services.database.read((db) => findShownByEmail(db, server.tenant.id + 1, email))).toEqual([]);
    for (const search of searches)
      expect(await searchShown(elsewhere(), { ...search, limit: 10, includeTotal: true })).toEqual({
        users: [],
        total: 0,
      });
  });

  it('are read by indexes', async () => {
    if (kind === 'postgres') return;
    const observed = observeStatements();
    const [person] = people as [User];
    // A server of its own, which has prepared nothing yet.
    const other = await bootServer(kind);
    try {
      await findShown(other.work(), spellingOf(person));
      await other.services.database.read((db) => findShownByEmail(db, other.tenant.id, 'a@example.com'));
      await searchShown(other.work(), { limit: 5 });
      await searchShown(other.work(), { limit: 5, offset: 5 });
    } finally {
      observed[Symbol.dispose]();
      await other.stop();
    }
    const texts = [...observed.seen].filter((text) => text.includes('as factors'));
    expect(texts).toHaveLength(4);
    const handle = new DatabaseSync(server.databaseUrl.slice('sqlite:'.length), { readOnly: true });
    for (const text of texts) {
      const rows = handle.prepare(`explain query plan ${text}`).all() as { detail: string }[];
      const plan = rows.map(({ detail }) => detail).join('\n');
      expect(plan).toContain('authentication_methods USING INDEX authentication_methods_by_user_num (user_num=?)');
      // Who looks for an identity looks into each connection of the tenant.
      const way = text.includes('identities.subject')
        ? 'INDEX connections__name_key (tenant_id=?)'
        : 'INTEGER PRIMARY KEY';
      expect(plan).toContain(`SEARCH connections USING ${way}`);
      expect(plan).not.toMatch(/SCAN (users|identities|authentication_methods)/);
    }
    handle.close();
  });
});
