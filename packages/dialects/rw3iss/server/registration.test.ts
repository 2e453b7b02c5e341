/** Registering through the vendor's door: where the account is made, under whose rules, and what comes with it. */
import {
  bootServer,
  databaseKinds,
  type Rw3issPerson,
  readMail,
  rw3issCaller,
  rw3issPerson,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PASSWORD = 'Correct-horse-1';
const refused = (status: number, code: string, field?: string) => ({
  status,
  body: { error: { code, ...(field === undefined ? {} : { details: { field } }) } },
});

interface Registered {
  readonly user: { readonly id: string };
  readonly organization?: { readonly id: string };
}

describe.each(databaseKinds)('registering through the rw3iss door on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  let count = 0;
  beforeAll(async () => {
    server = await bootServer(kind, { realHashes: true });
    admin = await rw3issPerson(server);
  });
  afterAll(() => server.stop());

  const newEmail = () => `r${++count}@example.com`;
  const post = (body: object) =>
    rw3issCaller(server)('POST', '/auth/register', {
      password: PASSWORD,
      first_name: 'Ada',
      last_name: 'Lovelace',
      ...body,
    });
  const register = async (body: object): Promise<Registered> => {
    const made = await post(body);
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body;
  };
  const login = (email: string, more: object = {}) =>
    rw3issCaller(server)('POST', '/auth/login', { email, password: PASSWORD, ...more });
  const app = async (body: object = {}) => {
    const code = `app${++count}-${kind}`;
    const made = await admin.call('POST', '/admin/apps', { code, name: code, ...body });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return code;
  };
  const users = async (email: string) =>
    ((await admin.call('POST', '/admin/users/lookup', { emails: [email] })).body as { users: { id: string }[] }).users;
  const appsOf = async (id: string) =>
    ((await admin.call('GET', `/admin/users/${id}/apps`)).body as { apps: { code: string }[] }).apps.map(
      ({ code }) => code,
    );
  const membershipsOf = async (id: string) => {
    const { body } = await admin.call('GET', `/admin/users/${id}/organizations`);
    return (body as { memberships: { organization: { id: string; owner_id: string }; roles: { code: string }[] }[] })
      .memberships;
  };
  const organization = async (name: string) =>
    (await admin.call('POST', '/admin/organizations', { name })).body as { id: string };

  it('makes a pending base_user, and mails a link to verify the address', async () => {
    const email = newEmail();
    const answer = await post({ email: ` ${email} `, organization_id: 'ignored' });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        user: { email, first_name: 'Ada', last_name: 'Lovelace', status: 'pending', auth_provider: 'local' },
        verification_email_sent: true,
      },
    });
    for (const absent of ['tokens', 'logged_in', 'organization']) expect(answer.body).not.toHaveProperty(absent);
    expect((await login(email)).body).toMatchObject({ roles: ['base_user'], user: { status: 'pending' } });
    const { ticket } = await readMail(server, email);
    await rw3issCaller(server)('POST', '/auth/verify-email', { token: ticket });
    expect((await login(email)).body).toMatchObject({ user: { status: 'active' } });
  });

  it('is at home in the application’s first pool and belongs to the others, and may use the application if that says so', async () => {
    const [home, read] = [`home-${kind}`, `read-${kind}`];
    const code = await app({ registration_namespace: home, read_namespaces: [read], auto_grant_on_signup: true });
    const email = newEmail();
    const { user } = await register({ email, app_code: code });
    expect((await admin.call('GET', `/admin/users/${user.id}/namespaces`)).body).toEqual({
      namespace: home,
      namespaces: [read],
    });
    expect(await appsOf(user.id)).toEqual([code]);
    const strict = await app({ registration_namespace: home });
    const other = await register({ email: newEmail(), app_code: strict });
    expect(await appsOf(other.user.id)).toEqual([]);
  });

  it('refuses an address that a user of the application’s pools has, however it is written', async () => {
    const read = `seen-${kind}`;
    const reading = await app({ registration_namespace: `reg-${kind}`, read_namespaces: [read] });
    const own = await app({ registration_namespace: read });
    const email = newEmail();
    await register({ email, app_code: own });
    for (const app_code of [own, reading])
      expect(await post({ email: email.toUpperCase(), app_code })).toMatchObject(refused(409, 'USER_ALREADY_EXISTS'));
    expect(await users(email)).toHaveLength(1);
    // The console's pool is another one.
    await register({ email });
    expect(await users(email)).toHaveLength(2);
  });

  it('lets one of several at once win', async () => {
    for (let round = 0; round < 3; round++) {
      const email = newEmail();
      const answers = await Promise.all(
        [1, 2, 3].map((n) => post({ email, organization_name: `At once ${kind} ${round} ${n}` })),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
      for (const { status, body } of answers)
        if (status === 409) expect(body).toMatchObject({ error: { code: 'USER_ALREADY_EXISTS' } });
      expect(await users(email)).toHaveLength(1);
    }
  });

  it('refuses what is wrong by its field, and makes nobody', async () => {
    const narrow = await app({ allowed_email_domains: ['Acme.example', '@corp.example'] });
    const email = newEmail();
    for (const [body, code, field] of [
      [{ email: 'nobody' }, 'INVALID_INPUT', 'email'],
      [{ email: 'a b@example.com' }, 'INVALID_INPUT', 'email'],
      [{ email, first_name: ' ' }, 'INVALID_INPUT', 'first_name'],
      [{ email, last_name: '' }, 'INVALID_INPUT', 'last_name'],
      [{ email, password: 'alllowercase1' }, 'VALIDATION_ERROR', 'password'],
      [{ email, password: 'Sh0rt' }, 'VALIDATION_ERROR', 'password'],
      [{ email, organization_name: ' ' }, 'INVALID_INPUT', 'organization_name'],
      [{ email, invite_code: 'ABC234' }, 'INVALID_INVITE_CODE', 'invite_code'],
      [{ email, app_code: narrow }, 'INVALID_INPUT', 'email'],
      [{ email: 'x@sub.acme.example', app_code: narrow }, 'INVALID_INPUT', 'email'],
      [{ email, nonsense: 1 }, 'INVALID_INPUT', 'nonsense'],
    ] as const)
      expect(await post(body), JSON.stringify(body)).toMatchObject(refused(400, code, field));
    expect(await post({ email, app_code: 'nonsense' })).toMatchObject(refused(404, 'NOT_FOUND'));
    const closed = await app();
    const { body } = await admin.call('GET', '/admin/apps');
    const { id } = (body as { apps: { id: string; code: string }[] }).apps.find(({ code }) => code === closed) as {
      id: string;
    };
    await admin.call('PATCH', `/admin/apps/${id}`, { status: 'paused' });
    expect(await post({ email, app_code: closed })).toMatchObject(refused(403, 'VALIDATION_ERROR'));
    expect(await users(email)).toEqual([]);
    await register({ email: `ok-${kind}@ACME.example`, app_code: narrow });
    await register({ email: `ok-${kind}@corp.example`, app_code: narrow });
  });

  it('neither registers nor signs in by password where an application lists other methods alone', async () => {
    const email = newEmail();
    const made = await admin.call('POST', '/admin/apps', { code: `methods-${kind}`, name: 'Methods' });
    const { id, code: app_code } = made.body as { id: string; code: string };
    const allow = (...allowed_auth_methods: string[]) =>
      admin.call('PATCH', `/admin/apps/${id}`, { allowed_auth_methods, auto_grant_on_signup: true });
    await allow('google');
    expect(await post({ email, app_code })).toMatchObject(refused(400, 'INVALID_INPUT', 'app_code'));
    expect(await users(email)).toEqual([]);
    await allow('google', 'Password');
    await register({ email, app_code });
    expect((await login(email, { app_code })).status).toBe(200);
    await allow('magic_link');
    expect(await login(email, { app_code })).toMatchObject(refused(403, 'FORBIDDEN'));
    await allow();
    expect((await login(email, { app_code })).status).toBe(200);
  });

  it('makes an organization of one’s own, or nothing where its name is taken', async () => {
    const made = await register({ email: newEmail(), organization_name: `Own ${kind}` });
    expect(made.organization).toMatchObject({ name: `Own ${kind}`, slug: `own-${kind}`, owner_id: made.user.id });
    expect(await membershipsOf(made.user.id)).toMatchObject([
      { organization: { id: made.organization?.id }, roles: [{ code: 'org_admin' }] },
    ]);
    const email = newEmail();
    expect(await post({ email, organization_name: `own ${kind}!` })).toMatchObject(
      refused(409, 'ORGANIZATION_ALREADY_EXISTS'),
    );
    expect(await users(email)).toEqual([]);
  });

  it('joins the default organization of the application', async () => {
    const { id } = await organization(`Default ${kind}`);
    const roleOf = async (body: object) => {
      const code = await app({ default_organization_id: id, ...body });
      const { user } = await register({ email: newEmail(), app_code: code });
      return (await membershipsOf(user.id)).map((held) => [
        held.organization.id,
        ...held.roles.map(({ code }) => code),
      ]);
    };
    expect(await roleOf({ default_role_code: 'org_manager' })).toEqual([[id, 'org_manager']]);
    expect(await roleOf({})).toEqual([[id, 'org_member']]);
    // A role of the platform is never held inside.
    expect(await roleOf({ default_role_code: 'system_admin' })).toEqual([[id, 'org_member']]);
    await admin.call('DELETE', `/admin/organizations/${id}`);
    expect(await roleOf({})).toEqual([]);
  });

  describe('by an invitation', () => {
    const invite = async (email: string) => {
      const { id } = await organization(`Inviting ${++count} ${kind}`);
      expect((await admin.call('POST', `/orgs/${id}/invitations`, { email })).status).toBe(201);
      return { id, ticket: (await readMail(server, email)).ticket };
    };

    it('takes it up with the token of its link, which proves the address', async () => {
      const email = newEmail();
      const { id, ticket } = await invite(email);
      const answer = await post({ email, invite_token: ticket });
      expect(answer).toMatchObject({
        status: 201,
        body: { user: { status: 'active', email_verified: true }, verification_email_sent: false },
      });
      const { user } = answer.body as Registered;
      expect(await membershipsOf(user.id)).toMatchObject([{ organization: { id }, roles: [{ code: 'org_member' }] }]);
      const { body } = await admin.call('GET', `/orgs/${id}/invitations`);
      expect(body).toMatchObject({ invitations: [{ status: 'accepted', accepted_by: user.id }] });
    });

    it('adds its roles to those of the default organization', async () => {
      const email = newEmail();
      const { id } = await organization(`Both ${kind}`);
      const { body } = await admin.call('GET', `/orgs/${id}/roles`);
      const [boss] = (body as { roles: { id: string }[] }).roles;
      await admin.call('POST', `/orgs/${id}/invitations`, { email, role_ids: [boss?.id] });
      const { ticket } = await readMail(server, email);
      const app_code = await app({ default_organization_id: id });
      const { user } = await register({ email, app_code, invite_token: ticket });
      expect(await membershipsOf(user.id)).toMatchObject([{ roles: [{ code: 'org_admin' }, { code: 'org_member' }] }]);
    });

    it('refuses a token that is spent, expired, made up or of another address, and makes nobody', async () => {
      const [first, second] = [newEmail(), newEmail()];
      const { ticket } = await invite(first);
      expect(await post({ email: second, invite_token: ticket })).toMatchObject(refused(404, 'INVITE_NOT_FOUND'));
      expect(await post({ email: second, invite_token: 'nonsense' })).toMatchObject(refused(404, 'INVITE_NOT_FOUND'));
      expect(await users(second)).toEqual([]);
      await register({ email: first, invite_token: ticket });
      expect(await post({ email: newEmail(), invite_token: ticket })).toMatchObject(
        refused(400, 'INVITE_ALREADY_USED'),
      );
      const late = await invite(second);
      server.clock.advance(8 * 86_400_000);
      expect(await post({ email: second, invite_token: late.ticket })).toMatchObject(refused(400, 'INVITE_EXPIRED'));
      admin = await rw3issPerson(server);
      expect(await users(second)).toEqual([]);
    });
  });
});
