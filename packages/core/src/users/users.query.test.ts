/**
 * Lists against a naive oracle: a random directory in many scripts, every pair of filters under every sort, in pages of
 * random sizes. What the oracle finds by looking at every user must be what the list shows, in its order, once each.
 */
import type { User } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../operations.ts';
import type { UserQuery } from './users.query.ts';
import { findUserToChange, updateUser } from './users.store.ts';

/** mulberry32: small, seeded, good enough to choose with. */
function randomOf(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const upTo = (n: number): number => Math.floor(next() * n);
  const one = <T>(values: readonly T[]): T => values[upTo(values.length)] as T;
  return { next, upTo, one, chance: (p: number) => next() < p };
}

const WORDS = [
  'Ada',
  'ADA',
  'Adalbert',
  'Zoë',
  'Zoe\u0308',
  'Müller',
  'MÜLLER',
  'straße',
  'Σίσυφος',
  'ΣΙΣΥΦΟΣ',
  'ΣΑΣ',
  'ΣΑΣΑ',
  'Ольга',
  'ОЛЬГА',
  'محمد',
  'מרים',
  '田中',
  '太郎',
  'नमस्ते',
  '👩‍👩‍👧',
  '🦊🦊',
  'x\u0302y',
  '100%',
  '50_50',
  'a"b"c',
  "o'neil",
  'back\\slash',
  'İstanbul',
  'ﬁnal',
  'Ａｄａ',
  '%%%',
  '___',
  '"""',
  'a*',
  'NEAR',
  'AND',
  '-x',
  'b',
  'é',
];

interface Known {
  user: User;
  readonly groups: Set<string>;
  readonly roles: Set<string>;
  readonly organizations: Set<string>;
  readonly applications: Set<string>;
}

const keyOf = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/ς/g, 'σ');
const squeeze = (text: string): string => keyOf(text).trim().replace(/\s+/g, ' ');

function finds(search: string, { user }: Known): boolean {
  const needle = squeeze(search);
  const texts = [
    user.name,
    user.given_name,
    user.family_name,
    user.nickname,
    user.email,
    user.username,
    user.phone_number,
  ]
    .filter((text) => text !== null)
    .map(squeeze);
  if ([...needle].length >= 3) return texts.some((text) => text.includes(needle));
  return texts.some((text) => text.split(' ').some((word) => word.startsWith(needle)));
}

/** The user's ids by name or code, as filters name them. */
interface Places {
  readonly groups: readonly { id: string; code: string }[];
  readonly roles: readonly { id: string; code: string; namespace: string }[];
  readonly organizations: readonly { id: string; name: string }[];
  readonly applications: readonly { id: string; client_id: string }[];
  readonly connections: readonly { id: string; name: string }[];
}

const time = (text: string | null): number => (text === null ? Number.NaN : Date.parse(text));

function matches(query: UserQuery, known: Known, places: Places): boolean {
  const { user } = known;
  const named = (text: string, values: readonly string[]) => values.some((value) => keyOf(value) === keyOf(text));
  const idOf = (text: string, all: readonly { id: string }[], key: (place: never) => string | undefined) =>
    (all.find(({ id }) => id === text) ?? all.find((place) => keyOf(key(place as never) ?? '\0') === keyOf(text)))
      ?.id ?? '';
  const tests: { [K in keyof UserQuery]-?: (value: string) => boolean } = {
    sort: () => true,
    search: (value) => finds(value, known),
    connection: (value) => idOf(value, places.connections, ({ name }: { name: string }) => name) === user.connection_id,
    group: (value) => known.groups.has(idOf(value, places.groups, ({ code }: { code: string }) => code)),
    role: (value) =>
      known.roles.has(
        idOf(value, places.roles, ({ code, namespace }: Places['roles'][number]) =>
          namespace === 'default' ? code : undefined,
        ),
      ),
    organization: (value) =>
      known.organizations.has(idOf(value, places.organizations, ({ name }: { name: string }) => name)),
    application: (value) =>
      known.applications.has(places.applications.find((one) => [one.id, one.client_id].includes(value))?.id ?? ''),
    state: (value) => user.state === value,
    email: (value) => user.email !== null && named(value, [user.email]),
    username: (value) => user.username !== null && named(value, [user.username]),
    phone_number: (value) =>
      user.phone_number !== null && user.phone_number.replace(/[\s().-]/g, '') === value.replace(/[\s().-]/g, ''),
    custom_field: (value) => user.custom_fields.age === Number(value.slice('age='.length)),
    created_after: (value) => time(user.created_at) >= time(value),
    created_before: (value) => time(user.created_at) < time(value),
    updated_after: (value) => time(user.updated_at) >= time(value),
    updated_before: (value) => time(user.updated_at) < time(value),
    last_sign_in_after: (value) => time(user.last_sign_in_at) >= time(value),
    last_sign_in_before: (value) => time(user.last_sign_in_at) < time(value),
  };
  return Object.entries(query).every(([name, value]) => tests[name as keyof UserQuery](value as string));
}

