/** Changes of users at their edges: identifiers, metadata, hostile input, concurrent writers. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCursor } from '../page.ts';
import { countRows } from '../rows.ts';
import { insertSession } from '../sessions/sessions.store.ts';

interface Person {
  readonly id: string;
  readonly email: string | null;
  readonly email_verified: boolean;
  readonly user_metadata: Record<string, unknown>;
  readonly profile: Record<string, unknown>;
}

describe.each(databaseKinds)('changes of users on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let people = 0;
  const create = async (body: object = {}): Promise<Person> => {
    const answer = await server.api('POST', '/users', { username: `changed-${++people}`, ...body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const patch = async (id: string, body: object, headers = {}) => {
    const answer = await server.api('PATCH', `/users/${id}`, body, headers);
    return {
      status: answer.status,
      etag: answer.headers.get('etag'),
      body: answer.body as Person & { code: string; errors: [] },
    };
  };
  const raw = async (verb: string, path: string, text: string) => {
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method: verb,
      headers: { authorization: `Bearer ${await server.token()}`, 'content-type': 'application/json' },
      body: text,
    });
    return { status: response.status, body: (await response.json()) as { code: string } };
  };
  const eventsOf = (id: string) =>
    server.work().read(async (db) => {
      const rows = await db.selectFrom('events').select('type').where('target_id', '=', id).orderBy('num').execute();
      return rows.map(({ type }) => type);
    });
  const found = async (query: string): Promise<string[]> =>
    ((await server.api('GET', `/users?${query}`)).body as { users: Person[] }).users.map(({ id }) => id);

  it('keeps the keys of identifiers with what is shown', async () => {
    const ada = await create({ email: 'ada@example.com', email_verified: true, phone_number: '+49301234567' });
    const respelled = await patch(ada.id, { email: 'ADA@Example.com', phone_number: '+49301234567' });
    expect(respelled.body).toMatchObject({ email: 'ADA@Example.com', email_verified: true });
    const moved = await patch(ada.id, { email: 'lovelace@example.com' });
    expect(moved.body).toMatchObject({ email_verified: false });
    expect(await eventsOf(ada.id)).toEqual([
      'user.created',
      'user.updated',
      'user.updated',
      'user.email_verification_requested',
    ]);
    expect([await found('email=ada@example.com'), await found('email=LOVELACE@example.com')]).toEqual([[], [ada.id]]);
    const heir = await create({ email: 'Ada@example.com', email_verified: true });
    const clash = await patch(ada.id, { email: 'aDA@example.com' });
    expect([clash.status, clash.body.code]).toEqual([409, 'email_taken']);
    await patch(ada.id, { email: null, phone_number: null });
    expect([await found('email=lovelace@example.com'), await found('search=lovelace')]).toEqual([[], []]);
    const bare = await patch(ada.id, { username: null });
    expect([bare.status, bare.body.errors]).toMatchObject([400, [{ field: 'email' }]]);
    expect((await patch(heir.id, { email: null, email_verified: true })).body).toMatchObject({ email_verified: false });
  });

  it('lists by what a change left', async () => {
    const [one, other] = [await create({ name: 'Sorted Aa' }), await create({ name: 'Sorted Bb' })];
    const listed = () => found('search=sorted&sort=name');
    expect(await listed()).toEqual([one.id, other.id]);
    await patch(one.id, { name: 'Sorted Cc' });
    expect(await listed()).toEqual([other.id, one.id]);
    await patch(one.id, { nickname: 'Aa' });
    expect(await listed()).toEqual([other.id, one.id]);
    await server.api('POST', `/users/${one.id}/disable`);
    expect(await found('search=sorted&state=disabled')).toEqual([one.id]);
    await patch(one.id, { nickname: 'Bb' });
    expect(await found('search=sorted&state=disabled')).toEqual([one.id]);
    await server.api('POST', `/users/${one.id}/enable`);
    expect(await found('search=sorted&state=disabled')).toEqual([]);
  });

  it('calls nothing verified that a new user does not have', async () => {
    const username = `unverified-${kind}`;
    const bare = await create({ username, email_verified: true, phone_verified: true });
    expect(bare).toMatchObject({ email: null, email_verified: false, phone_number: null, phone_verified: false });
  });

  it('lets two people take over each other’s address only one after another', async () => {
    for (let round = 0; round < 5; round++) {
      const email = `wanted-${round}@example.com`;
      const rivals = await Promise.all(Array.from({ length: 6 }, () => create()));
      const answers = await Promise.all(rivals.map(({ id }) => patch(id, { email, email_verified: true })));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
      expect(await found(`email=${email}`)).toHaveLength(1);
    }
  });

  it('records nothing where nothing changes', async () => {
    const ada = await create({
      name: 'Ada',
      user_metadata: { a: [1, { b: 2 }] },
      profile: { locale: null, website: 'w' },
    });
    expect(ada.profile).toEqual({ website: 'w' });
    for (const body of [
      {},
      { name: 'Ada' },
      { user_metadata: { a: [1, { b: 2 }], gone: null } },
      { profile: { locale: null } },
    ]) {
      const { status, etag } = await patch(ada.id, body);
      expect([status, etag]).toEqual([200, '"v1"']);
    }
    expect(await eventsOf(ada.id)).toEqual(['user.created']);
  });

  it('merges, clears and keeps by merge patch', async () => {
    const ada = await create({ name: 'Ada', user_metadata: { a: 'b', keep: { x: 1, y: [1, 2] } } });
    const merged = await patch(ada.id, {
      name: null,
      user_metadata: { a: { bb: { ccc: null } }, keep: { x: null, y: [3] } },
    });
    expect(merged.body).toMatchObject({ name: null, user_metadata: { a: { bb: {} }, keep: { y: [3] } } });
    expect((await patch(ada.id, { user_metadata: null })).body.user_metadata).toEqual({});
    const left = await server
      .work()
      .read((db) =>
        countRows(
          db.selectFrom('metadata').innerJoin('users', 'users.num', 'metadata.user_num').where('users.id', '=', ada.id),
        ),
      );
    expect(left).toBe(0);
    for (const body of [{ email_verified: null }, { state: 'disabled' }, { id: 'usr_x' }])
      expect((await patch(ada.id, body)).status).toBe(400);
  });

  it('demands the version that If-Match names', async () => {
    const ada = await create();
    expect((await patch(ada.id, { name: 'a' }, { 'if-match': '"v1"' })).etag).toBe('"v2"');
    expect((await patch(ada.id, { name: 'b' }, { 'if-match': '"v1"' })).status).toBe(412);
    expect((await patch(ada.id, { name: 'b' }, { 'if-match': 'W/"v2"' })).status).toBe(412);
    expect((await patch(ada.id, { name: 'c' }, { 'if-match': '"v1", "v2"' })).status).toBe(200);
    const racing = await Promise.all(
      Array.from({ length: 10 }, (_, i) => patch(ada.id, { name: `n${i}` }, { 'if-match': '"v3"' })),
    );
    expect(racing.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('ends sessions with a new password, and where one must be set', async () => {
    const ada = await create({ password: 'first password' });
    for (const body of [{ password: 'second password' }, { password_must_be_reset: true }]) {
      const session = await server
        .work()
        .write((unit) => insertSession(unit, { userId: ada.id, applicationId: null, ip: null, userAgent: null }));
      expect((await patch(ada.id, body)).status).toBe(200);
      expect(await eventsOf(session.id)).toEqual(['session.revoked']);
    }
    expect(await eventsOf(ada.id)).toEqual(['user.created', 'user.password_changed', 'user.updated']);
  });

  const nested = (levels: number): Record<string, unknown> => {
    let bag: Record<string, unknown> = { leaf: 1 };
    for (let i = 1; i < levels; i++) bag = { a: bag };
    return bag;
  };

  it('bounds metadata in depth, size and number, whether it is created or patched', async () => {
    const { id } = await create({ user_metadata: nested(10) });
    const many = Object.fromEntries(Array.from({ length: 513 }, (_, i) => [`k${i}`, i]));
    const refused: Record<string, unknown>[] = [
      nested(11),
      many,
      { text: 'ü'.repeat(33_000) },
      { ['n'.repeat(2000)]: 1 },
      Object.fromEntries(Array.from({ length: 7000 }, (_, i) => [`empty-${i}`, {}])),
    ];
    for (const [i, user_metadata] of refused.entries()) {
      const made = await server.api('POST', '/users', { username: `refused-${i}`, user_metadata });
      expect([i, made.status]).toEqual([i, 400]);
      expect([i, (await patch(id, { app_metadata: user_metadata })).status]).toEqual([i, 400]);
    }
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    expect((await raw('POST', '/users', `{"username":"deep","user_metadata":${deep}}`)).status).toBe(400);
    expect((await raw('PATCH', `/users/${id}`, `{"user_metadata":${deep}}`)).status).toBe(400);
    // A patch may not grow a bag over its bounds either.
    expect((await patch(id, { app_metadata: { one: 'x'.repeat(40_000) } })).status).toBe(200);
    expect((await patch(id, { app_metadata: { two: 'x'.repeat(40_000) } })).status).toBe(400);
    expect((await raw('PATCH', `/users/${id}`, '{"user_metadata":{"n":1e999}}')).status).toBe(400);
  });

  it('refuses prototype keys and keeps odd names', async () => {
    const { id } = await create();
    expect((await raw('PATCH', `/users/${id}`, '{"user_metadata":{"__proto__":{"x":1}}}')).body.code).toBe(
      'invalid_json',
    );
    expect((await raw('PATCH', `/users/${id}`, '{"__proto__":{"state":"disabled"}}')).status).toBe(400);
    const odd = { toString: 'a', 'a.b': 1, a: { b: 2 }, '': 'empty', hasOwnProperty: true, '👩‍👩‍👧': 'family' };
    expect((await patch(id, { user_metadata: odd })).body.user_metadata).toEqual(odd);
    const { body } = await patch(id, { user_metadata: { '': null } });
    expect(Object.keys(body.user_metadata)).not.toContain('');
  });

  it('bears names that grow when they are composed', async () => {
    // U+FDFA is one character and eighteen once composed.
    const long = 'ﷺ'.repeat(300);
    const { id } = await create({ name: long });
    expect(await found('sort=name&limit=100')).toContain(id);
    const refused = await server.api('POST', '/users', { username: 'ﷺ'.repeat(128) });
    expect(refused.status).toBe(400);
    expect((await patch(id, { phone_number: 'ﷺ'.repeat(32) })).status).toBe(200);
  });

  it('refuses limits and cursors that are none', async () => {
    for (const limit of ['0', '101', '-1', '1.5', 'x', '']) {
      const { status, body } = await server.api('GET', `/users?limit=${limit}`);
      expect([limit, status, (body as { code: string }).code]).toEqual([limit, 400, 'invalid_request']);
    }
    const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const forged = [
      'x',
      '%00',
      text(null),
      text({}),
      text(['-created_at']),
      text(['-created_at', 'a', 'b']),
      text(['-created_at', 1.5, 1]),
      text(['-created_at', 1e300, 1]),
      text(['-created_at', null, 1]),
      encodeCursor('name', ['a', 1]),
    ];
    for (const cursor of forged) {
      const { status, body } = await server.api('GET', `/users?cursor=${cursor}`);
      expect([cursor, status]).toEqual([cursor, 400]);
      expect((body as { code: string }).code).toMatch(/^invalid_(cursor|request)$/);
    }
    for (const key of ['a\0', '\ud800'])
      expect((await server.api('GET', `/users?sort=name&cursor=${text(['name', key, 1])}`)).status).toBe(400);
    expect((await server.api('GET', `/users?sort=name&cursor=${encodeCursor('name', ['a', 1])}`)).status).toBe(200);
  });

  it('resolves many at once, in the order asked for', async () => {
    await server.api('POST', '/connections', { name: 'twins' });
    const ada = await create({ email: 'Lookup@example.com', email_verified: true });
    const twin = await create({ email: 'lookup@example.com', email_verified: true, connection: 'twins' });
    const bob = await create();
    const unknown = 'usr_01ARZ3NDEKTSV4RRFFQ69G5FAV';
    const { body } = await server.api('POST', '/users/lookup', {
      ids: [bob.id, unknown, 'nonsense', bob.id],
      emails: ['LOOKUP@example.com', 'nobody@example.com', 'lookup@example.com'],
    });
    const answer = body as { users: Person[]; missing: unknown };
    expect(answer.users.map(({ id }) => id)).toEqual([bob.id, ada.id, twin.id]);
    expect(answer.missing).toEqual({ ids: [unknown, 'nonsense'], emails: ['nobody@example.com'] });
    const ids = Array.from({ length: 150 }, (_, i) => `usr_${i}`);
    expect((await server.api('POST', '/users/lookup', { ids, emails: ids.slice(0, 51) })).status).toBe(400);
    expect((await server.api('POST', '/users/lookup', { ids, emails: ids.slice(0, 50) })).status).toBe(200);
    expect((await server.api('POST', '/users/lookup', {})).status).toBe(400);
  });
});
