/** Every method of the contract against the real server, judged by its effect. A row without a check fails. */
import { readFileSync } from 'node:fs';
import {
  bootServer,
  CLIENT_ID,
  CLIENT_SECRET,
  databaseKinds,
  type OAuthResponse,
  postForm,
  readMail,
  refreshWith,
  signInWith,
  submitForm,
  type TestServer,
  withBearer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditEvent, IntelliAuthApiError, IntelliAuthManagement, type User } from './index.ts';

interface Ground {
  readonly server: TestServer;
  readonly client: IntelliAuthManagement;
  /** Requests that the client made, as `METHOD path`. */
  readonly sent: string[];
}
type Check = (ground: Ground) => Promise<void>;

const PASSWORD = 'a good long password';
const both = (password: string) => ({ password, password_again: password });
const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
let count = 0;
const newEmail = () => `method-${++count}@example.test`;

const person = ({ client }: Ground, more: object = {}): Promise<User & { email: string }> =>
  client.users.create({ email: newEmail(), password: PASSWORD, email_verified: true, ...more }) as never;
const signIn = ({ server }: Ground, { email }: Pick<User, 'email'>, password = PASSWORD): Promise<OAuthResponse> =>
  signInWith(server, { username: email as string, password, scope: 'openid offline_access' });
const expectRefused = async (answer: Promise<OAuthResponse>, code: string) =>
  expect((await answer).body).toMatchObject({ error: 'invalid_grant', code });
const isAlive = async ({ server }: Ground, { body }: OAuthResponse) =>
  (await withBearer(server, body.access_token, '/userinfo')).status === 200;
const expectFailure = (call: Promise<unknown>, status: number, code: string) =>
  expect(call).rejects.toMatchObject({
    constructor: IntelliAuthApiError,
    status,
    code,
    request_id: expect.any(String),
  });
const mailsTo = async ({ server }: Ground, email: string) => {
  const { body } = await server.api('GET', '/mails?limit=100');
  return (body as { mails: { to: string; template: string }[] }).mails.filter(({ to }) => to === email);
};
/** The newest event of this type about a thing. */
const newestAbout = async ({ client }: Ground, type: AuditEvent['event_type'], target: string) =>
  (await client.audit.list({ event_types: [type], target, limit: 1 })).events[0];
const application = async ({ server }: Ground) => {
  const body = { name: `App ${++count}`, type: 'machine_to_machine', scopes: ['users:read'] };
  const made = await server.api('POST', '/applications', body);
  return made.body as { id: string; client_id: string; client_secret: string };
};
const tokenOf = ({ server }: Ground, client_id: string, client_secret: string) =>
  postForm(server, '/oauth/token', { grant_type: 'client_credentials', client_id, client_secret });
const tokenRequests = ({ sent }: Ground) => sent.filter((line) => line === 'POST /oauth/token').length;