const nameOf = (user: User): string =>
  keyOf(
    user.name ??
      ([user.given_name, user.family_name].filter(Boolean).join(' ') ||
        (user.nickname ?? user.username ?? user.email ?? '')),
  );

/** Negative, zero or positive: byte order of UTF-8, then the order of creation. */
function compare(sort: string, order: ReadonlyMap<string, number>) {
  const field = sort.replace('-', '');
  const keys = (user: User): number | string => {
    if (field === 'updated_at') return time(user.updated_at);
    if (field === 'last_sign_in_at') return user.last_sign_in_at === null ? 0 : time(user.last_sign_in_at);
    if (field === 'name') return nameOf(user);
    if (field === 'email') return user.email === null ? ` ${user.identities[0]?.subject}` : keyOf(user.email);
    return 0;
  };
  const sign = sort.startsWith('-') ? -1 : 1;
  return (a: User, b: User): number => {
    const [left, right] = [keys(a), keys(b)];
    const byKey =
      typeof left === 'number'
        ? left - (right as number)
        : Buffer.compare(Buffer.from(left), Buffer.from(right as string));
    return sign * (byKey || (order.get(a.id) as number) - (order.get(b.id) as number));
  };
}

const SORTS = ['created_at', 'updated_at', 'email', 'name', 'last_sign_in_at'].flatMap((field) => [field, `-${field}`]);
const PEOPLE = 90;

