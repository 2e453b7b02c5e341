/** Erasing on demand: at once, with a reason, and nothing that would leave a hole. */
import type { User } from '@reeve/contract';
import {
  bootServer,
  claimsIn,
  databaseKinds,
  type Rw3issPerson,
  refreshWith,
  rw3issCaller,
  rw3issPerson,
  signInWith,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uuidOf } from '../uuid.ts';

const PASSWORD = 'correct horse battery';

interface Told {
  readonly event_type: string;
  readonly actor: object;
  readonly data: object | null;
}

describe.each(databaseKinds)('users.erase on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
    // What is deleted otherwise is kept for a while.
    await server.api('PATCH', '/tenant', { settings: { deleted_user_retention_days: 30 } });
  });
  afterAll(() => server.stop());

  let made = 0;
  const user = async (more: object = {}): Promise<User & { email: string }> => {
    const email = `erased${++made}x${kind}@example.com`;
    const body = { email, email_verified: true, password: PASSWORD, ...more };
    const answer = await server.api('POST', '/users', body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const erase = (id: string, reason: unknown = 'asked for it', headers = {}) =>
    server.api('POST', `/users/${id}/erase`, { reason }, headers);
  const eventsOf = async (target: string): Promise<Told[]> =>
    ((await server.api('GET', `/audit?target=${target}&order=asc`)).body as { events: Told[] }).events;
  const isThere = async (id: string) => (await server.api('GET', `/users/${id}`)).status === 200;

  it('erases everything in one go, whatever the retention time, and tells why and who', async () => {
    const person = await user();
    const linked = await user();
    await server.api('POST', `/users/${person.id}/identities`, { user_id: linked.id });
    const app = (await server.api('POST', '/applications', { name: `a${kind}`, type: 'web' })).body as { id: string };
    const group = (await server.api('POST', '/groups', { name: 'g' })).body as { id: string };
    const organization = (await server.api('POST', '/organizations', { name: `o${kind}` })).body as { id: string };
    const joined = await Promise.all([
      server.api('PUT', `/applications/${app.id}/users/${person.id}`),
      server.api('PUT', `/groups/${group.id}/members/${person.id}`),
      server.api('PUT', `/organizations/${organization.id}/members/${person.id}`, { roles: ['org_member'] }),
      server.api('PUT', `/users/${person.id}/pools/erased-pool`),
    ]);
    expect(joined.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    await server.api('PUT', `/users/${person.id}/roles`, { roles: ['buyer'] });
    const signedIn = await signInWith(server, { username: person.email, scope: 'openid offline_access' });
    expect(signedIn.status).toBe(200);
    expect((await erase(person.id, '  Request 4711 \n')).status).toBe(204);
    expect((await refreshWith(server, signedIn.body.refresh_token)).status).toBe(400);
    const bearer = { authorization: `Bearer ${signedIn.body.access_token}` };
    expect((await fetch(`${server.url}/userinfo`, { headers: bearer })).status).toBe(401);
    expect(await isThere(person.id)).toBe(false);
    const left = await server.work().read(async (db) => {
      const tables = [
        'users',
        'identities',
        'linked_accounts',
        'credentials',
        'deleted_users',
        'group_members',
        'organization_members',
        'organization_member_roles',
        'application_users',
        'pool_members',
        'oidc_artifacts',
        'events',
      ] as const;
      const found: string[] = [];
      for (const table of tables) {
        const rows = JSON.stringify(await db.selectFrom(table).selectAll().execute());
        if ([person.email, linked.email].some((email) => rows.includes(email))) found.push(table);
        if (table.endsWith('members') || table.endsWith('roles') || table === 'application_users')
          if (rows !== '[]') found.push(table);
        if (table !== 'events' && rows.includes(person.id)) found.push(table);
      }
      const sessions = await db.selectFrom('sessions').select('id').where('user_id', '=', person.id).execute();
      const roles = await db.selectFrom('role_members').selectAll().execute();
      return { found, sessions, roles: roles.length };
    });
    // The administrator of the beginning keeps the one role that anybody holds.
    expect(left).toEqual({ found: [], sessions: [], roles: 1 });
    const events = await eventsOf(person.id);
    expect(events.slice(-2).map(({ event_type }) => event_type)).toEqual(['user.deleted', 'user.erased']);
    expect(events.at(-1)).toMatchObject({ actor: { type: 'application' }, data: { reason: 'Request 4711' } });
    expect(events.slice(0, -1).map(({ data }) => data)).toEqual(events.slice(0, -1).map(() => null));
    expect((await user({ email: person.email })).email).toBe(person.email);
  });

  it('leaves nothing of where an administrator acted as others from, and ends what they do there', async () => {
    const [administrator, target] = [await user({ password: 'Correct-horse-1' }), await user()];
    await server.api('PUT', `/users/${administrator.id}/roles`, { roles: ['super_admin'] });
    const { call } = await rw3issPerson(server, { email: administrator.email, password: 'Correct-horse-1' });
    const { body } = await call('POST', `/admin/users/${uuidOf(target.id)}/impersonate`, { reason: 'to see' });
    const { tokens } = body as { tokens: Rw3issPerson['tokens'] };
    const other = await signInWith(server, { username: target.email, scope: 'openid' });
    const acting = rw3issCaller(server, tokens.access_token);
    expect((await acting('GET', '/auth/me')).status).toBe(200);
    expect((await acting('GET', '/admin/users')).status).toBe(403);
    const left = () =>
      server.work().read(async (db) => ({
        sessions: await db
          .selectFrom('sessions')
          .select('ip')
          .where('impersonator_id', '=', administrator.id)
          .execute(),
        events: await db
          .selectFrom('events')
          .select(['ip', 'user_agent', 'data'])
          .where('impersonator_id', '=', administrator.id)
          .execute(),
      }));
    const before = await left();
    expect(before.sessions).toHaveLength(1);
    expect(before.events.length).toBeGreaterThan(2);
    for (const row of [...before.sessions, ...before.events]) expect(row.ip).not.toBeNull();
    expect((await erase(administrator.id)).status).toBe(204);
    const after = await left();
    expect(after.sessions).toEqual([]);
    expect(after.events.length).toBeGreaterThanOrEqual(before.events.length);
    for (const row of after.events) expect([row.ip, row.user_agent]).toEqual([null, null]);
    // What was done as others stays told.
    expect(after.events.filter(({ data }) => data !== null)).not.toEqual([]);
    expect((await acting('GET', '/auth/me')).status).toBe(401);
    const refresh = (refresh_token: string) => rw3issCaller(server)('POST', '/auth/refresh', { refresh_token });
    expect((await refresh(tokens.refresh_token)).status).toBe(401);
    const { sid } = claimsIn(tokens.access_token);
    expect((await eventsOf(sid as string)).map(({ event_type }) => event_type)).toEqual([
      'session.created',
      'session.revoked',
    ]);
    const { artifacts } = await server.work().read(async (db) => ({
      artifacts: await db
        .selectFrom('oidc_artifacts')
        .select('id')
        .where('session_id', '=', sid as string)
        .execute(),
    }));
    expect(artifacts).toEqual([]);
    // The target's own session has nothing to do with it.
    const bearer = { authorization: `Bearer ${other.body.access_token}` };
    expect((await fetch(`${server.url}/userinfo`, { headers: bearer })).status).toBe(200);
  });

  it('asks for a reason of 1 to 500 characters', async () => {
    const { id } = await user();
    for (const wrong of ['', '  \n ', 'x'.repeat(501), 5, null])
      expect(await erase(id, wrong), String(wrong)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ field: 'reason' }] },
      });
    expect((await server.api('POST', `/users/${id}/erase`, {})).status).toBe(400);
    expect(await isThere(id)).toBe(true);
    expect((await eventsOf(id)).map(({ event_type }) => event_type)).toEqual(['user.created']);
    expect((await erase(id, `  ${'🦊'.repeat(500)}  `)).status).toBe(204);
    expect(await erase(id)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await erase('usr_none')).status).toBe(404);
  });

  it('refuses the owner of an organization', async () => {
    const owner = await user();
    const { id } = (await server.api('POST', '/organizations', { name: `owned${kind}`, owner_id: owner.id })).body as {
      id: string;
    };
    const refused = { status: 409, body: { code: 'conflict', errors: [{ field: 'user_id', code: 'owner' }] } };
    expect(await erase(owner.id)).toMatchObject(refused);
    expect(await isThere(owner.id)).toBe(true);
    await server.api('PATCH', `/organizations/${id}`, { owner_id: null });
    expect((await erase(owner.id)).status).toBe(204);
  });

  it('refuses whoever asks, and the last active system administrator', async () => {
    const { body } = await server.api('GET', '/users?role=system_admin');
    const [first] = (body as { users: User[] }).users as [User];
    expect(await erase(first.id)).toMatchObject({ status: 409, body: { code: 'last_admin' } });
    const second = await user();
    await server.api('PUT', `/users/${second.id}/roles`, { roles: ['system_admin'] });
    const signedIn = await signInWith(server, { username: second.email });
    const asSecond = { authorization: `Bearer ${signedIn.body.access_token}` };
    expect(await erase(second.id, 'tired', asSecond)).toMatchObject({
      status: 409,
      body: { code: 'conflict', errors: [{ field: 'user_id', code: 'self' }] },
    });
    const other = await user();
    expect((await erase(other.id, 'by a person', asSecond)).status).toBe(204);
    expect((await eventsOf(other.id)).at(-1)).toMatchObject({ actor: { type: 'user', id: second.id } });
    // Of two administrators who are erased at once one stays.
    const answers = await Promise.all([erase(first.id), erase(second.id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
  });

  it('erases once, and lets no organization be left without the owner that it was just given', async () => {
    for (let round = 0; round < 6; round++) {
      const { id } = await user();
      const [one, two, owning] = await Promise.all([
        erase(id),
        erase(id),
        server.api('POST', '/organizations', { name: `raced${round}${kind}`, owner_id: id }),
      ]);
      const outcome = [one.status, two.status].sort();
      if (owning.status === 201) expect(outcome).toEqual([409, 409]);
      else expect([owning.status, outcome]).toEqual([400, [204, 404]]);
      expect(await isThere(id)).toBe(owning.status === 201);
    }
  });

  it('takes users:write', async () => {
    const { id } = await user();
    const authorization = `Bearer ${await server.token(['users:read'])}`;
    expect((await erase(id, 'no', { authorization })).status).toBe(403);
    expect(await isThere(id)).toBe(true);
  });
});
