/** Mass assignment: who makes or changes their own account sets what the form is for, and nothing else of it. */
import {
  auth0Caller,
  bootServer,
  databaseKinds,
  managementClient,
  postForm,
  postJson,
  readMail,
  rw3issCaller,
  rw3issPerson,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'Correct-horse-1';

/** What nobody sets of their own account, in the spellings of every dialect. */
const RAISED: Readonly<Record<string, unknown>> = {
  id: 'usr_01HZX3V7J5Y6K8M9N0P1Q2R3S4',
  user_id: 'auth0|raised',
  sub: 'auth0|raised',
  tenant_id: 1,
  tenantId: 1,
  state: 'active',
  status: 'active',
  blocked: false,
  token_version: -1,
  tv: -1,
  roles: ['system_admin'],
  role_codes: ['system_admin'],
  role: 'system_admin',
  rank: 0,
  level: 0,
  scopes: ['users:write'],
  permissions: ['users:write'],
  email_verified: true,
  emailVerified: true,
  phone_verified: true,
  is_admin: true,
  app_metadata: { admin: true },
  organizations: ['org'],
  password_hash: 'x',
  connection_id: 'con_x',
  namespace: 'other',
  sign_in_count: 0,
  created_at: '2020-01-01T00:00:00Z',
};

describe.each(databaseKinds)('accounts on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  /** Everything that is kept of who has the address, but when. */
  const kept = async (email: string) => {
    const rows = await server.services.database.read(async (db) => {
      const user = await db
        .selectFrom('users')
        .innerJoin('identities', 'identities.user_num', 'users.num')
        .select(['users.num', 'users.id', 'users.tenant_id', 'users.state', 'users.token_version', 'users.doc'])
        .where('identities.email_key', '=', email)
        .executeTakeFirst();
      if (!user) return undefined;
      const roles = await db
        .selectFrom('role_members')
        .innerJoin('roles', 'roles.id', 'role_members.role_id')
        .select('roles.code')
        .where('role_members.user_num', '=', user.num)
        .orderBy('roles.code')
        .execute();
      return { user, roles: roles.map(({ code }) => code) };
    });
    if (!rows) return undefined;
    const { updated_at: _at, last_sign_in_at: _in, ...doc } = JSON.parse(rows.user.doc) as Record<string, unknown>;
    return { ...rows.user, doc, roles: rows.roles };
  };

  it('that people register take none of it, field by field and all together', async () => {
    const call = rw3issCaller(server);
    const good = (email: string) => ({ email, password: PASSWORD, first_name: 'Eve', last_name: 'Low' });
    expect((await call('POST', '/auth/register', good('plain@example.com'))).status).toBe(201);
    const plain = await kept('plain@example.com');
    expect(plain).toMatchObject({ roles: ['base_user'], state: 'active', doc: { email_verified: false } });
    for (const more of [...Object.entries(RAISED).map(([name, value]) => ({ [name]: value })), RAISED]) {
      const email = `raised${Object.keys(more)[0]}${Object.keys(more).length}@example.com`.toLowerCase();
      const { status } = await call('POST', '/auth/register', { ...good(email), ...more });
      expect(status, JSON.stringify(more)).toBe(400);
      expect(await kept(email)).toBeUndefined();
    }
  });

  it('stay as they are through what their person may call', async () => {
    const email = 'own@example.com';
    await server.api('POST', '/users', { email, password: PASSWORD, email_verified: false });
    const login = { email, password: PASSWORD };
    const before = await kept(email);
    const { call } = await rw3issPerson(server, login);
    const { sign_in_count: _n, last_sign_in_ip: _ip, ...doc } = before?.doc ?? {};
    const attempts: readonly [verb: string, path: string, body: object][] = [
      ['POST', '/auth/login', login],
      ['POST', '/auth/password/reset-request', { email }],
      ['POST', '/auth/verify-email/resend', { email }],
      ['POST', '/auth/2fa/setup', {}],
      ['DELETE', '/me/account', { password: 'wrong', confirmation: 'no' }],
    ];
    for (const [verb, path, body] of attempts) {
      const { status } = await call(verb, path, { ...body, ...RAISED });
      expect(status, path).toBe(400);
    }
    for (const path of ['/me', '/auth/me', '/admin/users/me', '/me/account'])
      for (const verb of ['PUT', 'PATCH', 'POST'])
        expect((await call(verb, path, RAISED)).status, `${verb} ${path}`).toBeGreaterThanOrEqual(400);
    const asked = { grant_type: 'password', username: email, password: PASSWORD, ...managementClient };
    const more = { roles: 'system_admin', scope: 'users:write users:read', uid: 'usr_x', email_verified: 'true' };
    for (const answer of [
      await postForm(server, '/oauth/token', { ...asked, ...more }),
      await postJson(server, '/oauth/token', { ...asked, ...more }),
    ]) {
      expect(answer.status).toBe(200);
      expect(answer.body.scope ?? '').toBe('');
    }
    const after = await kept(email);
    expect(after).toMatchObject({ ...before, doc });
    expect(after?.roles).toEqual(before?.roles);
  });

  it('take from an invitation what it says, whatever its form brings', async () => {
    const email = 'invited@example.com';
    expect((await server.api('POST', '/invitations', { email })).status).toBe(201);
    const { ticket } = await readMail(server, email);
    const raised = Object.fromEntries(Object.entries(RAISED).map(([name, value]) => [name, String(value)]));
    const form = { ...raised, ticket, email: 'admin@reeve.test', name: 'Eve', organization: 'x' };
    const body = new URLSearchParams({ ...form, password: PASSWORD, password_again: PASSWORD });
    const page = await fetch(`${server.url}/invitation`, { method: 'POST', body });
    expect(page.status, await page.text()).toBe(200);
    const made = await kept(email);
    expect(made?.roles).toEqual([]);
    expect(made?.doc).toMatchObject({ email, app_metadata: {}, sign_in_count: 0 });
    expect(made?.token_version).toBe(0);
  });

  it('take from a link for a new password that password alone', async () => {
    const [one, other] = ['reset@example.com', 'victim@example.com'];
    const ids = [];
    for (const email of [one, other])
      ids.push(((await server.api('POST', '/users', { email, password: PASSWORD })).body as { id: string }).id);
    const [before, untouched] = [await kept(one), await kept(other)];
    const made = await server.api('POST', `/users/${ids[0]}/tickets/password-change`, {});
    const ticket = new URL((made.body as { ticket: string }).ticket).searchParams.get('ticket') ?? '';
    const raised = Object.fromEntries(Object.entries(RAISED).map(([name, value]) => [name, String(value)]));
    const next = 'Another-horse-1';
    const form = { ...raised, user_id: ids[1] as string, email: other, account: other };
    const body = new URLSearchParams({ ...form, ticket, password: next, password_again: next });
    expect((await fetch(`${server.url}/reset-password`, { method: 'POST', body })).status).toBe(200);
    const after = await kept(one);
    expect(await kept(other)).toEqual(untouched);
    expect(after?.roles).toEqual(before?.roles);
    expect([after?.id, after?.state, after?.tenant_id]).toEqual([before?.id, before?.state, before?.tenant_id]);
    const token = (email: string, password: string) =>
      postForm(server, '/oauth/token', { grant_type: 'password', username: email, password, ...managementClient });
    expect((await token(other, PASSWORD)).status).toBe(200);
    expect((await token(one, next)).status).toBe(200);
  });

  it('that administrators change keep what is the server’s to say', async () => {
    const { body } = await server.api('POST', '/users', { email: 'managed@example.com', password: PASSWORD });
    const { id } = body as { id: string };
    const before = await kept('managed@example.com');
    const auth0 = await auth0Caller(server);
    const { users } = (await server.api('GET', '/users?email=managed@example.com')).body as {
      users: { identities: { provider: string; subject: string }[] }[];
    };
    const [identity] = users[0]?.identities ?? [];
    const subject = encodeURIComponent(`${identity?.provider}|${identity?.subject}`);
    for (const name of [
      'id',
      'tenant_id',
      'token_version',
      'tv',
      'roles',
      'rank',
      'state',
      'scopes',
      'password_hash',
    ]) {
      const fields = { [name]: RAISED[name] };
      for (const path of ['/users', `/users/${id}`]) {
        const answer = await server.api(path === '/users' ? 'POST' : 'PATCH', path, { nickname: 'n', ...fields });
        expect(answer.status, `${path} ${name}`).toBe(400);
      }
      expect((await auth0('PATCH', `/users/${subject}`, fields)).status, `auth0 ${name}`).toBe(400);
    }
    for (const name of ['user_id', 'created_at', 'logins_count', 'last_login', 'last_ip', 'identities', 'multifactor'])
      expect((await auth0('PATCH', `/users/${subject}`, { [name]: 1 })).status, `auth0 ${name}`).toBe(400);
    expect(await kept('managed@example.com')).toEqual(before);
  });
});