const users: Record<string, Check> = {
  async 'users.list'(ground) {
    const { client } = ground;
    const [first, second] = [
      await person(ground, { name: 'Lister Één' }),
      await person(ground, { name: 'LISTER Twee' }),
    ];
    const page = await client.users.list({ search: 'lister', limit: 1 });
    expect(page).toEqual({ users: [second], next_cursor: expect.any(String) });
    const last = await client.users.list({ search: 'lister', limit: 1, cursor: page.next_cursor as string });
    expect(last).toEqual({ users: [first], next_cursor: null });
  },
  async 'users.create'(ground) {
    const { client } = ground;
    const email = newEmail();
    const user = await client.users.create({ email, name: 'Ann', password: PASSWORD });
    expect(user).toMatchObject({ email, name: 'Ann', email_verified: false, has_password: true });
    expect(user.id.slice(0, 4)).toBe('usr_');
    expect(user.id.slice(4)).toMatch(ULID);
    expect((await submitForm((await readMail(ground.server, email)).link)).status).toBe(200);
    expect(await client.users.get(user.id)).toMatchObject({ email_verified: true });
    expect((await signIn(ground, user)).status).toBe(200);

    const verified = await person(ground);
    expect(verified.email_verified).toBe(true);
    expect(await mailsTo(ground, verified.email)).toEqual([]);
    const forced = await person(ground, { password_must_be_reset: true });
    await expectRefused(signIn(ground, forced), 'password_must_be_reset');
    const bare = await client.users.create({ email: newEmail() });
    expect(bare.has_password).toBe(false);
    await expectRefused(signIn(ground, bare), 'invalid_credentials');
    await expectFailure(client.users.create({ email }), 409, 'email_taken');
  },
  async 'users.get'(ground) {
    const user = await person(ground);
    expect(await ground.client.users.get(user.id)).toEqual(user);
    await expectFailure(ground.client.users.get('usr_01HZX3V7J5Y6K8M9N0P1Q2R3S4'), 404, 'not_found');
  },
  async 'users.update'(ground) {
    const { client } = ground;
    const user = await person(ground, { name: 'Old', nickname: 'stays', user_metadata: { a: 1, b: 2 } });
    const changed = await client.users.update(user.id, {
      name: null,
      user_metadata: { b: null, c: 3 },
      password: 'another long password',
    });
    expect(changed).toMatchObject({ name: null, nickname: 'stays', user_metadata: { a: 1, c: 3 } });
    expect(await client.users.get(user.id)).toEqual(changed);
    await expectRefused(signIn(ground, user), 'invalid_credentials');
    expect((await signIn(ground, user, 'another long password')).status).toBe(200);
  },
  async 'users.delete'(ground) {
    const { client, server } = ground;
    const user = await person(ground);
    expect(await client.users.delete(user.id)).toBeUndefined();
    await expectFailure(client.users.get(user.id), 404, 'not_found');
    await expectRefused(signIn(ground, user), 'invalid_credentials');
    const rows = await server
      .work()
      .read((db) => db.selectFrom('users').select('num').where('id', '=', user.id).execute());
    expect(rows).toEqual([]);
    const events = await client.audit.list({ target: user.id, limit: 100 });
    expect(events.events.map(({ event_type }) => event_type)).toContain('user.deleted');
    expect(JSON.stringify(events)).not.toContain(user.email);
    expect((await person(ground, { email: user.email })).id).not.toBe(user.id);

    // The retention policy keeps a copy out of sight, which is no user any more.
    const copies = () => server.work().read((db) => db.selectFrom('deleted_users').selectAll().execute());
    await client.tenants.updateCurrent({ settings: { deleted_user_retention_days: 7 } });
    const kept = await person(ground);
    const before = (await copies()).length;
    await client.users.delete(kept.id);
    await client.tenants.updateCurrent({ settings: { deleted_user_retention_days: 0 } });
    await expectFailure(client.users.get(kept.id), 404, 'not_found');
    expect((await copies()).length).toBe(before + 1);
  },
  async 'users.disable'(ground) {
    const user = await person(ground);
    const session = await signIn(ground, user);
    expect(await ground.client.users.disable(user.id)).toMatchObject({ id: user.id, state: 'disabled' });
    await expectRefused(signIn(ground, user), 'user_disabled');
    expect(await isAlive(ground, session)).toBe(false);
    expect((await refreshWith(ground.server, session.body.refresh_token)).body.error).toBe('invalid_grant');
    expect(await ground.client.users.get(user.id)).toMatchObject({ email: user.email, state: 'disabled' });
  },
  async 'users.enable'(ground) {
    const user = await person(ground);
    await ground.client.users.disable(user.id);
    expect(await ground.client.users.enable(user.id)).toMatchObject({ id: user.id, state: 'active' });
    expect((await signIn(ground, user)).status).toBe(200);
  },
  async 'users.resetPassword'(ground) {
    const user = await ground.client.users.create({ email: newEmail(), email_verified: true });
    expect(await ground.client.users.resetPassword(user.id)).toMatchObject({ user_id: user.id, sent_to: user.email });
    const { link } = await readMail(ground.server, user.email as string);
    expect((await submitForm(link, both('chosen by the person'))).status).toBe(200);
    expect((await signIn(ground, user, 'chosen by the person')).status).toBe(200);
    expect((await submitForm(link, both('chosen by a stranger'))).status).not.toBe(200);
    await expectRefused(signIn(ground, user, 'chosen by a stranger'), 'invalid_credentials');
  },
  async 'users.forceMfaReset'(ground) {
    const { id } = await person(ground);
    const factors = (db: Parameters<Parameters<ReturnType<TestServer['work']>['read']>[0]>[0]) =>
      db
        .selectFrom('authentication_methods as factor')
        .innerJoin('users', 'users.num', 'factor.user_num')
        .select('factor.id')
        .where('users.id', '=', id);
    await ground.server.work().write(async (unit) => {
      const { num } = await unit.db.selectFrom('users').select('num').where('id', '=', id).executeTakeFirstOrThrow();
      const [at, none] = [unit.now, null];
      const factor = {
        tenant_id: unit.tenant.id,
        user_num: num,
        type: 'totp',
        name: none,
        secret: none,
        created_at: at,
      };
      const row = { ...factor, id: unit.newId('fac'), confirmed_at: at, last_used_at: none };
      return unit.db.insertInto('authentication_methods').values(row).execute();
    });
    expect(await ground.client.users.forceMfaReset(id)).toEqual({ user_id: id, removed: 1 });
    expect(await ground.server.work().read((db) => factors(db).execute())).toEqual([]);
    expect(await newestAbout(ground, 'user.mfa_reset', id)).toBeDefined();
  },
  async 'users.bulkImport'(ground) {
    const emails = [newEmail(), newEmail()];
    const rows = [{ email: emails[0], password: PASSWORD }, { email: 5 }, { email: emails[1], name: 'Zoë' }];
    const answer = await ground.client.users.bulkImport(rows as never);
    expect(answer).toMatchObject({ inserted: 2, updated: 0, failed: 1, total: 3 });
    expect(answer.job_id.slice(4)).toMatch(ULID);
    expect(answer.errors).toEqual([
      { line: 2, key: null, code: 'invalid_request', field: 'email', message: expect.any(String) },
    ]);
    const { users } = await ground.client.users.list({ search: emails[1] as string });
    expect(users).toMatchObject([{ email: emails[1], name: 'Zoë' }]);
    expect((await signIn(ground, { email: emails[0] as string })).status).toBe(200);
    expect(await mailsTo(ground, emails[0] as string)).toEqual([]);
  },
};

