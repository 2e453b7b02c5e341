/**
 * How a search reads: out of which index, and that it may read either way and find the same. What the filters mean is
 * proved against an oracle where they are made of queries (packages/dialects/auth0/server/search).
 */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MANY } from '../database/document.ts';
import type { User } from './document.ts';
import type { UserFilter } from './filter.ts';
import { searchStatements, searchUsers } from './user-search.ts';

const equals = (
  field: 'email' | 'username' | 'primary_identity' | 'identity_connection',
  value: string,
): UserFilter => ({
  kind: 'equals',
  field,
  value,
});
const NOW = Date.UTC(2030, 0, 1);

/** A filter, the index that is expected to answer it on SQLite, and no reading of the whole of these tables. */
const INDEXED: readonly (readonly [name: string, filter: UserFilter, index: string])[] = [
  ['e-mail equality', equals('email', 'ada@example.com'), 'identities__email_key (tenant_id=? AND email_key=?'],
  [
    'e-mail prefix',
    { kind: 'like', field: 'email', pattern: ['ada', MANY] },
    'identities__email_key (tenant_id=? AND email_key>?',
  ],
  [
    'several user ids',
    { kind: 'or', of: ['a', 'b', 'c'].map((subject) => equals('primary_identity', `auth0|${subject}`)) },
    'identities__subject (connection_num=? AND subject=?',
  ],
  ['a connection by name', equals('identity_connection', 'East'), 'identities__subject (connection_num=?'],
  [
    'metadata equality',
    { kind: 'leaf', field: 'app_metadata', path: 'plan', value: 'gold' },
    'metadata_by_bag_path_text_user_num (tenant_id=? AND bag=? AND path=? AND text=?',
  ],
  [
    'metadata presence',
    { kind: 'exists', field: 'user_metadata', path: 'a.b' },
    'metadata_by_bag_path_text_user_num (tenant_id=? AND bag=? AND path',
  ],
  [
    'a range of sign-ins',
    { kind: 'range', field: 'last_sign_in_at', from: NOW - 1000, to: NOW },
    'users_by_last_sign_in_at_num (tenant_id=? AND last_sign_in_at>? AND last_sign_in_at<?',
  ],
  [
    'a range of changes',
    { kind: 'range', field: 'updated_at', from: NOW },
    'users_by_updated_at_num (tenant_id=? AND updated_at>?',
  ],
  ['a range of creations', { kind: 'range', field: 'created_at', from: NOW }, 'users__id (id>?'],
  ['a name', { kind: 'equals', field: 'name', value: 'Ada' }, 'users_by_name_key_num (tenant_id=? AND name_key=?'],
  [
    'a part of a name',
    { kind: 'like', field: 'given_name', pattern: [MANY, 'dal', MANY] },
    'users_search VIRTUAL TABLE INDEX',
  ],
  ['a domain', { kind: 'equals', field: 'email_domain', value: 'example.com' }, 'users_search VIRTUAL TABLE INDEX'],
  [
    'a username',
    { kind: 'equals', field: 'username', value: 'ada' },
    'identities__username_key (connection_num=? AND username_key=?',
  ],
  ['words', { kind: 'words', text: 'ada', isOpenLeft: false, isOpenRight: true }, 'users_search VIRTUAL TABLE INDEX'],
  [
    'an organization',
    { kind: 'equals', field: 'organization', value: 'org_1' },
    'organization_members USING PRIMARY KEY (tenant_id=? AND organization_id=?',
  ],
  ['the disabled', { kind: 'is', field: 'disabled' }, 'users_disabled (tenant_id=?'],
  ['wildcards', { kind: 'like', field: 'email', pattern: [MANY, 'dal', MANY] }, 'users_search VIRTUAL TABLE INDEX'],
  [
    'a part of an identifier, at home in a connection',
    {
      kind: 'and',
      of: [
        { kind: 'equals', field: 'connection', value: 'con_1' },
        { kind: 'or', of: (['username', 'nickname'] as const).map((field) => ({ kind: 'part', field, text: 'adal' })) },
      ],
    },
    'users_search VIRTUAL TABLE INDEX',
  ],
  ['a home', { kind: 'equals', field: 'connection', value: 'con_1' }, 'users_by_connection_num_num (connection_num=?'],
  [
    'an external id',
    { kind: 'equals', field: 'external_id', value: 'HR-1' },
    'identities__external_id (connection_num=? AND external_id=?',
  ],
  [
    'the narrowest part of an and',
    { kind: 'and', of: [{ kind: 'is', field: 'email_verified' }, equals('email', 'ada@example.com')] },
    'identities__email_key (tenant_id=? AND email_key=?',
  ],
];

