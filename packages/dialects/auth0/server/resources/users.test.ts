/** The rows of a person: their effects and Auth0's conventions (contract §8 to §10). */
import { type Auth0Call, auth0Caller, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CONNECTION = 'Username-Password-Authentication';

interface Wire {
  user_id: string;
  email?: string;
  identities: { connection: string; user_id: string; provider: string; isSocial: boolean }[];
  user_metadata: Record<string, unknown>;
  app_metadata: Record<string, unknown>;
  blocked?: boolean;
  statusCode?: number;
  errorCode?: string;
  message?: string;
}

describe.each(databaseKinds)('users of Auth0 on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
  });
  afterAll(() => server.stop());
  const create = async (fields: object) =>
    (await call('POST', '/users', { connection: CONNECTION, ...fields })).body as Wire;

  it('creates a user with Auth0’s defaults', async () => {
    const { status, body } = await call('POST', '/users', {
      connection: CONNECTION,
      email: 'Jane.Doe@Example.com',
      password: 'correct horse',
      app_metadata: { plan: 'gold' },
      verify_email: false,
    });
    expect(status).toBe(201);
    const user = body as Wire;
    expect(user).toMatchObject({
      email: 'jane.doe@example.com',
      email_verified: false,
      name: 'jane.doe@example.com',
      nickname: 'jane.doe',
      app_metadata: { plan: 'gold' },
      logins_count: 0,
    });
    expect(user.user_id).toMatch(/^auth0\|[0-9a-f]{24}$/);
    expect(user.identities).toEqual([
      { connection: CONNECTION, user_id: user.user_id.slice(6), provider: 'auth0', isSocial: false },
    ]);
    expect(user).not.toHaveProperty('blocked');
    const read = await call('GET', `/users/${encodeURIComponent(user.user_id)}`);
    expect(read).toMatchObject({ status: 200, body: user });
    expect((await call('GET', `/users/${encodeURIComponent(user.user_id)}?fields=email,user_id`)).body).toEqual({
      email: user.email,
      user_id: user.user_id,
    });
    const excluded = await call('GET', `/users/${encodeURIComponent(user.user_id)}?fields=email&include_fields=false`);
    expect(excluded.body).not.toHaveProperty('email');
    expect(excluded.body).toHaveProperty('name');
  });

  it('shows custom fields among app_metadata, finds them there, and takes them back unchanged', async () => {
    for (const [key, type] of [
      ['school', 'string'],
      ['seen', 'object'],
    ])
      expect((await server.api('POST', '/custom-fields', { key, type })).status).toBe(201);
    const { user_id } = await create({
      email: 'fields@example.com',
      password: 'correct horse',
      app_metadata: { a: 1 },
    });
    const path = `/users/${encodeURIComponent(user_id)}`;
    const custom_fields = { school: 'A', seen: { at: [1, null] } };
    const { body } = await server.api('GET', '/users?email=fields@example.com');
    const { id } = (body as { users: { id: string }[] }).users[0] as { id: string };
    const set = (values: object | null) => server.api('PATCH', `/users/${id}`, { custom_fields: values });
    await set(custom_fields);
    const native = async () => (await server.api('GET', `/users/${id}`)).body as Wire & { custom_fields: object };
    const shown = (await call('GET', path)).body as Wire;
    expect(shown.app_metadata).toEqual({ a: 1, custom_fields });
    const patched = await call('PATCH', path, { app_metadata: { ...shown.app_metadata, b: 2 } });
    expect(patched).toMatchObject({ status: 200, body: { app_metadata: { a: 1, b: 2, custom_fields } } });
    expect(await native()).toMatchObject({ app_metadata: { a: 1, b: 2 }, custom_fields });
    for (const other of [{ school: 'B' }, { ...custom_fields, seen: {} }, {}, null])
      expect(await call('PATCH', path, { app_metadata: { custom_fields: other } })).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining('custom_fields') },
      });
    for (const q of ['school:A', 'seen.at:1']) {
      const found = await call('GET', `/users?q=${encodeURIComponent(`app_metadata.custom_fields.${q}`)}`);
      expect(found.body, q).toMatchObject([{ user_id }]);
    }
    const q = encodeURIComponent('_exists_:app_metadata.custom_fields');
    expect((await call('GET', `/users?q=${q}`)).body).toMatchObject([{ user_id }]);
    // Without values the name is the caller's own.
    await set(null);
    const own = await call('PATCH', path, { app_metadata: { custom_fields: { mine: true } } });
    expect(own).toMatchObject({ status: 200, body: { app_metadata: { a: 1, b: 2, custom_fields: { mine: true } } } });
    expect(await native()).toMatchObject({ custom_fields: {}, app_metadata: { custom_fields: { mine: true } } });
  });

  it('takes the id that the creator supplies, once', async () => {
    const user = await create({ email: 'supplied@example.com', user_id: 'legacy-1' });
    expect(user.user_id).toBe('auth0|legacy-1');
    const again = await call('POST', '/users', {
      connection: CONNECTION,
      email: 'other@example.com',
      user_id: 'legacy-1',
    });
    expect(again).toMatchObject({
      status: 409,
      body: { statusCode: 409, error: 'Conflict', message: 'The user already exists.', errorCode: 'auth0_idp_error' },
    });
  });

  it('refuses in Auth0’s words', async () => {
    await create({ email: 'twice@example.com' });
    const bad = async (body: object, verb = 'POST', path = '/users') => {
      const { status, body: answer } = await call(verb, path, body);
      const { errorCode, message, statusCode } = answer as Wire;
      expect(statusCode).toBe(status);
      return [status, errorCode, message];
    };
    expect(await bad({ connection: CONNECTION, email: 'twice@example.com' })).toEqual([
      409,
      'auth0_idp_error',
      'The user already exists.',
    ]);
    expect(await bad({ email: 'a@b.example' })).toEqual([
      400,
      'invalid_body',
      "Payload validation error: 'Missing required property: connection'.",
    ]);
    expect(await bad({ connection: CONNECTION, email: 'a@b.example', colour: 'red' })).toEqual([
      400,
      'invalid_body',
      "Payload validation error: 'Additional properties not allowed: colour'.",
    ]);
    expect(await bad({ connection: 'nowhere', email: 'a@b.example' })).toEqual([
      400,
      'inexistent_connection',
      'The connection does not exist.',
    ]);
    expect(await bad({ connection: CONNECTION, email: 'a@b.example', password: 'a' })).toEqual([
      400,
      undefined,
      'PasswordStrengthError: Password is too weak',
    ]);
    const user = await create({ email: 'once@example.com' });
    const path = `/users/${encodeURIComponent(user.user_id)}`;
    expect(await bad({ email: 'twice@example.com' }, 'PATCH', path)).toEqual([
      400,
      'auth0_idp_error',
      'The specified new email already exists',
    ]);
    expect((await bad({ email: 'x@example.com', password: 'long enough' }, 'PATCH', path)).slice(0, 2)).toEqual([
      400,
      'operation_not_supported',
    ]);
    expect(await bad({ name: 'x' }, 'PATCH', '/users/auth0%7Cnobody')).toEqual([
      404,
      'inexistent_user',
      'The user does not exist.',
    ]);
  });

  it('merges metadata at the top level only, and blocks', async () => {
    const user = await create({
      email: 'bags@example.com',
      user_metadata: { a: { x: 1, y: 2 }, b: 1, c: [1] },
      app_metadata: { k: 1 },
    });
    const path = `/users/${encodeURIComponent(user.user_id)}`;
    const patched = await call('PATCH', path, { user_metadata: { a: { y: 3 }, b: null, d: 4 }, app_metadata: {} });
    expect(patched).toMatchObject({ status: 200 });
    expect((patched.body as Wire).user_metadata).toEqual({ a: { y: 3 }, c: [1], d: 4 });
    expect((patched.body as Wire).app_metadata).toEqual({});
    expect((await call('PATCH', path, { blocked: true })).body).toMatchObject({ blocked: true });
    expect((await call('GET', path)).body).toMatchObject({ blocked: true });
    expect((await call('PATCH', path, { blocked: false })).body).not.toMatchObject({ blocked: true });
  });

  it('keeps a null below the top level, and finds what is there now', async () => {
    const email = 'nulls@example.com';
    const tree = { a: { x: 1, y: { z: 2 } }, list: [{ p: 1 }], top: null };
    const user = await create({ email, user_metadata: tree, app_metadata: { plan: { name: 'gold' } } });
    const path = `/users/${encodeURIComponent(user.user_id)}`;
    const change = {
      user_metadata: { a: { y: { z: null, deep: [null, { q: null }] } }, list: null, fresh: { n: null } },
      app_metadata: { plan: { name: null, since: 2024 } },
    };
    const wanted = {
      user_metadata: { a: { y: { z: null, deep: [null, { q: null }] } }, top: null, fresh: { n: null } },
      app_metadata: { plan: { name: null, since: 2024 } },
    };
    for (const { status, body } of [await call('PATCH', path, change), await call('GET', path)]) {
      expect(status).toBe(200);
      const { user_metadata, app_metadata } = body as Wire;
      expect({ user_metadata, app_metadata }).toEqual(wanted);
    }
    // Again: nothing is different now.
    const { body: before } = await call('GET', path);
    expect((await call('PATCH', path, { user_metadata: change.user_metadata })).body).toEqual(before);
    const finds = async (q: string) => {
      const { body } = await call('GET', `/users?q=${encodeURIComponent(`email:"${email}" AND ${q}`)}`);
      return (body as Wire[]).length === 1;
    };
    for (const gone of ['user_metadata.a.x:1', 'user_metadata.a.y.z:2', 'user_metadata.list.p:1'])
      expect([gone, await finds(gone)]).toEqual([gone, false]);
    for (const name of ['user_metadata.a.y.z', 'user_metadata.fresh.n', 'app_metadata.plan.name'])
      expect([name, await finds(`_exists_:${name}`)]).toEqual([name, false]);
    expect(await finds('app_metadata.plan.since:2024')).toBe(true);
    // A null bag is none of Auth0's; `{}` empties one and leaves the other.
    expect((await call('PATCH', path, { user_metadata: null })).status).toBe(400);
    const { user_metadata, app_metadata } = (await call('PATCH', path, { user_metadata: {} })).body as Wire;
    expect([user_metadata, app_metadata]).toEqual([{}, wanted.app_metadata]);
  });

  it('loses no key of patches of one bag that come at once', async () => {
    const user = await create({ email: 'at.once@example.com', user_metadata: { kept: { a: null } } });
    const path = `/users/${encodeURIComponent(user.user_id)}`;
    const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
    const answers = await Promise.all(
      keys.map((key) => call('PATCH', path, { user_metadata: { [key]: { of: null }, same: { [key]: 1 } } })),
    );
    expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 200));
    const { user_metadata } = (await call('GET', path)).body as Wire;
    const { same, ...others } = user_metadata;
    expect(others).toEqual({ kept: { a: null }, ...Object.fromEntries(keys.map((key) => [key, { of: null }])) });
    // What one patch set at a key is not mixed with what another did.
    expect(Object.keys(same as object)).toHaveLength(1);
  });

  it('deletes, again and again', async () => {
    const user = await create({ email: 'gone@example.com' });
    const path = `/users/${encodeURIComponent(user.user_id)}`;
    expect(await call('DELETE', path, {})).toMatchObject({ status: 204, body: undefined });
    expect((await call('DELETE', path, {})).status).toBe(204);
    expect((await call('GET', path)).status).toBe(404);
    expect((await call('GET', '/users-by-email?email=gone%40example.com')).body).toEqual([]);
  });

  it('refuses stray forms that would mean everybody', async () => {
    const user = await create({ email: 'stays@example.com' });
    for (const [verb, path] of [
      ['DELETE', '/users/'],
      ['PATCH', '/users'],
      ['GET', '/users/roles'],
      ['GET', '/users/zd'],
      ['DELETE', '/clients'],
    ] as const) {
      const { status, body } = await call(verb, path, verb === 'GET' ? undefined : {});
      expect([verb, path, status]).toEqual([verb, path, 404]);
      expect((body as Wire).statusCode).toBe(404);
    }
    expect((await call('GET', `/users/${encodeURIComponent(user.user_id)}`)).status).toBe(200);
  });

  it('tells who may not, in Auth0’s words', async () => {
    const none = await fetch(`${server.url}/api/v2/users/auth0%7Cx`);
    expect(await none.json()).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      message: 'Missing authentication',
      attributes: { error: 'Missing authentication' },
    });
    const basic = await fetch(`${server.url}/api/v2/users/auth0%7Cx`, { headers: { authorization: 'Basic YTpi' } });
    expect([basic.status, basic.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    const malformed = await fetch(`${server.url}/api/v2/users/auth0%7Cx`, { headers: { authorization: 'Bearer a b' } });
    expect(await malformed.json()).toMatchObject({ statusCode: 400, errorCode: 'Bearer' });
    const wrong = await fetch(`${server.url}/api/v2/users/auth0%7Cx`, { headers: { authorization: 'Bearer a.b.c' } });
    expect([wrong.status, await wrong.json()]).toMatchObject([401, { attributes: { error: 'Invalid token' } }]);
    const native = await fetch(`${server.url}/api/v2/users/auth0%7Cx`, {
      headers: { authorization: `Bearer ${await server.token()}` },
    });
    expect(native.status).toBe(401);
    const reader = await auth0Caller(server, ['read:users']);
    expect(await reader('POST', '/users', { connection: CONNECTION, email: 'no@example.com' })).toMatchObject({
      status: 403,
      body: {
        statusCode: 403,
        error: 'Forbidden',
        message: 'Insufficient scope, expected any of: create:users',
        errorCode: 'insufficient_scope',
      },
    });
  });
});