const groups: Record<string, Check> = {
  async 'groups.list'({ client }) {
    const first = await client.groups.create({ name: 'Listed Ones' });
    const second = await client.groups.create({ name: 'listed twos' });
    const page = await client.groups.list({ search: 'LISTED', limit: 1 });
    expect(page).toEqual({ groups: [second], next_cursor: expect.any(String) });
    const last = await client.groups.list({ search: 'LISTED', limit: 1, cursor: page.next_cursor as string });
    expect(last).toEqual({ groups: [first], next_cursor: null });
  },
  async 'groups.create'({ client }) {
    const group = await client.groups.create({ name: 'Staff', code: `staff-${++count}`, description: 'd' });
    expect(group).toMatchObject({ name: 'Staff', code: `staff-${count}`, description: 'd', member_count: 0 });
    expect(group.id).toMatch(/^grp_/);
    await expectFailure(client.groups.create({ name: 'Staff', code: `staff-${count}` }), 409, 'code_taken');
  },
  async 'groups.get'({ client }) {
    const group = await client.groups.create({ name: 'Got' });
    expect(await client.groups.get(group.id)).toEqual(group);
  },
  async 'groups.update'({ client }) {
    const { id } = await client.groups.create({ name: 'Before', description: 'stays' });
    const changed = await client.groups.update(id, { name: 'After' });
    expect(changed).toMatchObject({ name: 'After', description: 'stays' });
    expect(await client.groups.get(id)).toEqual(changed);
  },
  async 'groups.delete'(ground) {
    const { client } = ground;
    const [{ id }, user] = [await client.groups.create({ name: 'Gone' }), await person(ground)];
    await client.groups.addMember(id, user.id);
    expect(await client.groups.delete(id)).toBeUndefined();
    await expectFailure(client.groups.get(id), 404, 'not_found');
    expect(await client.users.get(user.id)).toEqual(user);
  },
  async 'groups.addMember'(ground) {
    const { client } = ground;
    const [{ id }, user] = [await client.groups.create({ name: 'Joined' }), await person(ground)];
    for (let i = 0; i < 2; i++) expect(await client.groups.addMember(id, user.id)).toBeUndefined();
    expect((await client.groups.listMembers(id)).members.map((member) => member.id)).toEqual([user.id]);
    expect(await client.groups.get(id)).toMatchObject({ member_count: 1 });
    expect((await client.users.list({ group: id })).users.map((member) => member.id)).toEqual([user.id]);
    const told = await client.audit.list({ event_types: ['group.member_added'], target: id });
    expect(told.events).toHaveLength(1);
  },
  async 'groups.removeMember'(ground) {
    const { client } = ground;
    const [{ id }, user] = [await client.groups.create({ name: 'Left' }), await person(ground)];
    await client.groups.addMember(id, user.id);
    for (let i = 0; i < 2; i++) expect(await client.groups.removeMember(id, user.id)).toBeUndefined();
    expect(await client.groups.listMembers(id)).toEqual({ members: [], next_cursor: null });
    expect(await client.groups.get(id)).toMatchObject({ member_count: 0 });
    const told = await client.audit.list({ event_types: ['group.member_removed'], target: id });
    expect(told.events).toHaveLength(1);
  },
  async 'groups.listMembers'(ground) {
    const { client } = ground;
    const [{ id }, one, two] = [await client.groups.create({ name: 'M' }), await person(ground), await person(ground)];
    for (const user of [one, two]) await client.groups.addMember(id, user.id);
    const page = await client.groups.listMembers(id, { limit: 1 });
    expect(page).toMatchObject({ members: [{ id: two.id, email: two.email }], next_cursor: expect.any(String) });
    const last = await client.groups.listMembers(id, { limit: 1, cursor: page.next_cursor as string });
    expect(last).toMatchObject({ members: [{ id: one.id }], next_cursor: null });
  },
};