describe('indexes on SQLite', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer('sqlite');
  });
  afterAll(() => server.stop());

  const planOf = (filter: UserFilter) =>
    server.services.database.read(async (db) => {
      const { page, count } = await searchStatements(db, server.tenant.id, { filter, limit: 50 });
      const plans: string[] = [];
      for (const statement of [page, count]) {
        const { sql: text, parameters } = statement.compile(db);
        const { rows } = await db.executeQuery<{ detail: string }>({
          ...sql`select 1`.compile(db),
          sql: `explain query plan ${text}`,
          parameters,
        } as never);
        plans.push(rows.map(({ detail }) => detail).join('\n'));
      }
      return plans;
    });

  it('finds the place of a page of everybody without a look at the users who are passed over', async () => {
    const [page] = await planOf({ kind: 'everybody' });
    expect(page).toContain('SEARCH users USING COVERING INDEX users_by_num (tenant_id=?)');
  });

  /** What each correlated subquery begins by reading. */
  const correlated = (plan: string): string[] =>
    plan.split('\n').flatMap((line, i, lines) => (line.startsWith('CORRELATED') ? [lines[i + 1] as string] : []));

  it.each(INDEXED)('%s', async (_name, filter, index) => {
    for (const plan of await planOf(filter)) {
      expect(plan).toContain(index);
      // A test of one user must not read more than that user's rows.
      for (const step of correlated(plan)) expect(step).toMatch(/PRIMARY KEY \(user_num=\?|\(user_num=\?/);
      expect(plan).not.toMatch(/SCAN (users|identities|metadata|organization_members)\b/);
    }
  });

  it('tells a scan from an index', async () => {
    // What no index answers reads the tenant's users, which proves that the plans above are not all alike.
    const [page] = await planOf({ kind: 'is', field: 'email_verified' });
    expect(page).toContain('users_by_num (tenant_id=?)');
  });
});

/** The same on PostgreSQL, over enough users that reading all of them costs more. */
const SELECTIVE: readonly (readonly [name: string, filter: UserFilter, index: string])[] = [
  ['e-mail equality', equals('email', 'u17@odd.example'), 'identities__email_key'],
  ['e-mail prefix', { kind: 'like', field: 'email', pattern: ['u101', MANY] }, 'identities__email_key'],
  [
    'several user ids',
    { kind: 'or', of: ['a', 'b', 'c'].map((subject) => equals('primary_identity', `auth0|${subject}`)) },
    'identities__subject',
  ],
  [
    'metadata equality',
    { kind: 'leaf', field: 'app_metadata', path: 'plan', value: 'rare' },
    'metadata_by_bag_path_text_user_num',
  ],
  ['metadata presence', { kind: 'exists', field: 'user_metadata', path: 'a.b' }, 'metadata_by_bag_path_text_user_num'],
  [
    'a range of sign-ins',
    { kind: 'range', field: 'last_sign_in_at', from: NOW - 1000, to: NOW },
    'users_by_last_sign_in_at_num',
  ],
  ['a range of changes', { kind: 'range', field: 'updated_at', from: NOW }, 'users_by_updated_at_num'],
  ['a range of creations', { kind: 'range', field: 'created_at', from: NOW }, 'users__id'],
  ['a name', { kind: 'equals', field: 'name', value: 'Ada' }, 'users_by_name_key_num'],
  ['a part of a name', { kind: 'like', field: 'given_name', pattern: [MANY, 'dal', MANY] }, 'users_search'],
  ['a username', equals('username', 'ada'), 'identities__username_key'],
  ['wildcards', { kind: 'like', field: 'email', pattern: [MANY, 'u10171', MANY] }, 'users_search'],
  ['a part of an identifier', { kind: 'part', field: 'email', text: 'U10171' }, 'users_search'],
  ['an external id', { kind: 'equals', field: 'external_id', value: 'HR-1' }, 'identities__external_id'],
  ['words', { kind: 'words', text: 'u1017', isOpenLeft: false, isOpenRight: true }, 'users_search'],
  ['the disabled', { kind: 'is', field: 'disabled' }, 'users_disabled'],
  [
    'the narrowest part of an and',
    { kind: 'and', of: [{ kind: 'is', field: 'email_verified' }, equals('email', 'u17@odd.example')] },
    'identities__email_key',
  ],
];

