/**
 * User search against a naive oracle: a random directory in many scripts, random queries of every kind of clause, and
 * what is found must be what the oracle finds by looking at every user. Then what was just written, pages and sorts.
 */
import { type Problem, parseUser, searchShown, searchUsers, type User } from '@reeve/core';
import { bootServer, databaseKinds, type Random, randomOf, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filterOf } from './filter.ts';
import { Asker, type Shown } from './oracle.fixture.ts';
import { sortOf } from './sort.ts';

const WORDS = [
  'Ada', 'ADA', 'Adalbert', 'Zoë', 'Zoe\u0308', 'Müller', 'straße', 'Σίσυφος', 'ΣΙΣΥΦΟΣ', 'Ольга', 'محمد', 'מרים',
  '田中太郎', 'नमस्ते', '🦊🦊🦊', 'x\u0302y', '100%', '50_50', 'a"b"c', "o'neil", 'back\\slash', 'İstanbul', 'ﬁnal',
  'Ａｄａ', '%%%', 'a*', '[ab]', 'AND', 'OR', 'NOT', '-x', '+x', 'c:d', '(e)', '{f}', '/g/', 'h~2', 'i^2', '!j', '&&', '||',
]; // biome-ignore format: one word after another
const PEOPLE = 70;
const QUERIES = 700;

const primaryOf = (user: User) => user.identities.find(({ is_primary }) => is_primary) as User['identities'][number];