const applications: Record<string, Check> = {
  async 'applications.list'(ground) {
    const { id, client_id } = await application(ground);
    const page = await ground.client.applications.list({ search: client_id });
    expect(page).toMatchObject({ applications: [{ id, client_id, enabled: true }], next_cursor: null });
    expect(page.applications[0]?.id.slice(4)).toMatch(ULID);
  },
  async 'applications.get'(ground) {
    const { id, client_id } = await application(ground);
    const found = await ground.client.applications.get(id);
    expect(found).toMatchObject({ id, client_id, enabled: true, description: null });
    expect(found).not.toHaveProperty('client_secret');
  },
  async 'applications.update'(ground) {
    const { id, client_id, client_secret } = await application(ground);
    const changed = await ground.client.applications.update(id, { description: 'D', scopes: ['groups:read'] });
    expect(changed).toMatchObject({ id, description: 'D', scopes: ['groups:read'] });
    expect(await ground.client.applications.get(id)).toEqual(changed);
    expect((await tokenOf(ground, client_id, client_secret)).body.scope).toBe('groups:read');
  },
  async 'applications.rotateSecret'(ground) {
    const { id, client_id, client_secret } = await application(ground);
    const rotated = await ground.client.applications.rotateSecret(id);
    expect(Object.keys(rotated).sort()).toEqual(['client_secret', 'expires_at']);
    expect(rotated.client_secret).not.toBe(client_secret);
    const left = Date.parse(rotated.expires_at as string) - ground.server.clock.now();
    expect(Math.abs(left - 86_400_000)).toBeLessThan(10_000);
    const statuses = async () => [
      (await tokenOf(ground, client_id, client_secret)).status,
      (await tokenOf(ground, client_id, rotated.client_secret)).status,
    ];
    expect(await statuses()).toEqual([200, 200]);
    ground.server.clock.advance(left + 1000);
    expect(await statuses()).toEqual([401, 200]);
  },
  async 'applications.disable'(ground) {
    const { id, client_id, client_secret } = await application(ground);
    const token = (await tokenOf(ground, client_id, client_secret)).body.access_token;
    expect((await withBearer(ground.server, token, '/api/v1/users')).status).toBe(200);
    expect(await ground.client.applications.disable(id)).toMatchObject({ id, enabled: false });
    expect((await withBearer(ground.server, token, '/api/v1/users')).status).toBe(401);
    expect((await tokenOf(ground, client_id, client_secret)).body.error).toBe('invalid_client');
    expect(await ground.client.applications.get(id)).toMatchObject({ enabled: false });
  },
  async 'applications.enable'(ground) {
    const { id, client_id, client_secret } = await application(ground);
    await ground.client.applications.disable(id);
    expect(await ground.client.applications.enable(id)).toMatchObject({ id, enabled: true });
    expect((await tokenOf(ground, client_id, client_secret)).status).toBe(200);
  },
};

/** A user whom more has happened to than fits a page of four. */
const manyEvents = async (ground: Ground): Promise<string> => {
  const user = await person(ground);
  await signIn(ground, user);
  for (const name of ['a', 'b']) await ground.client.users.update(user.id, { name });
  await ground.client.users.disable(user.id);
  return user.id;
};