describe.each(databaseKinds)('wide and narrow searches on %s', (kind) => {
  let server: TestServer;
  /** More than a search reads out of an index for one page. */
  const MANY_USERS = 10_200;

  beforeAll(async () => {
    server = await bootServer(kind);
    const csv = ['email,given_name,app_metadata'];
    for (let n = 0; n < MANY_USERS; n++) {
      const metadata = `{"plan":"${n % 100 === 0 ? 'rare' : 'free'}","all":true}`;
      csv.push(`u${n}@${n % 2 ? 'odd' : 'even'}.example,Given${n % 7},"${metadata.replaceAll('"', '""')}"`);
    }
    const response = await fetch(`${server.url}/api/v1/users/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await server.token()}`, 'content-type': 'text/csv' },
      body: csv.join('\n'),
    });
    expect(response.status, await response.text()).toBeLessThan(300);
  }, 60_000);
  afterAll(() => server.stop());

  it('finds the same whichever way it reads', async () => {
    const leaf = (path: string, value: string): UserFilter => ({ kind: 'leaf', field: 'app_metadata', path, value });
    const wide = leaf('all', 'true');
    const search = { limit: 20, offset: 3, includeTotal: true };
    for (const field of ['created_at', 'email', 'name', 'updated_at', 'given_name'] as const) {
      const sort = { field, direction: 'desc' } as const;
      const all = await searchUsers(server.work(), { ...search, filter: wide, sort });
      expect(all.total).toBe(MANY_USERS);
      // The same users by a filter that no index answers: those with an address, but for the administrator.
      const named: UserFilter = { kind: 'not', of: equals('email', 'admin@reeve.test') };
      expect(await searchUsers(server.work(), { ...search, filter: named, sort }), field).toEqual(all);
    }
    const rare = await searchUsers(server.work(), {
      ...search,
      filter: { kind: 'and', of: [wide, leaf('plan', 'rare')] },
    });
    expect(rare.total).toBe(MANY_USERS / 100);
    // An import writes the rows of a window in an order of its own; what is rare is every hundredth of the file.
    const everybody: User[] = [];
    for (let offset = 0; offset <= MANY_USERS; offset += 1000)
      everybody.push(...(await searchUsers(server.work(), { limit: 1000, offset })).users);
    const isRare = ({ app_metadata }: User) => app_metadata.plan === 'rare';
    expect(rare.users).toEqual(everybody.filter(isRare).slice(3, 23));
    const odd = await searchUsers(server.work(), {
      limit: 0,
      includeTotal: true,
      filter: { kind: 'equals', field: 'email_domain', value: 'odd.example' },
    });
    expect(odd.total).toBe(MANY_USERS / 2);
    const given = await searchUsers(server.work(), {
      limit: 0,
      includeTotal: true,
      filter: { kind: 'equals', field: 'given_name', value: 'gIVEN3' },
    });
    expect(given.total).toBe(Array.from({ length: MANY_USERS }, (_, n) => n % 7).filter((rest) => rest === 3).length);
  }, 60_000);

  it('reads what is selective out of an index (postgres)', async () => {
    if (kind === 'sqlite') return;
    // As its own housekeeping leaves the tables sooner or later.
    await sql`vacuum analyze`.execute(server.services.database.root);
    const plansOf = (filter: UserFilter) =>
      server.services.database.read(async (db) => {
        const { page, count } = await searchStatements(db, server.tenant.id, { filter, limit: 50 });
        const plans: string[] = [];
        for (const statement of [page, count]) {
          const { rows } = await sql<Record<'QUERY PLAN', string>>`explain ${statement}`.execute(db);
          plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        }
        return plans;
      });
    const whole = /Seq Scan on (users|identities|metadata)\b/;
    for (const [name, filter, index] of SELECTIVE) {
      for (const plan of await plansOf(filter)) {
        expect(plan, name).toMatch(new RegExp(`(using|on) ${index}\\b`));
        expect(plan, name).not.toMatch(whole);
      }
    }
    // What no index answers is read whole, which proves that the plans above are not all alike.
    expect((await plansOf({ kind: 'is', field: 'email_verified' }))[1]).toMatch(whole);
  }, 60_000);

  it('refuses bounds that are none', async () => {
    for (const bad of [
      { limit: -1 },
      { limit: 1001 },
      { limit: 1.5 },
      { limit: 1, offset: -1 },
      { limit: 1, offset: 2 ** 60 },
    ])
      await expect(searchUsers(server.work(), bad)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('keeps no statement prepared for what a caller composed', async () => {
    if (kind === 'sqlite') return;
    await searchUsers(server.work(), { limit: 1, filter: equals('email', 'u1@odd.example') });
    const { rows } = await server.services.database.read((db) =>
      sql<{
        statement: string;
      }>`select statement from pg_prepared_statements where statement like ${'%users.doc from users%'}`.execute(db),
    );
    expect(rows).toEqual([]);
  });
});