describe.each(databaseKinds)('user search on %s', (kind) => {
  const seed = Number(process.env.REEVE_TEST_SEED ?? 20_261);
  const random: Random = randomOf(seed);
  let server: TestServer;
  let shown: Shown[] = [];
  const connections = new Map<string, string>();
  const organizations: string[] = [];
  const joined = new Map<string, string[]>();

  const api = async <T>(verb: string, path: string, body?: object): Promise<T> => {
    const answer = await server.api(verb, path, body);
    expect(answer.status, `${verb} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
    return answer.body;
  };
  const words = (): string =>
    Array.from({ length: 1 + random.upTo(3) }, () => random.one(WORDS)).join(random.one([' ', '  ']));
  const maybe = <T>(value: T): T | undefined => (random.chance(0.6) ? value : undefined);
  const metadata = () => ({
    plan: random.one(['gold', 'Gold', 'free', 5, '5', true, null]),
    level: maybe(random.upTo(3) + 0.5),
    'my key': maybe(random.one(WORDS)),
    deep: maybe({ city: random.one(['Paris', 'paris']), list: [{ tag: 'a' }, { tag: random.one(['b', 'c']) }] }),
    tags: maybe(['x', random.one(['y', 'z']), ['w']]),
    empty: maybe([]),
  });

  async function makePerson(n: number): Promise<void> {
    const handle = random.one(WORDS).replace(/[\s@]/g, '');
    const domain = random.one(['Example.com', 'example.com', 'example.org', 'mail.example.com']);
    const { id } = await api<User>('POST', '/users', {
      username: `${handle}${n}`,
      ...(random.chance(0.7) ? { email: `${handle}.${n}@${domain}`, email_verified: random.chance(0.5) } : {}),
      phone_number: maybe(`0049 (30) ${1_000_000 + n}`),
      name: maybe(words()),
      given_name: maybe(random.one(WORDS)),
      family_name: maybe(words()),
      nickname: maybe(words()),
      user_metadata: metadata(),
      app_metadata: metadata(),
      connection: random.one([...connections.values()]),
    });
    for (const organization of organizations) {
      if (random.chance(0.6)) continue;
      await api('PUT', `/organizations/${organization}/members/${id}`, {});
      joined.set(id, [...(joined.get(id) ?? []), organization]);
    }
    if (random.chance(0.3)) await api('POST', `/users/${id}/disable`);
    if (random.chance(0.3)) {
      server.clock.advance(random.upTo(5000));
      await api('PATCH', `/users/${id}`, { nickname: words() });
    }
  }

  /** Sign-ins as they are recorded: the count, the time and the address. */
  async function signIn(user: User): Promise<void> {
    await server.work().write(async ({ db, now }) => {
      const at = now - random.upTo(3) * 86_400_000 - random.upTo(2000);
      const doc = {
        ...user,
        sign_in_count: 1 + random.upTo(4),
        last_sign_in_at: new Date(at).toISOString(),
        last_sign_in_ip: random.one(['127.0.0.1', '::1', '10.0.0.7']),
      };
      await db
        .updateTable('users')
        .set({ last_sign_in_at: at, doc: JSON.stringify(doc) })
        .where('id', '=', user.id)
        .execute();
    });
  }

  const everybody = async (): Promise<User[]> =>
    (await searchUsers(server.work(), { sort: sortOf('created_at:1'), limit: 1000 })).users;
  const show = (user: User): Shown => {
    const present = Object.fromEntries(Object.entries(user).filter(([, value]) => value !== null)) as Partial<User>;
    return {
      ...(present as Pick<Shown, 'email' | 'username' | 'name'>),
      user_id: `${primaryOf(user).provider}|${primaryOf(user).subject}`,
      ...(user.state === 'disabled' ? { blocked: true } : {}),
      ...(present.email === undefined ? { email_verified: undefined } : {}),
      ...('last_sign_in_ip' in present ? { last_ip: present.last_sign_in_ip as string } : {}),
      ...(present.last_sign_in_at ? { last_login: present.last_sign_in_at } : {}),
      logins_count: user.sign_in_count,
      identities: user.identities.map((identity) => ({
        connection: connections.get(identity.connection_id) ?? '',
        provider: identity.provider,
        user_id: identity.subject,
        ...('profile' in identity ? { profileData: identity.profile as object } : {}),
      })),
      organization_id: joined.get(user.id) ?? [],
    } as unknown as Shown;
  };

  beforeAll(async () => {
    server = await bootServer(kind);
    const own = await api<{ id: string; name: string }>('GET', '/connections/Username-Password-Authentication');
    connections.set(own.id, own.name);
    for (const name of ['East', 'west']) {
      const { id } = await api<{ id: string }>('POST', '/connections', { name });
      connections.set(id, name);
    }
    for (const name of ['acme', 'umbrella'])
      organizations.push((await api<{ id: string }>('POST', '/organizations', { name })).id);
    for (let n = 0; n < PEOPLE; n++) {
      if (random.chance(0.7)) server.clock.advance(random.one([1, 900, 40_000_000]));
      await makePerson(n);
    }
    const people = (await everybody()).filter(({ username }) => username !== null);
    for (let i = 0; i + 1 < 20; i += 2) {
      const [primary, secondary] = [people[i] as User, people[i + 1] as User];
      await api('POST', `/users/${primary.id}/identities`, { user_id: secondary.id });
    }
    for (const user of await everybody()) if (random.chance(0.5)) await signIn(user);
    shown = (await everybody()).map(show);
    expect(shown.length).toBe(PEOPLE + 1 - 10);
  }, 90_000);
  afterAll(() => server.stop());

  const found = async (q: string, limit = 1000): Promise<{ ids: string[]; total: number | undefined }> => {
    const { users, total } = await searchShown(server.work(), { filter: filterOf(q), limit, includeTotal: true });
    const primaries = users.map(({ doc }) => primaryOf(parseUser(doc)));
    return { ids: primaries.map(({ provider, subject }) => `${provider}|${subject}`), total };
  };

  it('agrees with the oracle', async () => {
    const asker = new Asker(random, shown, WORDS);
    let hits = 0;
    for (let i = 0; i < QUERIES; i++) {
      const { q, means } = asker.ask(i % 4);
      const expected = shown.filter(means).map(({ user_id }) => user_id);
      const { ids, total } = await found(q);
      const told = `${q} (seed ${seed})`;
      expect(ids.toSorted(), told).toEqual(expected.toSorted());
      expect(total, told).toBe(expected.length);
      if (expected.length > 0 && expected.length < shown.length) hits++;
    }
    // Were the queries to find everybody or nobody, nothing would be proved.
    expect(hits).toBeGreaterThan(QUERIES / 3);
  }, 120_000);

  it('pages through what it finds, in every order, each user once', async () => {
    const keys: Record<string, (user: User) => string | number> = {
      created_at: () => 0,
      updated_at: (user) => Date.parse(user.updated_at),
      last_login: (user) => (user.last_sign_in_at === null ? 0 : Date.parse(user.last_sign_in_at)),
      logins_count: (user) => user.sign_in_count,
      username: (user) => user.username ?? '',
      user_id: (user) => `${primaryOf(user).provider}|${primaryOf(user).subject}`,
      email_verified: (user) => (user.email_verified ? 1 : 0),
      phone_number: (user) => user.phone_number ?? '',
    };
    const order = await everybody();
    for (const [field, key] of Object.entries(keys)) {
      const byKey = (a: User, b: User): number => {
        const [left, right] = [key(a), key(b)];
        if (typeof left === 'number') return left - (right as number) || order.indexOf(a) - order.indexOf(b);
        return Buffer.compare(Buffer.from(left), Buffer.from(String(right))) || order.indexOf(a) - order.indexOf(b);
      };
      const ascending = order.toSorted(byKey).map(({ id }) => id);
      for (const direction of ['1', '-1']) {
        const ids: string[] = [];
        for (let offset = 0; ; offset += 20) {
          const page = await searchUsers(server.work(), {
            sort: sortOf(`${field}:${direction}`),
            offset,
            limit: 20,
            includeTotal: true,
          });
          expect(page.total).toBe(order.length);
          ids.push(...page.users.map(({ id }) => id));
          if (page.users.length < 20) break;
        }
        expect(ids, `${field}:${direction}`).toEqual(direction === '1' ? ascending : ascending.toReversed());
      }
    }
    for (const field of ['email', 'name', 'given_name', 'family_name', 'nickname', 'last_ip']) {
      const up = (await searchUsers(server.work(), { sort: sortOf(`${field}:1`), limit: 1000 })).users;
      const down = (await searchUsers(server.work(), { sort: sortOf(`${field}:-1`), limit: 1000 })).users;
      expect(up.map(({ id }) => id).toSorted(), field).toEqual(order.map(({ id }) => id).toSorted());
      expect(
        down.map(({ id }) => id),
        field,
      ).toEqual(up.map(({ id }) => id).toReversed());
    }
  }, 60_000);

  it('finds what was just written, and no longer what was', async () => {
    const user = await api<User>('POST', '/users', {
      email: 'fresh@written.example',
      given_name: 'Fresh Written',
      app_metadata: { plan: 'platinum' },
    });
    const queries = [
      'email:fresh@written.example',
      'given_name:"fresh written"',
      'app_metadata.plan:platinum',
      'nickname:quick*',
    ];
    const totals = async () => Promise.all(queries.map(async (q) => (await found(q)).total));
    expect(await totals()).toEqual([1, 1, 1, 0]);
    await api('PATCH', `/users/${user.id}`, {
      given_name: 'Else',
      nickname: 'Quickly',
      app_metadata: { plan: 'lead' },
    });
    expect(await totals()).toEqual([1, 0, 0, 1]);
    await api('DELETE', `/users/${user.id}`);
    expect(await totals()).toEqual([0, 0, 0, 0]);
  });

  it('caps only where it is told to, and tells the total alone', async () => {
    const refused = await searchUsers(server.work(), { offset: 960, limit: 50, cap: 1000 }).catch(
      (error: unknown) => error as Problem,
    );
    expect(refused).toMatchObject({ code: 'invalid_request', errors: [{ field: 'page' }] });
    expect((await searchUsers(server.work(), { offset: 950, limit: 50, cap: 1000 })).users).toEqual([]);
    expect((await searchUsers(server.work(), { offset: 5000, limit: 50 })).users).toEqual([]);
    const { users, total } = await searchUsers(server.work(), {
      filter: filterOf('_exists_:username'),
      limit: 0,
      includeTotal: true,
    });
    expect(users).toEqual([]);
    expect(total).toBeGreaterThan(10);
  });

  it('answers the greatest query that it takes', async () => {
    const ids = Array.from({ length: 254 }, (_, n) => `user_id:"auth0|${n}"`);
    const someone = shown[3] as Shown;
    expect((await found([...ids, `user_id:"${someone.user_id}"`].join(' OR '))).ids).toEqual([someone.user_id]);
    const bare = Array.from({ length: 256 }, (_, n) => `zzz|${n}`);
    expect((await found(bare.join(' '))).ids).toEqual([]);
    const mixed = Array.from({ length: 128 }, (_, n) => `name:qqq${n}* AND app_metadata.k${n}:"v"`);
    expect((await found(mixed.join(' OR '))).ids).toEqual([]);
    const nested = `${'NOT ('.repeat(32)}blocked:true${')'.repeat(32)}`;
    expect((await found(nested)).total).toBe(shown.filter(({ blocked }) => blocked).length);
  }, 60_000);

  it('stays in its tenant', async () => {
    const elsewhere = { ...server.work(), tenant: { ...server.tenant, id: server.tenant.id + 1 } };
    const someone = shown[3] as Shown;
    for (const q of [
      'NOT name:"nobody"',
      `user_id:"${someone.user_id}"`,
      '_exists_:user_metadata',
      'updated_at:[* TO *]',
    ]) {
      expect((await found(q)).ids.length, q).toBeGreaterThan(0);
      const search = { filter: filterOf(q), limit: 10, includeTotal: true };
      expect(await searchUsers(elsewhere, search), q).toEqual({ users: [], total: 0 });
    }
  });
});