describe.each(databaseKinds)('lists of users on %s', (kind) => {
  const seed = Number(process.env.REEVE_TEST_SEED ?? 20_260);
  const random = randomOf(seed);
  let server: TestServer;
  let places: Places;
  const directory: Known[] = [];
  const order = new Map<string, number>();

  const words = (): string => Array.from({ length: 1 + random.upTo(3) }, () => random.one(WORDS)).join(' ');
  const maybe = <T>(value: T): T | undefined => (random.chance(0.6) ? value : undefined);
  const post = async <T>(path: string, body: object): Promise<T> => {
    const answer = await server.api('POST', path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };

  const builtInRoles = async (): Promise<Places['roles']> => {
    const { body } = await server.api('GET', '/roles?search=system_admin');
    return (body as { roles: Places['roles'] }).roles;
  };

  async function makePlaces(): Promise<Places> {
    const { body } = await server.api('GET', '/connections/Username-Password-Authentication');
    return {
      connections: [body, await post('/connections', { name: 'East' }), await post('/connections', { name: 'west' })],
      groups: [
        await post('/groups', { name: 'one', code: 'One' }),
        await post('/groups', { name: 'two' }),
        await post('/groups', { name: 'empty', code: 'empty' }),
      ],
      roles: [
        await post('/roles', { code: 'Editor', namespace: 'shop' }),
        await post('/roles', { code: 'editor' }),
        await post('/roles', { code: 'reader' }),
        ...(await builtInRoles()),
      ],
      organizations: [
        await post('/organizations', { name: 'acme' }),
        await post('/organizations', { name: 'umbrella' }),
      ],
      applications: [
        await post('/applications', { name: 'one', type: 'web', client_id: 'One' }),
        await post('/applications', { name: 'two', type: 'web', client_id: 'one' }),
      ],
    };
  }

  async function makePerson(n: number): Promise<void> {
    const handle = random.one(WORDS).replace(/[\s@]/g, '');
    const made = await post<User>('/users', {
      username: `${handle}${n}`,
      ...(random.chance(0.7) ? { email: `${handle.replaceAll('"', '')}.${n}@Example.COM`, email_verified: true } : {}),
      phone_number: maybe(`0049 (30) ${1_000_000 + n}`),
      name: maybe(words()),
      given_name: maybe(random.one(WORDS)),
      family_name: maybe(random.one(WORDS)),
      nickname: maybe(words()),
      connection: random.one(places.connections).name,
      ...(random.chance(0.7) ? { custom_fields: { age: random.upTo(2) } } : {}),
    });
    const known: Known = {
      user: made,
      groups: new Set(),
      roles: new Set(),
      organizations: new Set(),
      applications: new Set(),
    };
    for (const [kind, joined] of [
      ['groups', known.groups],
      ['roles', known.roles],
      ['organizations', known.organizations],
      ['applications', known.applications],
    ] as const) {
      for (const { id } of places[kind].slice(0, 2)) {
        if (random.chance(0.5)) continue;
        joined.add(id);
        const body = kind === 'organizations' ? {} : undefined;
        const place = kind === 'applications' ? 'users' : 'members';
        expect((await server.api('PUT', `/${kind}/${id}/${place}/${made.id}`, body)).status).toBe(204);
      }
    }
    if (random.chance(0.3)) known.user = (await server.api('POST', `/users/${made.id}/disable`)).body;
    if (random.chance(0.5)) {
      const user = known.user;
      await server.work().write(async (unit) => {
        const row = await findUserToChange(unit.db, unit.tenant.id, user.id);
        const signedIn = { ...user, last_sign_in_at: new Date(unit.now - random.upTo(5) * 1000).toISOString() };
        await updateUser(unit.db, unit.tenant.id, row as never, signedIn);
        known.user = signedIn;
      });
    }
    order.set(made.id, n);
    directory.push(known);
  }

  beforeAll(async () => {
    server = await bootServer(kind);
    places = await makePlaces();
    await post('/custom-fields', { key: 'age', type: 'number' });
    for (let n = 0; n < PEOPLE; n++) {
      // Sometimes within one millisecond of the last one, so that keys are equal.
      if (random.chance(0.7)) server.clock.advance(random.upTo(3000));
      await makePerson(n);
    }
    // Whom the directory was founded with.
    const { body } = await server.api('GET', '/users?sort=created_at&limit=1');
    const administrator = (body as { users: User[] }).users[0] as User;
    const roles = await server.api('GET', `/users/${administrator.id}/roles`);
    order.set(administrator.id, -1);
    directory.push({
      user: administrator,
      groups: new Set(),
      roles: new Set((roles.body as { roles: { id: string }[] }).roles.map(({ id }) => id)),
      organizations: new Set(),
      applications: new Set(),
    });
  }, 60_000);
  afterAll(() => server.stop());

  const instant = (field: 'created_at' | 'updated_at' | 'last_sign_in_at'): string => {
    const { user } = random.one(directory);
    return new Date(Date.parse(user[field] ?? user.created_at) + random.upTo(3) - 1).toISOString();
  };
  const spelled = (text: string): string =>
    random.one([
      text,
      text.toUpperCase().toLowerCase() === text.toLowerCase() ? text.toUpperCase() : text,
      text.normalize('NFD'),
    ]);
  const someone = (field: 'email' | 'username' | 'phone_number'): string =>
    random.one(directory).user[field] ?? 'nobody';

  /** A piece of somebody's text, a word, or something that nobody has. */
  const needle = (): string => {
    const { user } = random.one(directory);
    const text = [...(random.one([user.name, user.username, user.email, user.nickname]) ?? 'x')];
    const start = random.upTo(text.length);
    const piece = text
      .slice(start, start + 1 + random.upTo(6))
      .join('')
      .trim();
    return random.one([piece || 'a', random.one(WORDS), words(), 'qqq']);
  };

  const values: { [K in Exclude<keyof UserQuery, 'sort'>]-?: () => string } = {
    search: () => spelled(needle()),
    connection: () =>
      random.one([random.one(places.connections).id, spelled(random.one(places.connections).name), 'none']),
    group: () => random.one([random.one(places.groups).id, spelled(random.one(places.groups).code), 'none']),
    role: () =>
      random.one([random.one(places.roles).id, spelled(random.one(places.roles).code), 'system_admin', 'none']),
    organization: () =>
      random.one([random.one(places.organizations).id, random.one(places.organizations).name, 'none']),
    application: () =>
      random.one([random.one(places.applications).id, random.one(places.applications).client_id, 'none']),
    state: () => random.one(['active', 'disabled']),
    email: () => spelled(someone('email')),
    username: () => spelled(someone('username')),
    phone_number: () => someone('phone_number').replace(' ', random.one(['', '-', '.'])),
    custom_field: () => `age=${random.upTo(3)}`,
    created_after: () => instant('created_at'),
    created_before: () => instant('created_at'),
    updated_after: () => instant('updated_at'),
    updated_before: () => instant('updated_at'),
    last_sign_in_after: () => random.one([instant('last_sign_in_at'), '1970-01-01T00:00:00Z']),
    last_sign_in_before: () => instant('last_sign_in_at'),
  };
  type Filter = keyof typeof values;
  const filters = Object.keys(values) as Filter[];

  interface Page {
    readonly users: User[];
    readonly total: number;
    readonly next_cursor: string | null;
  }
  const listed = async (query: UserQuery): Promise<{ ids: string[]; totals: Set<number> }> => {
    const ids: string[] = [];
    const totals = new Set<number>();
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const input = { ...query, limit: 1 + random.upTo(40), include_total: true, ...(cursor ? { cursor } : {}) };
      const answer = (await operations.users.list(server.work(), { query: input } as never)) as { json: string };
      const page = JSON.parse(answer.json) as Page;
      ids.push(...page.users.map(({ id }) => id));
      totals.add(page.total);
      cursor = page.next_cursor;
    }
    return { ids, totals };
  };
  const check = async (query: UserQuery): Promise<number> => {
    const expected = directory
      .filter((known) => matches(query, known, places))
      .map(({ user }) => user)
      .sort(compare(query.sort ?? '-created_at', order))
      .map(({ id }) => id);
    const { ids, totals } = await listed(query);
    const told = `${JSON.stringify(query)} (seed ${seed})`;
    expect(ids, told).toEqual(expected);
    expect([...totals], told).toEqual([expected.length]);
    return expected.length;
  };

  it('shows the whole directory under every sort', async () => {
    for (const sort of SORTS) expect(await check({ sort })).toBe(PEOPLE + 1);
    await check({});
  });

  it('agrees with the oracle for every filter and every pair of filters under every sort', async () => {
    let found = 0;
    for (const [i, first] of filters.entries()) {
      for (const second of filters.slice(i)) {
        for (const sort of SORTS)
          found += await check({ [first]: values[first](), [second]: values[second](), sort } as UserQuery);
      }
    }
    // Were the filters too narrow to find anybody, nothing would be proved.
    expect(found).toBeGreaterThan(5000);
  }, 120_000);

  it('agrees with the oracle for several filters at once', async () => {
    for (let round = 0; round < 100; round++) {
      const query: Record<string, string> = { sort: random.one(SORTS) };
      for (const filter of filters) if (random.chance(0.25)) query[filter] = values[filter]();
      await check(query as UserQuery);
    }
  }, 60_000);

  it('finds by every word, whole, in parts and in another case', async () => {
    for (const word of WORDS) {
      for (const search of [word, word.toLowerCase(), word.toUpperCase(), word.normalize('NFD'), ` ${word} `]) {
        // ß and dotted İ have an upper or lower case of other letters: those are other words here and in the oracle.
        await check({ search });
      }
      const points = [...word];
      for (let length = 1; length <= points.length; length++) await check({ search: points.slice(0, length).join('') });
      for (let start = 1; start + 3 <= points.length; start++)
        await check({ search: points.slice(start, start + 3).join('') });
    }
  }, 60_000);
});
