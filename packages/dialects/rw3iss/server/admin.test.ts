/** What administrators do through the vendor's door: people, roles, sessions, pools, acting as somebody, erasure. */
import {
  bootServer,
  claimsIn,
  databaseKinds,
  RW3ISS_PASSWORD as PASSWORD,
  type Rw3issPerson,
  rw3issCaller,
  rw3issPerson,
  rw3issUser,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const refused = (status: number, code: string, field?: string) => ({
  status,
  body: { error: { code, ...(field === undefined ? {} : { details: { field } }) } },
});

describe.each(databaseKinds)('administration through the rw3iss door on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  beforeAll(async () => {
    server = await bootServer(kind);
    admin = await rw3issPerson(server);
  });
  afterAll(() => server.stop());

  const newUser = async (more: object = {}) => {
    const user = await rw3issUser(server, more);
    return { ...user, at: `/admin/users/${user.id}` };
  };
  const setRoles = (id: string, ...role_codes: string[]) =>
    admin.call('PUT', `/admin/users/${id}/roles`, { role_codes });
  const signIn = (email: string, more: object = {}) => rw3issPerson(server, { email, password: PASSWORD, ...more });
  const eventsOn = async (native: string, type: string) => {
    const { body } = await server.api('GET', `/audit?event_types=${type}&target=${native}`);
    return (body as { events: { actor: object; data: Record<string, unknown> }[] }).events;
  };

  describe('lists', () => {
    it('page by number with the true total, oldest first, and by a search newest first', async () => {
      const people = [];
      for (let i = 0; i < 3; i++) people.push(await newUser({ given_name: `Zoltan${kind}`, family_name: `N${i}` }));
      const search = (more = '') => admin.call('GET', `/admin/users?search=oltan${kind.slice(0, 3)}${more}`);
      expect((await search()).body).toMatchObject({
        total: 3,
        users: people.toReversed().map(({ id, email }) => ({ id, email, first_name: `Zoltan${kind}` })),
      });
      expect((await search('&page=2&page_size=2')).body).toMatchObject({ total: 3, users: [{ id: people[0]?.id }] });
      expect((await search('&page=0&page_size=nonsense')).body).toMatchObject({ total: 3 });
      const all = await admin.call('GET', '/admin/users?page_size=1');
      expect(all.body).toMatchObject({ users: [{ id: admin.id, roles: [{ code: 'system_admin' }] }] });
      expect(await admin.call('GET', '/admin/users?app_id=x')).toMatchObject(
        refused(400, 'VALIDATION_ERROR', 'app_id'),
      );
    });

    it('are of those who may use an application, or are in an organization', async () => {
      const { id, at, native } = await newUser();
      const app = await admin.call('POST', '/admin/apps', { code: `list-${kind}`, name: 'List' });
      const appId = (app.body as { id: string }).id;
      expect((await admin.call('GET', `/admin/users?app_id=${appId}`)).body).toEqual({ users: [], total: 0 });
      expect((await admin.call('POST', `${at}/apps/${appId}`)).status).toBe(204);
      expect((await admin.call('GET', `/admin/users?app_id=${appId}`)).body).toMatchObject({
        users: [{ id }],
        total: 1,
      });
      expect((await admin.call('GET', `${at}/apps`)).body).toMatchObject({
        apps: [{ id: appId, code: `list-${kind}` }],
      });
      const made = await server.api('POST', '/organizations', { name: `list-${kind}`, owner_id: native });
      const { uuidOf } = await import('@reeve/core');
      const organization = uuidOf((made.body as { id: string }).id);
      expect((await admin.call('GET', `/admin/users?organization_id=${organization}`)).body).toMatchObject({
        users: [{ id }],
        total: 1,
      });
    });

    it('of keys find everybody once, in every pool and case', async () => {
      const one = await newUser();
      const { body } = await admin.call('POST', '/admin/users/lookup', {
        emails: [one.email.toUpperCase(), 'missing@example.com'],
        ids: [one.id, NOBODY],
      });
      expect(body).toMatchObject({ users: [{ id: one.id }], count: 1 });
      expect(await admin.call('POST', '/admin/users/lookup', { emails: [], ids: [] })).toMatchObject(
        refused(400, 'INVALID_INPUT'),
      );
      const many = Array.from({ length: 201 }, (_, i) => `m${i}@example.com`);
      expect(await admin.call('POST', '/admin/users/lookup', { emails: many })).toMatchObject(
        refused(400, 'INVALID_INPUT'),
      );
      expect(await admin.call('POST', '/admin/users/lookup', { ids: ['x'] })).toMatchObject(
        refused(400, 'INVALID_INPUT', 'ids'),
      );
    });
  });

  describe('roles', () => {
    it('are set whole, all or nothing, and hold at once', async () => {
      const { id, at, email } = await newUser();
      const person = await signIn(email);
      expect(await setRoles(id, 'base_user', 'seller', 'buyer')).toMatchObject({ status: 200 });
      const held = ((await admin.call('GET', `${at}/roles`)).body as { roles: { code: string }[] }).roles;
      expect(held.map(({ code }) => code).toSorted()).toEqual(['base_user', 'buyer', 'seller']);
      // D4: what is out ends; a refresh tells the new roles.
      expect(await person.call('GET', '/auth/me')).toMatchObject(refused(401, 'TOKEN_REVOKED'));
      const { refresh_token } = person.tokens;
      const next = await rw3issCaller(server)('POST', '/auth/refresh', { refresh_token });
      const { access_token } = next.body as { access_token: string };
      expect((claimsIn(access_token).roles as string[]).toSorted()).toEqual(['base_user', 'buyer', 'seller']);
      expect(await setRoles(id, 'buyer', 'no_such_role')).toMatchObject(refused(400, 'INVALID_INPUT', 'role_codes'));
      expect(await setRoles(id, 'buyer', 'org_admin')).toMatchObject(refused(400, 'VALIDATION_ERROR'));
      expect((await admin.call('GET', `${at}/roles`)).body).toMatchObject({ roles: { length: 3 } });
      expect((await setRoles(id)).status).toBe(200);
      expect((await admin.call('GET', `${at}/roles`)).body).toEqual({ roles: [] });
      expect(await setRoles(NOBODY, 'buyer')).toMatchObject(refused(404, 'USER_NOT_FOUND'));
      expect((await admin.call('GET', `/admin/users/${NOBODY}/roles`)).body).toEqual({ roles: [] });
      expect(await admin.call('GET', '/admin/users/me/roles')).toMatchObject(refused(400, 'INVALID_INPUT', 'userId'));
    });

    it('never leave the tenant without a system administrator', async () => {
      expect(await setRoles(admin.id)).toMatchObject(refused(409, 'CONFLICT'));
      expect((await admin.call('GET', `/admin/users/${admin.id}/roles`)).body).toMatchObject({
        roles: [{ code: 'system_admin', level: 0, type: 'system', is_org_role: false }],
      });
    });

    it('of a super_admin open the guide’s doors, and none that lead above', async () => {
      const { id, email } = await newUser();
      await setRoles(id, 'super_admin');
      const lower = await signIn(email);
      const other = await newUser();
      expect((await lower.call('GET', '/admin/users')).status).toBe(200);
      const rise = (target: string, ...role_codes: string[]) =>
        lower.call('PUT', `/admin/users/${target}/roles`, { role_codes });
      expect((await rise(other.id, 'seller')).status).toBe(200);
      const { body: native } = await server.api('GET', '/roles?limit=100&namespace=default');
      const roles = (native as { roles: { id: string; code: string }[] }).roles;
      const topId = roles.find(({ code }) => code === 'system_admin')?.id as string;
      for (const spelling of ['system_admin', 'System_Admin', topId])
        expect(await rise(id, spelling), spelling).toMatchObject(refused(403, 'FORBIDDEN'));
      expect(await setRoles(other.id, 'ORG_ADMIN')).toMatchObject(refused(400, 'VALIDATION_ERROR'));
      expect(await rise(other.id, 'system_admin')).toMatchObject(refused(403, 'FORBIDDEN'));
      expect(await rise(admin.id)).toMatchObject(refused(403, 'FORBIDDEN'));
      expect(
        await lower.call('POST', '/auth/admin/set-password', { user_id: admin.id, new_password: PASSWORD }),
      ).toMatchObject(refused(403, 'FORBIDDEN'));
      expect(await lower.call('POST', `/admin/users/${admin.id}/impersonate`, { reason: 'rise' })).toMatchObject(
        refused(403, 'FORBIDDEN'),
      );
      const session = claimsIn(admin.tokens.access_token).session_id as string;
      for (const [verb, path] of [
        ['DELETE', `/admin/users/${admin.id}/sessions/${session}`],
        ['POST', `/admin/users/${admin.id}/revoke-sessions`],
      ] as const)
        expect(await lower.call(verb, path), path).toMatchObject(refused(403, 'FORBIDDEN'));
      expect((await admin.call('GET', '/auth/me')).status).toBe(200);
      expect(await lower.call('DELETE', `/admin/users/${other.id}/hard`, { reason: 'no' })).toMatchObject(
        refused(403, 'INSUFFICIENT_PERMISSIONS'),
      );
    });

    it('of other namespaces are none of this door’s', async () => {
      const { id, at, native } = await newUser();
      const made = await server.api('POST', '/roles', { code: `ed-${kind}`, namespace: 'crm' });
      const crm = (made.body as { id: string }).id;
      await server.api('PUT', `/roles/${crm}/members/${native}`);
      await setRoles(id, 'seller');
      expect((await admin.call('GET', `${at}/roles`)).body).toMatchObject({ roles: [{ code: 'seller' }] });
      const events = (await eventsOn(native, 'user.roles_changed')).length;
      expect((await setRoles(id, 'seller')).status).toBe(200);
      expect((await eventsOn(native, 'user.roles_changed')).length).toBe(events);
      expect(await setRoles(id, crm)).toMatchObject(refused(400, 'VALIDATION_ERROR'));
      await setRoles(id);
      const { body } = await server.api('GET', `/users/${native}/roles`);
      expect(body).toMatchObject({ roles: [{ id: crm }] });
    });

    it('are given by their ids too, and end the sessions where that is asked', async () => {
      const { id, email } = await newUser();
      const person = await signIn(email);
      const [held] = ((await setRoles(id, 'seller')).body as { roles: { id: string }[] }).roles;
      const body = { role_ids: [held?.id], revoke_sessions: true };
      expect(await admin.call('PUT', `/admin/users/${id}/roles`, body)).toMatchObject({
        status: 200,
        body: { roles: [{ code: 'seller' }], sessions_revoked: true },
      });
      const { refresh_token } = person.tokens;
      expect((await rw3issCaller(server)('POST', '/auth/refresh', { refresh_token })).status).toBe(401);
      expect(await admin.call('PUT', `/admin/users/${id}/roles`, {})).toMatchObject(refused(400, 'INVALID_INPUT'));
    });

    it('that change while a request is under way leave it whole', async () => {
      const { id, email } = await newUser();
      await setRoles(id, 'super_admin');
      const person = await signIn(email);
      const answers = await Promise.all([
        setRoles(id, 'base_user'),
        ...Array.from({ length: 10 }, () => person.call('GET', '/admin/users?page_size=1')),
      ]);
      expect(answers[0]).toMatchObject({ status: 200 });
      // Before the change; after it, by the token of before; or with the token still standing and the role gone.
      for (const { status } of answers.slice(1)) expect([200, 401, 403]).toContain(status);
      expect((await person.call('GET', '/admin/users')).status).toBe(401);
    });
  });

  describe('passwords', () => {
    it('are set by an administrator, kept by the rule, and leave sessions alive', async () => {
      const { id, email, native } = await newUser();
      const person = await signIn(email);
      const set = (user_id: string, new_password: string) =>
        admin.call('POST', '/auth/admin/set-password', { user_id, new_password });
      for (const weak of ['Short1', 'nouppercase1', 'NOLOWERCASE1', 'NoDigitsHere'])
        expect(await set(id, weak), weak).toMatchObject(refused(400, 'VALIDATION_ERROR'));
      expect(await set('', '')).toMatchObject(refused(400, 'INVALID_INPUT', 'body'));
      expect(await set('x', 'Another-pass-2')).toMatchObject(refused(400, 'INVALID_INPUT', 'user_id'));
      expect(await set(NOBODY, 'Another-pass-2')).toMatchObject(refused(404, 'USER_NOT_FOUND'));
      expect((await set(id, 'Another-pass-2')).body).toEqual({ success: true });
      expect((await person.call('GET', '/auth/me')).status).toBe(200);
      await expect(signIn(email)).rejects.toThrow('401');
      expect((await signIn(email, { password: 'Another-pass-2' })).id).toBe(id);
      expect(await eventsOn(native, 'user.password_changed')).toHaveLength(1);
    });
  });

  describe('sessions', () => {
    it('are listed, ended one by one, and all together', async () => {
      const { at, email } = await newUser();
      const [first, second] = [await signIn(email), await signIn(email)];
      const listed = (await admin.call('GET', `${at}/sessions`)).body as { id: string }[];
      expect(listed).toHaveLength(2);
      const ofFirst = claimsIn(first.tokens.access_token).session_id as string;
      expect(listed.map(({ id }) => id)).toContain(ofFirst);
      const other = await newUser();
      expect(await admin.call('DELETE', `${other.at}/sessions/${ofFirst}`)).toMatchObject(refused(403, 'FORBIDDEN'));
      expect(await admin.call('DELETE', `${at}/sessions/${NOBODY}`)).toMatchObject(refused(404, 'NOT_FOUND'));
      expect(await admin.call('DELETE', `${at}/sessions/x`)).toMatchObject(refused(400, 'INVALID_INPUT', 'sessionId'));
      for (let i = 0; i < 2; i++)
        expect((await admin.call('DELETE', `${at}/sessions/${ofFirst}`)).body).toEqual({ success: true });
      expect((await first.call('GET', '/auth/me')).status).toBe(401);
      expect((await second.call('GET', '/auth/me')).status).toBe(200);
      expect((await admin.call('POST', `${at}/revoke-sessions`)).body).toEqual({ success: true });
      expect((await second.call('GET', '/auth/me')).status).toBe(401);
      expect((await admin.call('GET', `${at}/sessions`)).body).toEqual([]);
      expect((await admin.call('POST', `/admin/users/${NOBODY}/revoke-sessions`)).status).toBe(200);
    });
  });

  describe('impersonation', () => {
    const act = (by: Rw3issPerson, id: string, reason: unknown = 'support case') =>
      by.call('POST', `/admin/users/${id}/impersonate`, { reason });

    it('makes the caller the target, with a stamp that stays, and tells both in every event', async () => {
      const { id, native, email } = await newUser();
      const answer = await act(admin, id);
      expect(answer).toMatchObject({ status: 200, body: { user: { id, email } } });
      const { tokens } = answer.body as { tokens: Rw3issPerson['tokens'] };
      const stamp = { uid: id, imp_uid: admin.id, imp_email: expect.stringContaining('@') };
      expect(claimsIn(tokens.access_token)).toMatchObject(stamp);
      const { refresh_token } = tokens;
      const next = (await rw3issCaller(server)('POST', '/auth/refresh', { refresh_token })).body as typeof tokens;
      expect(claimsIn(next.access_token)).toMatchObject(stamp);
      const target = rw3issCaller(server, next.access_token);
      expect(await target('GET', '/auth/me')).toMatchObject({ status: 200, body: { user_id: id } });
      expect(await target('GET', '/admin/users')).toMatchObject({
        status: 403,
        body: { error: { message: expect.stringContaining('sign in again as yourself') } },
      });
      const { uuidOf } = await import('@reeve/core');
      for (const type of ['user.impersonation_started', 'token.issued']) {
        const [event] = await eventsOn(native, type);
        const actor = event?.actor as { id: string; impersonator_id: string };
        expect([actor.id, uuidOf(actor.impersonator_id)], type).toEqual([native, admin.id]);
      }
      expect((await eventsOn(native, 'user.impersonation_started'))[0]?.data).toMatchObject({ reason: 'support case' });
    });

    it('refuses self, chains, no reason, the unknown, the suspended, and who is no administrator', async () => {
      const { id, email } = await newUser();
      expect(await act(admin, admin.id)).toMatchObject(refused(400, 'INVALID_INPUT', 'user_id'));
      expect(await act(admin, id, '')).toMatchObject(refused(400, 'INVALID_INPUT', 'reason'));
      expect(await act(admin, NOBODY)).toMatchObject(refused(404, 'USER_NOT_FOUND'));
      expect(await act(await signIn(email), (await newUser()).id)).toMatchObject(refused(403, 'FORBIDDEN'));
      const suspended = await newUser();
      await server.api('POST', `/users/${suspended.native}/disable`);
      expect(await act(admin, suspended.id)).toMatchObject(refused(403, 'USER_SUSPENDED'));
      const second = await newUser();
      await setRoles(second.id, 'super_admin');
      const acting = (await act(admin, second.id)).body as { tokens: Rw3issPerson['tokens'] };
      const chained = { ...admin, call: rw3issCaller(server, acting.tokens.access_token) };
      expect(await act(chained, id)).toMatchObject(refused(403, 'FORBIDDEN'));
    });

    it('is the right of who administers an organization, over its members, in its context', async () => {
      const [boss, member, outsider] = [await newUser(), await newUser(), await newUser()];
      const made = await server.api('POST', '/organizations', { name: `boss-${kind}` });
      const organization = (made.body as { id: string }).id;
      const join = (native: string, ...roles: string[]) =>
        server.api('PUT', `/organizations/${organization}/members/${native}`, { roles });
      await join(boss.native, 'org_admin');
      await join(member.native, 'org_member');
      const { uuidOf } = await import('@reeve/core');
      const organization_id = uuidOf(organization);
      expect(await act(await signIn(boss.email), member.id)).toMatchObject(refused(403, 'FORBIDDEN'));
      const inside = await signIn(boss.email, { organization_id });
      expect(claimsIn(inside.tokens.access_token)).toMatchObject({ org_id: organization_id, roles: ['org_admin'] });
      expect(await act(inside, outsider.id)).toMatchObject(refused(403, 'FORBIDDEN'));
      expect(await act(inside, admin.id)).toMatchObject(refused(403, 'FORBIDDEN'));
      expect((await act(inside, member.id)).status).toBe(200);
      await expect(signIn(outsider.email, { organization_id })).rejects.toThrow('NOT_ORGANIZATION_MEMBER');

      // In another organization of the member's the boss has no business.
      const elsewhere = await server.api('POST', '/organizations', { name: `else-${kind}` });
      const other = (elsewhere.body as { id: string }).id;
      await server.api('PUT', `/organizations/${other}/members/${member.native}`, { roles: ['org_admin'] });
      const acting = (await act(await signIn(boss.email, { organization_id }), member.id)).body as {
        tokens: Rw3issPerson['tokens'];
      };
      const { refresh_token } = acting.tokens;
      const on = (more: object) => rw3issCaller(server)('POST', '/auth/refresh', { refresh_token, ...more });
      expect(await on({ organization_id: uuidOf(other) })).toMatchObject(refused(403, 'FORBIDDEN'));
      await server.api('PUT', `/organizations/${organization}/members/${boss.native}`, { roles: ['org_member'] });
      expect(await on({})).toMatchObject(refused(401, 'TOKEN_INVALID'));
    });

    it('ends with what it rests on: the rank, the state and the account of who acts and of the target', async () => {
      const { native: boss, id: bossId, email } = await newUser();
      const begin = async () => {
        await setRoles(bossId, 'super_admin');
        const target = await newUser();
        const { body } = await act(await signIn(email), target.id);
        const { tokens } = body as { tokens: Rw3issPerson['tokens'] };
        const { access_token, refresh_token } = tokens;
        expect((await rw3issCaller(server, access_token)('GET', '/auth/me')).status).toBe(200);
        const ended = async () => {
          expect((await rw3issCaller(server, access_token)('GET', '/auth/me')).status).toBe(401);
          const next = await rw3issCaller(server)('POST', '/auth/refresh', { refresh_token });
          expect(next).toMatchObject(refused(401, 'TOKEN_INVALID'));
        };
        return { target, ended };
      };
      const raised = await begin();
      await setRoles(raised.target.id, 'system_admin');
      await raised.ended();
      const demoted = await begin();
      await setRoles(bossId);
      await demoted.ended();
      const disabled = await begin();
      await server.api('POST', `/users/${boss}/disable`);
      await disabled.ended();
      await server.api('POST', `/users/${boss}/enable`);
      const erased = await begin();
      expect((await admin.call('DELETE', `/admin/users/${bossId}/hard`, { reason: 'x' })).status).toBe(204);
      await erased.ended();
    });
  });

  describe('erasure', () => {
    const erase = (id: string, reason: unknown = 'asked by the person') =>
      admin.call('DELETE', `/admin/users/${id}/hard`, { reason });

    it('takes the person and all that hung on them, and leaves an event with the reason', async () => {
      const { id, native, email, at } = await newUser();
      const person = await signIn(email);
      await setRoles(id, 'seller');
      expect(await erase(id, ' ')).toMatchObject(refused(400, 'INVALID_INPUT', 'reason'));
      expect((await erase(id)).status).toBe(204);
      expect((await person.call('GET', '/auth/me')).status).toBe(401);
      expect((await admin.call('GET', `${at}/sessions`)).body).toEqual([]);
      expect(await erase(id)).toMatchObject(refused(404, 'USER_NOT_FOUND'));
      expect(await eventsOn(native, 'user.erased')).toMatchObject([{ data: { reason: 'asked by the person' } }]);
      const again = await server.api('POST', '/users', { email, email_verified: true });
      expect(again.status).toBe(201);
    });

    it('refuses oneself, and who owns an organization', async () => {
      expect(await erase(admin.id)).toMatchObject(refused(400, 'INVALID_INPUT', 'user_id'));
      const owner = await newUser();
      await server.api('POST', '/organizations', { name: `owned-${kind}`, owner_id: owner.native });
      expect(await erase(owner.id)).toMatchObject(refused(409, 'CONFLICT'));
      expect((await signIn(owner.email)).id).toBe(owner.id);
    });
  });

  describe('pools', () => {
    const pool = `partner-${kind}`;
    it('are made when they are named, moved to, tagged, and counted', async () => {
      const { at, email } = await newUser();
      expect((await admin.call('GET', `${at}/namespaces`)).body).toEqual({ namespace: 'default', namespaces: [] });
      expect((await admin.call('POST', `${at}/namespaces`, { namespace: ` ${pool.toUpperCase()} ` })).status).toBe(204);
      expect((await admin.call('POST', `${at}/namespaces`, { namespace: pool })).status).toBe(204);
      expect((await admin.call('GET', `${at}/namespaces`)).body).toEqual({ namespace: 'default', namespaces: [pool] });
      const rowOf = async (name: string) =>
        (
          (await admin.call('GET', '/admin/namespaces')).body as { namespaces: { namespace: string }[] }
        ).namespaces.find(({ namespace }) => namespace === name);
      expect(await rowOf(pool)).toEqual({ namespace: pool, user_count: 1, home_count: 0, tag_count: 1, app_codes: [] });
      expect((await admin.call('PUT', `${at}/namespace`, { namespace: pool })).status).toBe(204);
      // The tag that is the home now goes; the old home becomes none.
      expect((await admin.call('GET', `${at}/namespaces`)).body).toEqual({ namespace: pool, namespaces: [] });
      expect(await rowOf(pool)).toMatchObject({ user_count: 1, home_count: 1, tag_count: 0 });
      expect(await admin.call('POST', `${at}/namespaces`, { namespace: pool })).toMatchObject(
        refused(400, 'INVALID_INPUT', 'namespace'),
      );
      expect(await admin.call('DELETE', `${at}/namespaces/${pool}`)).toMatchObject(refused(400, 'INVALID_INPUT'));
      for (const bad of ['', 'x/y z', 'é', 'n'.repeat(101)])
        expect(await admin.call('POST', `${at}/namespaces`, { namespace: bad }), bad).toMatchObject(
          refused(400, 'INVALID_INPUT', 'namespace'),
        );
      // The console looks in the default pool only.
      await expect(signIn(email)).rejects.toThrow('INVALID_CREDENTIALS');
      expect((await admin.call('PUT', `${at}/namespace`, { namespace: '' })).status).toBe(204);
      expect((await admin.call('GET', `${at}/namespaces`)).body).toEqual({ namespace: 'default', namespaces: [] });
      expect(await admin.call('GET', `/admin/users/${NOBODY}/namespaces`)).toMatchObject(
        refused(404, 'USER_NOT_FOUND'),
      );
    });

    it('keep an address once: a move that clashes moves nothing', async () => {
      const one = await newUser();
      expect((await admin.call('PUT', `${one.at}/namespace`, { namespace: pool })).status).toBe(204);
      const two = await server.api('POST', '/users', { email: one.email, email_verified: true });
      expect(two.status).toBe(201);
      expect(await admin.call('PUT', `${one.at}/namespace`, { namespace: 'default' })).toMatchObject(
        refused(409, 'CONFLICT'),
      );
      expect((await admin.call('GET', `${one.at}/namespaces`)).body).toMatchObject({ namespace: pool });
    });

    it('of an application are where it looks for people, by home or tag', async () => {
      const [home, tagged] = [await newUser(), await newUser()];
      const code = `pooled-${kind}`;
      const made = await admin.call('POST', '/admin/apps', {
        code,
        name: 'Pooled',
        auto_grant_on_signup: true,
        registration_namespaces: [`reg-${kind}`],
        read_namespaces: [pool],
      });
      expect(made, JSON.stringify(made.body)).toMatchObject({
        status: 201,
        body: { code, registration_namespaces: [`reg-${kind}`], read_namespaces: [pool], status: 'active' },
      });
      const login = (email: string) => signIn(email, { app_code: code });
      await expect(login(home.email)).rejects.toThrow('INVALID_CREDENTIALS');
      await admin.call('PUT', `${home.at}/namespace`, { namespace: pool });
      await admin.call('POST', `${tagged.at}/namespaces`, { namespace: pool });
      expect(claimsIn((await login(home.email)).tokens.access_token)).toMatchObject({
        namespace: pool,
        app_code: code,
      });
      expect((await login(tagged.email)).id).toBe(tagged.id);
      // Who comes in belongs to the application's other pools from then on.
      expect((await admin.call('GET', `${home.at}/namespaces`)).body).toMatchObject({ namespaces: [`reg-${kind}`] });
      expect((await admin.call('GET', `${home.at}/apps`)).body).toMatchObject({ apps: [{ code }] });
      await admin.call('PATCH', `/admin/apps/${(made.body as { id: string }).id}`, { status: 'paused' });
      await expect(login(home.email)).rejects.toThrow('VALIDATION_ERROR');
    });
  });

  describe('applications', () => {
    it('are made, read, changed and deleted', async () => {
      const code = `crud-${kind}`;
      const made = await admin.call('POST', '/admin/apps', {
        code,
        name: 'Crud',
        frontend_url: 'https://crud.example',
      });
      expect(made).toMatchObject({
        status: 201,
        body: { code, name: 'Crud', service_codes: [code], auto_grant_on_signup: false, status: 'active' },
      });
      const { id } = made.body as { id: string };
      expect((await admin.call('GET', `/admin/apps/${id}`)).body).toEqual(made.body);
      const changed = await admin.call('PATCH', `/admin/apps/${id}`, { name: 'Crud 2', frontend_url: '' });
      expect(changed.body).toMatchObject({ name: 'Crud 2' });
      expect(changed.body).not.toHaveProperty('frontend_url');
      const { idOfUuid } = await import('@reeve/core');
      expect((await admin.call('PATCH', `/admin/apps/${id}`, { name: 'Crud 2' })).status).toBe(200);
      // One change, one event; the same again is none.
      expect(await eventsOn(idOfUuid('app', id), 'application.updated')).toHaveLength(1);
      expect((await rw3issCaller(server)('GET', `/apps/${code}/registration-policy`)).body).toEqual({
        code,
        name: 'Crud 2',
        allowed_email_domains: [],
        allowed_auth_methods: [],
        has_default_organization: false,
      });
      expect(await admin.call('POST', '/admin/apps', { code, name: 'Again' })).toMatchObject(refused(409, 'CONFLICT'));
      expect(await admin.call('POST', '/admin/apps', { code: ' ', name: 'N' })).toMatchObject(
        refused(400, 'INVALID_INPUT', 'code'),
      );
      expect(await admin.call('PATCH', `/admin/apps/${id}`, { frontend_url: 'ftp://x' })).toMatchObject(
        refused(400, 'INVALID_INPUT', 'frontend_url'),
      );
      expect((await admin.call('DELETE', `/admin/apps/${id}`)).status).toBe(204);
      expect(await admin.call('GET', `/admin/apps/${id}`)).toMatchObject({
        status: 404,
        body: { error: { code: 'NOT_FOUND', message: `No application has the id "${id}".` } },
      });
      expect(await admin.call('POST', `/admin/users/${admin.id}/apps/${id}`)).toMatchObject(refused(404, 'NOT_FOUND'));
      expect((await admin.call('DELETE', `/admin/users/${admin.id}/apps/${id}`)).status).toBe(204);
    });
  });
});
