/** The back-office: people, roles, sessions, applications, pools, acting as somebody, erasure, the log. */
import { expect } from 'vitest';
import {
  ConflictError,
  ForbiddenError,
  NotFoundError,
  UnauthenticatedError,
  ValidationError,
} from '../../client/index.ts';
import { scenario } from '../scenario.ts';
import { login, PASSWORD } from '../world.ts';

const codesOf = (roles: readonly { readonly code: string }[]) => roles.map(({ code }) => code).toSorted();

export const administration = [
  scenario('people are listed and looked up', ['users.list', 'users.lookup'], async ({ world, called, admin }) => {
    const word = world.unique('Listed');
    const people = [];
    for (let i = 0; i < 3; i++) people.push(await world.person(called, admin, { given_name: word }));
    const ids = people.map(({ id }) => id);
    const found = await admin.users.list({ search: word.toLowerCase() });
    expect(found.total).toBe(3);
    expect(found.users.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(await admin.users.list({ search: word, page: 2, pageSize: 2 })).toMatchObject({
      total: 3,
      users: [{ id: ids[0] }],
    });
    const users = await admin.users.lookup({ emails: [people[1]?.email as string], ids: [ids[2] as string] });
    expect(users.map(({ id }) => id).toSorted()).toEqual(ids.slice(1).toSorted());
    await expect(admin.users.lookup({})).rejects.toBeInstanceOf(ValidationError);
    const person = await world.signedIn(called, { email: people[0]?.email as string });
    await expect(person.users.list()).rejects.toMatchObject({ serverCode: 'INSUFFICIENT_PERMISSIONS' });
  }),
  scenario(
    'roles are set, and hold at once',
    ['users.listRoles', 'users.setRoles'],
    async ({ world, called, admin }) => {
      const { id, email } = await world.person(called, admin);
      const person = await world.signedIn(called, { email });
      await admin.users.setRoles(id, ['base_user', 'seller']);
      expect(codesOf(await admin.users.listRoles(id))).toEqual(['base_user', 'seller']);
      await expect(person.sessions.list()).rejects.toBeInstanceOf(UnauthenticatedError);
      // A refresh brings the new roles.
      expect((await person.auth.whoami()).id).toBe(id);
      expect(person.auth.getClaims()).toMatchObject({ roles: expect.arrayContaining(['base_user', 'seller']) });
      await expect(admin.users.setRoles(id, ['buyer', 'nonsense'])).rejects.toBeInstanceOf(ValidationError);
      expect(codesOf(await admin.users.listRoles(id))).toEqual(['base_user', 'seller']);
      await expect(admin.users.setRoles(admin.auth.getClaims()?.uid as string, [])).rejects.toBeInstanceOf(
        ConflictError,
      );
    },
  ),
  scenario(
    'sessions of somebody are listed and ended',
    ['users.listSessions', 'users.terminateSession', 'users.revokeSessions'],
    async ({ world, called, admin }) => {
      const { id, email } = await world.person(called, admin);
      const [first, second] = [await world.signedIn(called, { email }), await world.signedIn(called, { email })];
      const session = first.auth.getClaims()?.session_id as string;
      expect((await admin.users.listSessions(id)).map((each) => each.id)).toContain(session);
      await admin.users.terminateSession(id, session);
      await expect(first.auth.whoami()).rejects.toBeInstanceOf(UnauthenticatedError);
      await second.auth.whoami();
      await admin.users.revokeSessions(id);
      await expect(second.auth.whoami()).rejects.toBeInstanceOf(UnauthenticatedError);
      expect(await admin.users.listSessions(id)).toEqual([]);
    },
  ),
  scenario(
    'a password is set, and a lockout lifted',
    ['users.setPassword', 'users.resetLockout'],
    async ({ world, called, admin }) => {
      const { id, email } = await world.person(called, admin);
      await expect(admin.users.setPassword(id, 'weak')).rejects.toBeInstanceOf(ValidationError);
      await admin.users.setPassword(id, 'Another-pass-2');
      await expect(world.signedIn(called, { email })).rejects.toBeInstanceOf(UnauthenticatedError);
      const client = world.client(called);
      for (let i = 0; i < 7; i++)
        await expect(client.auth.login({ email, password: 'wrong' })).rejects.toThrow(/wrong|locked/i);
      await expect(client.auth.login({ email, password: 'Another-pass-2' })).rejects.toMatchObject({
        serverCode: 'USER_SUSPENDED',
      });
      await admin.users.resetLockout(id);
      expect((await login(client, { email, password: 'Another-pass-2' })).user.id).toBe(id);
    },
  ),
  scenario('acting as somebody', ['users.impersonate'], async ({ world, called, admin }) => {
    const { id } = await world.person(called, admin);
    const client = await world.signedIn(called);
    const own = client.auth.getClaims()?.uid;
    await expect(client.users.impersonate({ targetUserId: id, reason: '' })).rejects.toBeInstanceOf(ValidationError);
    expect((await client.users.impersonate({ targetUserId: id, reason: 'a support case' })).user.id).toBe(id);
    expect(client.auth.isImpersonating()).toBe(true);
    expect(client.auth.getClaims()).toMatchObject({ uid: id, imp_uid: own });
    await client.auth.refresh();
    expect(client.auth.isImpersonating()).toBe(true);
    // D23: as the target, nothing of the administrator's is left.
    await expect(client.users.hardDelete({ userId: id, reason: 'x' })).rejects.toThrow('sign in again as yourself');
    const { entries } = await admin.audit.list({ action: 'user.impersonation_started' });
    expect(entries[0]).toMatchObject({ details: { reason: 'a support case' } });
  }),
  scenario('erasure', ['users.hardDelete'], async ({ world, called, admin }) => {
    const { id, email } = await world.person(called, admin);
    const person = await world.signedIn(called, { email });
    await expect(admin.users.hardDelete({ userId: id, reason: ' ' })).rejects.toBeInstanceOf(ValidationError);
    await admin.users.hardDelete({ userId: id, reason: 'asked for it' });
    await expect(person.auth.whoami()).rejects.toBeInstanceOf(UnauthenticatedError);
    expect(await admin.users.lookup({ ids: [id] })).toEqual([]);
    await expect(admin.users.hardDelete({ userId: id, reason: 'again' })).rejects.toBeInstanceOf(NotFoundError);
    const { entries } = await admin.audit.list({ action: 'user.hard_deleted' });
    expect(entries[0]).toMatchObject({ details: { reason: 'asked for it' } });
  }),
  scenario(
    'applications, and who may use them',
    [
      'apps.list',
      'apps.get',
      'apps.create',
      'apps.update',
      'apps.delete',
      'apps.listForUser',
      'apps.grantUser',
      'apps.revokeUser',
    ],
    async ({ world, called, admin }) => {
      const { id, email } = await world.person(called, admin);
      const code = world.unique('app');
      const app = await admin.apps.create({ code, name: 'App' });
      expect(await admin.apps.get(app.id)).toEqual(app);
      expect((await admin.apps.list()).map((each) => each.code)).toContain(code);
      expect(await admin.apps.update(app.id, { name: 'Renamed' })).toMatchObject({ code, name: 'Renamed' });
      const enter = () => world.signedIn(called, { email, appCode: code });
      await expect(enter()).rejects.toBeInstanceOf(ForbiddenError);
      await admin.apps.grantUser(id, app.id);
      expect(await admin.apps.listForUser(id)).toMatchObject([{ id: app.id }]);
      const person = await enter();
      expect(person.auth.getClaims()).toMatchObject({ app_code: code, app_id: app.id });
      await admin.apps.revokeUser(id, app.id);
      expect(await admin.apps.listForUser(id)).toEqual([]);
      await expect(person.auth.refresh()).rejects.toBeInstanceOf(ForbiddenError);
      await admin.apps.delete(app.id);
      await expect(admin.apps.get(app.id)).rejects.toBeInstanceOf(NotFoundError);
    },
  ),
  scenario(
    'pools',
    ['pools.list', 'pools.getForUser', 'pools.setUserHome', 'pools.addUser', 'pools.removeUser'],
    async ({ world, called, admin }) => {
      const { id, email } = await world.person(called, admin);
      const [home, tag] = [world.unique('home'), world.unique('tag')];
      await admin.pools.addUser(id, tag);
      await admin.pools.setUserHome(id, home);
      expect(await admin.pools.getForUser(id)).toEqual({ namespace: home, namespaces: [tag] });
      const counted = (await admin.pools.list()).filter(({ namespace }) => [home, tag].includes(namespace));
      expect(counted).toMatchObject([
        { namespace: home, user_count: 1, home_count: 1, tag_count: 0 },
        { namespace: tag, user_count: 1, home_count: 0, tag_count: 1 },
      ]);
      const twin = await world.server.api('POST', '/users', { email, email_verified: true, password: PASSWORD });
      expect(twin.status).toBe(201);
      await expect(admin.pools.setUserHome(id, 'default')).rejects.toBeInstanceOf(ConflictError);
      await admin.pools.removeUser(id, tag);
      expect(await admin.pools.getForUser(id)).toEqual({ namespace: home, namespaces: [] });
      await expect(admin.pools.removeUser(id, home)).rejects.toBeInstanceOf(ValidationError);
    },
  ),
  scenario(
    'services',
    ['services.list', 'services.get', 'services.create', 'services.revoke'],
    async ({ world, admin }) => {
      const client_id = world.unique('service-');
      const { client, client_secret } = await admin.services.create({ client_id, name: 'Service' });
      expect(client_secret).toMatch(/\S{16}/);
      expect(await admin.services.get(client.id)).toMatchObject({ client_id, status: 'active' });
      expect((await admin.services.list()).map((each) => each.id)).toContain(client.id);
      await admin.services.revoke(client.id);
      expect(await admin.services.get(client.id)).toMatchObject({ status: 'disabled' });
      expect((await admin.services.list()).map((each) => each.id)).not.toContain(client.id);
    },
  ),
  scenario('the audit log', ['audit.list'], async ({ world, called, admin }) => {
    const { id, email } = await world.person(called, admin);
    await world.signedIn(called, { email });
    const { entries, total } = await admin.audit.list({ action: 'login.success', userId: id });
    expect(total).toBe(1);
    expect(entries).toMatchObject([{ action: 'login.success', user_id: id }]);
    expect((await admin.audit.list({ pageSize: 2 })).entries).toHaveLength(2);
  }),
];
