/** What a token of few scopes may not do with them: become an administrator, hand out more than it holds, read secrets. */
import { ADMIN_EMAIL, type Auth0Call, auth0Caller, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CONNECTION = 'Username-Password-Authentication';
const refused = { status: 403, body: { errorCode: 'insufficient_scope' } } as const;

describe.each(databaseKinds)('narrow tokens of Auth0’s Management API on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
  });
  afterAll(() => server.stop());

  const administrators = ['system_admin', 'super_admin'];
  const roleId = async (code: string): Promise<string> => {
    const { body } = await server.api('GET', '/roles?limit=100&namespace=default');
    return (body as { roles: { id: string; code: string }[] }).roles.find((role) => role.code === code)?.id as string;
  };
  let count = 0;
  const person = async (...roles: string[]) => {
    const made = await call('POST', '/users', { connection: CONNECTION, email: `p${++count}@example.com` });
    const { user_id } = made.body as { user_id: string };
    const at = `/users/${encodeURIComponent(user_id)}`;
    if (roles.length > 0) expect((await call('POST', `${at}/roles`, { roles })).status).toBe(204);
    return { user_id, at };
  };
  const client = async (fields: object = {}): Promise<string> => {
    const made = await call('POST', '/clients', { name: `c${++count}`, app_type: 'non_interactive', ...fields });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return (made.body as { client_id: string }).client_id;
  };
  const audience = () => `https://${new URL(server.url).host}/api/v2/`;

  it('give and take an administrator’s role only with a scope for roles', async () => {
    const narrow = await auth0Caller(server, ['read:users', 'update:users']);
    const plain = (await server.api('POST', '/roles', { code: `plain-${kind}` })).body as { id: string };
    for (const code of administrators) {
      const roles = [await roleId(code)];
      const { at } = await person();
      expect(await narrow('POST', `${at}/roles`, { roles: [plain.id, ...roles] })).toMatchObject({
        ...refused,
        body: { message: expect.stringContaining('roles:write') },
      });
      expect((await call('GET', `${at}/roles`)).body).toEqual([]);
      // To take roles is a scope for roles as well, but none that makes administrators.
      const taker = await auth0Caller(server, ['update:users', 'delete:role_members']);
      expect(await taker('POST', `${at}/roles`, { roles })).toMatchObject(refused);
      const giver = await auth0Caller(server, ['create:role_members']);
      expect((await giver('POST', `${at}/roles`, { roles })).status).toBe(204);
      expect(await narrow('DELETE', `${at}/roles`, { roles })).toMatchObject(refused);
      expect((await call('GET', `${at}/roles`)).body).toMatchObject([{ id: roles[0] }]);
      expect((await taker('DELETE', `${at}/roles`, { roles })).status).toBe(204);
    }
    const { at } = await person();
    expect((await narrow('POST', `${at}/roles`, { roles: [plain.id] })).status).toBe(204);
    expect((await narrow('DELETE', `${at}/roles`, { roles: [plain.id] })).status).toBe(204);
  });

  it('take no administrator over', async () => {
    const { at } = await person(await roleId('system_admin'));
    const password = { connection: CONNECTION, password: 'correct horse battery' };
    const taker = await auth0Caller(server, ['update:users', 'delete:role_members']);
    expect(await taker('PATCH', at, password)).toMatchObject(refused);
    const giver = await auth0Caller(server, ['update:users', 'update:roles']);
    expect((await giver('PATCH', at, password)).status).toBe(200);
  });

  it('hand out what they hold, scope by scope', async () => {
    const narrow = await auth0Caller(server, ['create:client_grants', 'update:client_grants', 'create:user_tickets']);
    const client_id = await client();
    const grant = (scope: string[]) => narrow('POST', '/client-grants', { client_id, audience: audience(), scope });
    expect(await grant(['create:user_tickets', 'update:users'])).toMatchObject({
      ...refused,
      body: { message: expect.stringContaining('update:users') },
    });
    expect(await grant(['read:users'])).toMatchObject(refused);
    const made = await grant(['create:user_tickets']);
    expect(made, JSON.stringify(made.body)).toMatchObject({ status: 201, body: { scope: ['create:user_tickets'] } });
    const path = `/client-grants/${(made.body as { id: string }).id}`;
    expect(await narrow('PATCH', path, { scope: ['create:user_tickets', 'update:users'] })).toMatchObject(refused);
    expect((await call('PATCH', path, { scope: ['create:user_tickets', 'update:users'] })).status).toBe(200);
    // What is granted already may stay.
    expect((await narrow('PATCH', path, { scope: ['update:users'] })).status).toBe(200);
  });

  it('renew the secret of no application that may more than they', async () => {
    const client_id = await client();
    const scope = ['update:users'];
    expect((await call('POST', '/client-grants', { client_id, audience: audience(), scope })).status).toBe(201);
    const rotate = (caller: Auth0Call, id: string) => caller('POST', `/clients/${id}/rotate-secret`);
    const narrow = await auth0Caller(server, ['update:client_keys', 'create:user_tickets']);
    expect(await rotate(narrow, client_id)).toMatchObject(refused);
    expect(await rotate(narrow, await client())).toMatchObject({ status: 200 });
    const equal = await auth0Caller(server, ['update:client_keys', 'update:users']);
    expect(await rotate(equal, client_id)).toMatchObject({ status: 200 });
    // One native scope is all of Auth0's that spell it.
    const native = { name: 'native', type: 'machine_to_machine', scopes: ['users:write'] };
    const own = (await server.api('POST', '/applications', native)).body as { client_id: string };
    expect(await rotate(equal, own.client_id)).toMatchObject(refused);
  });

  it('renew no secret of the application that a person came through, unless they may what it may', async () => {
    const client_id = await client();
    const scope = ['update:users', 'update:client_keys'];
    expect((await call('POST', '/client-grants', { client_id, audience: audience(), scope })).status).toBe(201);
    const { body } = await server.api('GET', `/users?email=${encodeURIComponent(ADMIN_EMAIL)}`);
    const [{ id: uid }] = (body as { users: [{ id: string }] }).users;
    const rotated = async (scopes: string[], claims: object = {}) => {
      const caller = await auth0Caller(server, scopes, { azp: client_id, ...claims });
      return caller('POST', `/clients/${client_id}/rotate-secret`);
    };
    expect(await rotated(['update:client_keys'], { uid })).toMatchObject({
      ...refused,
      body: { message: expect.stringContaining('update:users') },
    });
    expect(await rotated(scope, { uid })).toMatchObject({ status: 200 });
    expect(await rotated(['update:client_keys'])).toMatchObject({ status: 200 });
  });

  it('read no secrets of connections', async () => {
    const options = {
      client_id: 'public',
      client_secret: 'hidden-1',
      passwordPolicy: 'good',
      token_endpoint: 'https://idp.example/token',
      configuration: { KEY: 'hidden-2' },
      upstream: { api_key: 'hidden-3', region: 'eu' },
    };
    const fields = { name: 'sealed', strategy: 'oidc', options };
    const made = (await call('POST', '/connections', fields)).body as { id: string; options: object };
    expect(made.options).toEqual(options);
    const path = `/connections/${made.id}`;
    const reader = await auth0Caller(server, ['read:connections']);
    const shown = {
      client_id: 'public',
      passwordPolicy: 'good',
      token_endpoint: 'https://idp.example/token',
      upstream: { region: 'eu' },
    };
    expect(((await reader('GET', path)).body as { options: object }).options).toEqual(shown);
    const listed = (await reader('GET', '/connections?strategy=oidc')).body as { options: object }[];
    expect(listed.map((connection) => connection.options)).toEqual([shown]);
    const changer = await auth0Caller(server, ['read:connections', 'update:connections']);
    expect(((await changer('GET', path)).body as { options: object }).options).toEqual(options);
    const creator = await auth0Caller(server, ['create:connections']);
    const other = await creator('POST', '/connections', { ...fields, name: 'sealed-2' });
    expect([other.status, JSON.stringify(other.body)]).toEqual([201, expect.not.stringContaining('hidden')]);
  });

  it('read no secrets of clients', async () => {
    const secrets = {
      encryption_key: { pub: 'hidden-1', cert: 'hidden-2', subject: 'hidden-3' },
      addons: {
        firebase: { private_key: 'hidden-4', client_email: 'a@example.com' },
        azure_sb: { sasKey: 'hidden-5' },
      },
    };
    const settings = {
      token_endpoint_auth_method: 'client_secret_basic',
      refresh_token: { rotation_type: 'rotating', idle_token_lifetime: 60 },
    };
    const client_id = await client({ ...secrets, ...settings });
    const global = (await call('GET', '/clients?is_global=true')).body as { client_id: string }[];
    const all = global[0]?.client_id as string;
    expect((await call('PATCH', `/clients/${all}`, secrets)).status).toBe(200);
    const reader = await auth0Caller(server, ['read:clients', 'update:clients']);
    const shown = { addons: { firebase: { client_email: 'a@example.com' } } };
    const read = await reader('GET', `/clients/${client_id}`);
    expect(read.body).toMatchObject({ ...settings, ...shown });
    expect(read.body).not.toHaveProperty('encryption_key');
    const patched = await reader('PATCH', `/clients/${client_id}`, { name: 'renamed' });
    expect(patched).toMatchObject({ status: 200, body: { name: 'renamed', ...shown } });
    const listed = await reader('GET', '/clients');
    for (const { body } of [read, patched, listed, await reader('GET', `/clients/${all}`)])
      expect(JSON.stringify(body)).not.toContain('hidden');
    for (const scope of ['read:client_keys', 'update:client_keys']) {
      const keeper = await auth0Caller(server, ['read:clients', scope]);
      for (const id of [client_id, all])
        expect((await keeper('GET', `/clients/${id}`)).body, scope).toMatchObject(secrets);
    }
  });

  it('find no secret in the log, and it lies nowhere in clear', async () => {
    const keys = (at: string) => ({
      configuration: { MONGO_URI: `hidden-${at}-1` },
      signing_key: { key: `hidden-${at}-2`, cert: 'c' },
      decryptionKey: { key: `hidden-${at}-3` },
      signingKey: `hidden-${at}-4`,
      upstreams: [[{ sharedKey: `hidden-${at}-9`, host: at }]],
      region: at,
    });
    const made = await call('POST', '/connections', { name: 'told', strategy: 'samlp', options: keys('old') });
    const path = `/connections/${(made.body as { id: string }).id}`;
    expect((await call('PATCH', path, { options: keys('new') })).status).toBe(200);
    const addons = (at: string) => ({
      addons: { azure_sb: { sasKey: `hidden-${at}-5`, entityPath: at }, wams: { masterkey: `hidden-${at}-6` } },
      encryption_key: { pub: `hidden-${at}-7` },
      signing_keys: [{ cert: `hidden-${at}-8` }],
    });
    const client_id = await client(addons('old'));
    const [all] = (await call('GET', '/clients?is_global=true')).body as [{ client_id: string }];
    for (const id of [client_id, all.client_id])
      for (const at of ['older', 'new']) expect((await call('PATCH', `/clients/${id}`, addons(at))).status).toBe(200);
    const reader = await auth0Caller(server, ['read:logs', 'read:connections', 'read:clients']);
    const told = JSON.stringify((await reader('GET', '/logs?per_page=100')).body);
    for (const text of ['"region":"new"', '"entityPath":"older"', '"entityPath":"new"']) expect(told).toContain(text);
    expect(told).not.toContain('hidden');
    const stored = await server
      .work()
      .read(async (db) =>
        Promise.all([
          db.selectFrom('connections').select('extensions').execute(),
          db.selectFrom('applications').select('extensions').execute(),
          db.selectFrom('tenants').select('extensions').execute(),
          db.selectFrom('events').select('data').execute(),
        ]),
      );
    expect(JSON.stringify(stored)).toContain('entityPath');
    expect(JSON.stringify(stored)).not.toContain('hidden');
    for (const at of [path, `/clients/${client_id}`, `/clients/${all.client_id}`]) {
      expect(JSON.stringify((await reader('GET', at)).body), at).not.toContain('hidden');
      expect(JSON.stringify((await call('GET', at)).body), at).toContain('hidden-new');
    }
    // What lies unsealed from before is read, hidden and no more told than the rest.
    await server.work().write((unit) =>
      unit.db
        .updateTable('connections')
        .set({ extensions: JSON.stringify({ auth0: { options: keys('earlier') } }) })
        .where('tenant_id', '=', unit.tenant.id)
        .where('name', '=', 'told')
        .execute(),
    );
    expect((await call('GET', path)).body).toMatchObject({ options: keys('earlier') });
    expect(JSON.stringify((await reader('GET', path)).body)).not.toContain('hidden');
    expect((await call('PATCH', path, { options: keys('newest') })).status).toBe(200);
    expect(JSON.stringify((await reader('GET', '/logs?per_page=100')).body)).not.toContain('hidden');
  });

  it('fetch no export', async () => {
    const made = (await call('POST', '/jobs/users-exports', { format: 'json' })).body as { id: string };
    const jobOf = async (caller: Auth0Call) =>
      (await caller('GET', `/jobs/${made.id}`)).body as { status: string; location?: string };
    await expect.poll(async () => (await jobOf(call)).status, { timeout: 10_000 }).toBe('completed');
    const reader = await auth0Caller(server, ['read:users']);
    expect((await jobOf(reader)).location).toMatch(/^http/);
    const creator = await auth0Caller(server, ['create:users']);
    expect(await jobOf(creator)).toMatchObject({ status: 'completed' });
    expect(await jobOf(creator)).not.toHaveProperty('location');
    expect(JSON.stringify((await creator('GET', `/jobs/${made.id}/errors`)).body ?? null)).not.toContain('location');
  });
});
