/** How a person is shown: as the directory keeps them, in Auth0's fields, out of as few statements as the native API needs. */
import type { User } from '@reeve/contract';
import {
  type Auth0Call,
  auth0Caller,
  bootServer,
  databaseKinds,
  observeStatements,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cutsOf, userText } from './user.ts';

const CONNECTION = 'Username-Password-Authentication';
const OTHER = 'other-pool';

/** The contract's `schemas.User`, field by field in its order. */
function shownOf(user: User, names: ReadonlyMap<string, string>): Record<string, unknown> {
  const [own] = user.identities;
  const fields = {
    email: user.email,
    email_verified: user.email === null ? null : user.email_verified,
    username: user.username,
    phone_number: user.phone_number,
    phone_verified: user.phone_number === null ? null : user.phone_verified,
    name: user.name,
    given_name: user.given_name,
    family_name: user.family_name,
    nickname: user.nickname,
    picture: user.picture,
    user_id: `${own?.provider}|${own?.subject}`,
    identities: user.identities.map((identity) => ({
      connection: names.get(identity.connection_id),
      user_id: identity.subject,
      provider: identity.provider,
      isSocial: false,
      ...('profile' in identity ? { profileData: identity.profile } : {}),
    })),
    user_metadata: user.user_metadata,
    app_metadata:
      Object.keys(user.custom_fields).length === 0
        ? user.app_metadata
        : { ...user.app_metadata, custom_fields: user.custom_fields },
    blocked: user.state === 'disabled' ? true : null,
    last_ip: user.last_sign_in_ip,
    last_login: user.last_sign_in_at,
    last_password_reset: user.last_password_change_at,
    logins_count: user.sign_in_count,
    created_at: user.created_at,
    updated_at: user.updated_at,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** What would end a text too early. */
const SNARE = '"}],\\","is_primary":false,Łódź';
const bag = { 7: SNARE, [SNARE]: [{ user_metadata: { deep: [null, -0.5] } }], custom_fields: { mine: true } };

const PEOPLE: readonly Record<string, unknown>[] = [
  { email: 'ann@example.com' },
  { username: 'bob', name: SNARE, nickname: 'B', user_metadata: bag },
  { phone_number: '+491701234567', phone_verified: true, family_name: SNARE, app_metadata: bag },
  { email: 'c@example.com', email_verified: true, username: 'cee', given_name: 'C', picture: 'https://x.example/c' },
  { email: 'd@example.com', custom_fields: { school: SNARE }, app_metadata: { a: 1, custom_fields: 2, b: 3 } },
  { email: 'e@example.com', custom_fields: { school: 'A' }, connection: OTHER },
  { email: 'f@example.com', connection: OTHER, password: 'correct horse' },
];

describe.each(databaseKinds)('a user of Auth0 on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  const ids: string[] = [];
  const names = new Map<string, string>();
  const pathOf = (userId: unknown) => `/users/${encodeURIComponent(userId as string)}`;
  const native = async (id: string): Promise<User> => (await server.api('GET', `/users/${id}`)).body;
  const text = (value: unknown) => JSON.stringify(value);
  const readNames = async () => {
    const { connections } = (await server.api('GET', '/connections')).body as { connections: User[] };
    for (const { id, name } of connections) names.set(id, name as string);
  };
  const change = async (verb: string, path: string, body?: unknown) => {
    const answer = await server.api(verb, path, body);
    expect(answer.status, text(answer.body)).toBeLessThan(300);
    return answer.body as User;
  };

  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
    await change('POST', '/connections', { name: OTHER });
    await change('POST', '/custom-fields', { target: 'user', key: 'school', type: 'string' });
    for (const person of PEOPLE) ids.push((await change('POST', '/users', person)).id);
    const odd = { connection: CONNECTION, email: 'odd@example.com', user_id: 'a"b\\c' };
    expect((await call('POST', '/users', odd)).status).toBe(201);
    const { users } = (await server.api('GET', '/users?email=odd@example.com')).body as { users: User[] };
    ids.push(users[0]?.id as string);
    const [ann, , , , , , linked] = ids;
    await change('POST', `/users/${ann}/identities`, { user_id: linked });
    ids.splice(6, 1);
    await change('POST', `/users/${ids[1]}/disable`);
    await readNames();
  });
  afterAll(() => server.stop());

  it('is what the directory keeps, wherever it is shown', async () => {
    for (const id of ids) {
      const user = await native(id);
      const shown = shownOf(user, names);
      expect(text((await call('GET', pathOf(shown.user_id))).body)).toBe(text(shown));
      const q = encodeURIComponent(`user_id:${text(shown.user_id)}`);
      expect(text((await call('GET', `/users?q=${q}`)).body)).toBe(text([shown]));
      if (user.email === null) continue;
      const email = encodeURIComponent(user.email);
      expect(text((await call('GET', `/users-by-email?email=${email}`)).body)).toBe(text([shown]));
      expect(text((await call('GET', `/users?include_totals=true&q=email:"${email}"`)).body)).toBe(
        text({ start: 0, limit: 50, length: 1, total: 1, users: [shown] }),
      );
    }
    const all = (await call('GET', '/users?sort=created_at:1')).body as { user_id: string }[];
    const expected = (await Promise.all(ids.map(native))).map((user) => shownOf(user, names));
    // But for the administrator, who was there before.
    expect(text(all.slice(1))).toBe(text(expected));
  });

  it('is answered as it is read, by what creates and what changes it', async () => {
    const body = { connection: OTHER, username: 'new', user_metadata: bag, blocked: true };
    const made = (await call('POST', '/users', body)).body as { user_id: string; identities: unknown };
    expect(made.identities).toMatchObject([{ connection: OTHER }]);
    expect(text((await call('GET', pathOf(made.user_id))).body)).toBe(text(made));
    const [ann] = ids as [string];
    for (const patch of [{ nickname: 'Annie', blocked: true }, { blocked: false, user_metadata: bag }, {}]) {
      const { user_id } = shownOf(await native(ann), names);
      const patched = (await call('PATCH', pathOf(user_id), patch)).body;
      expect(text(patched)).toBe(text(shownOf(await native(ann), names)));
    }
  });

  it('is in a connection that is renamed from the moment on when it is', async () => {
    const user = await native(ids[5] as string);
    const { user_id } = shownOf(user, names);
    const ways = [
      pathOf(user_id),
      `/users-by-email?email=${user.email}`,
      `/users?q=email:"${user.email}"`,
      '/users?sort=created_at:1',
      '/users?sort=name:1',
    ];
    const nameIn = (body: never) => {
      const found = [body as { user_id: string; identities: { connection: string }[] }].flat();
      return found.find((one) => one.user_id === user_id)?.identities[0]?.connection;
    };
    for (const name of ['renamed-pool', OTHER]) {
      await change('PATCH', `/connections/${user.connection_id}`, { name });
      for (const way of ways) expect(nameIn((await call('GET', way)).body), way).toBe(name);
      const linked = (await call('GET', pathOf(shownOf(await native(ids[0] as string), names).user_id))).body;
      expect(linked).toMatchObject({ identities: [{ connection: CONNECTION }, { connection: name }] });
    }
  });

  it.each([
    ['a user', 1, '/users/auth0%7Cnobody'],
    ['a search for an address', 1, '/users?include_totals=true&q=email:"nobody@example.com"'],
    ['a page with its total', 2, '/users?include_totals=true&per_page=1'],
  ] as const)('%s is read by so few statements: %i', async (_name, count, path) => {
    // Nothing is prepared yet on its connections.
    const fresh = await bootServer(kind);
    try {
      const ask = await auth0Caller(fresh);
      await ask('GET', '/stats/active-users');
      const observed = observeStatements();
      try {
        await ask('GET', path);
      } finally {
        observed[Symbol.dispose]();
      }
      const told = /\b(users|identities|connections|authentication_methods)\b|"counters"/;
      expect([...observed.seen].filter((sql) => /^\s*(select|with)\b/i.test(sql) && told.test(sql))).toHaveLength(
        count,
      );
    } finally {
      await fresh.stop();
    }
  });
});

it('a person whose document lacks what came later is shown without it', () => {
  const doc = JSON.stringify({ id: 'usr_1', state: 'disabled', email: 'a@example.com', email_verified: true });
  expect(JSON.parse(userText(cutsOf(doc), '"user_id":"auth0|1"'))).toEqual({
    email: 'a@example.com',
    email_verified: true,
    user_id: 'auth0|1',
    user_metadata: {},
    app_metadata: {},
    blocked: true,
    created_at: null,
    updated_at: null,
  });
});