const audit: Record<string, Check> = {
  async 'audit.list'(ground) {
    const { client, server } = ground;
    const start = new Date(server.clock.now()).toISOString();
    const user = await person(ground);
    await signIn(ground, user);
    await signIn(ground, user, 'wrong');
    const end = new Date(server.clock.now() + 1000);
    const { events } = await client.audit.list({ start, end, event_types: ['user.signed_in'], limit: 5 });
    expect(events).toMatchObject([
      { event_type: 'user.signed_in', actor: { id: user.id }, created_at: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
    expect(events[0]?.id).toMatch(/^evt_/);
    expect((await client.audit.list({ start: end, end: new Date(end.getTime() + 1000) })).events).toEqual([]);

    const target = await manyEvents(ground);
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const page = await client.audit.list({ target, limit: 4, ...(cursor ? { cursor } : {}) });
      pages.push(page.events.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    const all = await client.audit.list({ target, limit: 100 });
    expect(all.next_cursor).toBeNull();
    expect(pages.flat()).toEqual(all.events.map(({ id }) => id));
    expect(pages.length).toBeGreaterThan(1);
    for (const page of pages.slice(0, -1)) expect(page).toHaveLength(4);
  },
  async 'audit.stream'(ground) {
    const target = await manyEvents(ground);
    const seen: AuditEvent[] = [];
    for await (const event of ground.client.audit.stream({ target })) seen.push(event);
    expect(seen.toReversed()).toEqual((await ground.client.audit.list({ target, limit: 100 })).events);
    expect(seen[0]).toMatchObject({ event_type: 'user.created', target: { id: target } });

    // Left early, and while it is live: the connection is given back and the client works on.
    for await (const event of ground.client.audit.stream({ target, live: true })) {
      expect(event).toEqual(seen[0]);
      break;
    }
    const live = ground.client.audit.stream({ target, cursor: seen.at(-1)?.id, live: true })[Symbol.asyncIterator]();
    const next = live.next();
    await ground.client.users.enable(target);
    expect((await next).value).toMatchObject({ event_type: 'user.enabled' });
    await live.return?.();
  },
};

const invitations: Record<string, Check> = {
  async 'invitations.list'({ client }) {
    const email = newEmail();
    const invitation = await client.invitations.create({ email });
    expect(await client.invitations.list({ email })).toEqual({ invitations: [invitation], next_cursor: null });
    expect((await client.invitations.list({ email, state: 'accepted' })).invitations).toEqual([]);
  },
  async 'invitations.create'(ground) {
    const { client, server } = ground;
    const email = newEmail();
    const group = await client.groups.create({ name: 'Guests' });
    const invitation = await client.invitations.create({ email, groups: [group.id] });
    expect(invitation).toMatchObject({ email, state: 'pending', groups: [group.id], user_id: null });
    const { link } = await readMail(server, email);
    expect((await submitForm(link, { name: 'Gast', ...both(PASSWORD) })).status).toBe(200);
    const [accepted] = (await client.invitations.list({ email })).invitations;
    expect(accepted).toMatchObject({ id: invitation.id, state: 'accepted' });
    const user = await client.users.get(accepted?.user_id as string);
    expect(user).toMatchObject({ email, name: 'Gast', email_verified: true });
    expect((await client.groups.listMembers(group.id)).members).toMatchObject([{ id: user.id }]);
    expect((await signIn(ground, user)).status).toBe(200);
  },
  async 'invitations.revoke'({ client, server }) {
    const email = newEmail();
    const { id } = await client.invitations.create({ email });
    const { link } = await readMail(server, email);
    expect(await client.invitations.revoke(id)).toMatchObject({ id, state: 'revoked' });
    expect((await submitForm(link, { name: 'N', ...both(PASSWORD) })).status).toBeGreaterThanOrEqual(400);
    expect((await client.users.list({ email })).users).toEqual([]);
    await expectFailure(client.invitations.revoke(id), 409, 'invitation_closed');
  },
  async 'invitations.resend'({ client, server }) {
    const email = newEmail();
    const { id } = await client.invitations.create({ email });
    const old = await readMail(server, email);
    expect(await client.invitations.resend(id)).toMatchObject({ id, state: 'pending', sent_count: 2 });
    const fresh = await readMail(server, email);
    expect(fresh.link).not.toBe(old.link);
    const fields = { name: 'N', ...both(PASSWORD) };
    expect((await submitForm(old.link, fields)).status).toBeGreaterThanOrEqual(400);
    expect((await client.users.list({ email })).users).toEqual([]);
    expect((await submitForm(fresh.link, fields)).status).toBe(200);
    expect((await client.users.list({ email })).users).toHaveLength(1);
  },
};

const sessions: Record<string, Check> = {
  async 'sessions.listForUser'(ground) {
    const user = await person(ground);
    await signIn(ground, user);
    await signIn(ground, user);
    const page = await ground.client.sessions.listForUser(user.id, { limit: 1 });
    const last = await ground.client.sessions.listForUser(user.id, { limit: 1, cursor: page.next_cursor as string });
    expect(last.next_cursor).toBeNull();
    const [own] = (await ground.client.applications.list({ search: CLIENT_ID })).applications;
    for (const session of [...page.sessions, ...last.sessions])
      expect(session).toMatchObject({ user_id: user.id, application_id: own?.id, ip: '127.0.0.1' });
    expect(page.sessions[0]?.id.slice(4)).toMatch(ULID);
    expect(page.sessions[0]?.id).not.toBe(last.sessions[0]?.id);
  },
  async 'sessions.revoke'(ground) {
    const user = await person(ground);
    const first = await signIn(ground, user);
    const [session] = (await ground.client.sessions.listForUser(user.id)).sessions;
    const second = await signIn(ground, user);
    expect(await ground.client.sessions.revoke(session?.id as string)).toBeUndefined();
    expect([await isAlive(ground, first), await isAlive(ground, second)]).toEqual([false, true]);
    expect((await refreshWith(ground.server, first.body.refresh_token)).body.error).toBe('invalid_grant');
    expect((await ground.client.sessions.listForUser(user.id)).sessions).toHaveLength(1);
  },
  async 'sessions.revokeAllForUser'(ground) {
    const user = await person(ground);
    const both = [await signIn(ground, user), await signIn(ground, user)];
    expect(await ground.client.sessions.revokeAllForUser(user.id)).toEqual({ revoked: 2 });
    for (const session of both) {
      expect(await isAlive(ground, session)).toBe(false);
      expect((await refreshWith(ground.server, session.body.refresh_token)).body.error).toBe('invalid_grant');
    }
    expect(await ground.client.sessions.listForUser(user.id)).toEqual({ sessions: [], next_cursor: null });
  },
};

const client: Record<string, Check> = {
  async refreshToken(ground) {
    await ground.client.users.list();
    const before = tokenRequests(ground);
    expect(await ground.client.refreshToken()).toBeUndefined();
    expect(tokenRequests(ground)).toBe(before + 1);
    await ground.client.users.list();
    expect(tokenRequests(ground)).toBe(before + 1);
  },
  async clearToken(ground) {
    await ground.client.users.list();
    const before = tokenRequests(ground);
    expect(await ground.client.clearToken()).toBeUndefined();
    expect(tokenRequests(ground)).toBe(before);
    await ground.client.users.list();
    expect(tokenRequests(ground)).toBe(before + 1);
  },
};

const checks: Readonly<Record<string, Check>> = {
  ...users,
  ...groups,
  ...applications,
  ...audit,
  ...invitations,
  ...sessions,
  ...client,
};
const { methods } = JSON.parse(readFileSync(new URL('../contract/intelliauth.json', import.meta.url), 'utf8')) as {
  methods: string[];
};

describe.each(databaseKinds)('the methods on %s', (kind) => {
  let ground: Ground;
  beforeAll(async () => {
    const server = await bootServer(kind);
    const sent: string[] = [];
    const tenantUrl = server.url;
    const client = new IntelliAuthManagement({
      tenantUrl,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      audience: `${tenantUrl}/api`,
      fetch: (url, init) => {
        sent.push(`${init.method} ${new URL(url).pathname}`);
        return fetch(url, init as RequestInit);
      },
    });
    ground = { server, client, sent };
  });
  afterAll(() => ground.server.stop());

  it.each(methods)('%s does what it is for', async (name) => {
    const check = checks[name];
    if (!check) throw new Error(`The contract's ${name} has no check.`);
    await check(ground);
  });

  it('no check is of a method that the contract does not have', () => {
    expect(Object.keys(checks).filter((name) => !methods.includes(name))).toEqual([]);
  });
});
