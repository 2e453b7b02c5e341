/** Linked identities: what becomes of the account, how it signs in, and that unlinking gives it back. */
import type { User } from '@reeve/contract';
import { bootServer, databaseKinds, readMail, signInWith, type TestServer, withBearer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepHouse } from '../housekeeping.ts';
import { createWork } from '../work.ts';
import { link } from './identities.ts';

const PASSWORD = 'a long enough one';

describe.each(databaseKinds)('identities on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let people = 0;
  const makeUser = async (more: object = {}): Promise<User & { email: string }> => {
    const email = `linked${++people}@example.com`;
    const answer = await server.api('POST', '/users', { email, email_verified: true, password: PASSWORD, ...more });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const spelled = ({ identities: [own] }: User) => `${own?.provider}|${own?.subject}`;
  const linkTo = (primary: User, secondary: string) =>
    server.api('POST', `/users/${primary.id}/identities`, { user_id: secondary });
  const unlinkFrom = (primary: User, { identities: [own] }: User) =>
    server.api('DELETE', `/users/${primary.id}/identities/${own?.provider}/${own?.subject}`);
  const read = async (id: string): Promise<User> => (await server.api('GET', `/users/${id}`)).body;
  const enter = (username: string, password = PASSWORD, more = {}) =>
    signInWith(server, { username, password, ...more });
  const eventsOf = async (type: string, target: string) => {
    const { body } = await server.api('GET', `/audit?event_types=${type}&target=${target}`);
    return (body as { events: { data: Record<string, unknown> }[] }).events;
  };
  const totals = async () => {
    const { body: all } = await server.api('GET', '/users?include_total=true&limit=1');
    const { body: active } = await server.api('GET', '/users?include_total=true&limit=1&state=active');
    const counted = await server.work().read((db) =>
      db
        .selectFrom('users')
        .select((e) => e.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow(),
    );
    const told = [(all as { total: number }).total, (active as { total: number }).total];
    expect(told[0]).toBe(Number(counted.n));
    return told;
  };

  it('moves the account under the user; the other user stops existing', async () => {
    const primary = await makeUser();
    const secondary = await makeUser({ name: 'Second Person', profile: { locale: 'de' }, user_metadata: { a: 1 } });
    const signedIn = await enter(secondary.email, PASSWORD, { scope: 'openid offline_access' });
    const [before] = (await totals()) as [number];
    const answer = await linkTo(primary, secondary.id);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    const [own] = secondary.identities;
    const profile = { email: secondary.email, name: 'Second Person', locale: 'de', email_verified: true };
    const linked = { ...own, is_primary: false, profile: expect.objectContaining(profile) };
    expect(answer.body).toEqual({ identities: [primary.identities[0], linked] });
    const now = await read(primary.id);
    expect(now).toMatchObject({ email: primary.email, user_metadata: {}, identities: [primary.identities[0], linked] });
    expect((await server.api('GET', `/users/${primary.id}/identities`)).body).toEqual(answer.body);
    expect((await server.api('GET', `/users/${secondary.id}`)).status).toBe(404);
    expect((await totals())[0]).toBe(before - 1);
    expect(await eventsOf('user.linked', primary.id)).toMatchObject([
      { data: { linked_user_id: secondary.id, provider: 'auth0', subject: own?.subject } },
    ]);
    // What the other user had open is ended.
    expect((await withBearer(server, signedIn.body.access_token, '/userinfo')).status).toBe(401);
  });

  it('signs in as the user, with either password', async () => {
    const primary = await makeUser({ password: 'the primary password' });
    const secondary = await makeUser({ username: `second${kind}`, password: 'the secondary password' });
    await linkTo(primary, spelled(secondary));
    for (const name of [secondary.email, `second${kind}`]) {
      const { status, body } = await enter(name, 'the secondary password', { scope: 'openid' });
      expect(status, JSON.stringify(body)).toBe(200);
      expect((await withBearer(server, body.access_token, '/userinfo')).body).toMatchObject({ uid: primary.id });
    }
    expect((await enter(primary.email, 'the primary password')).status).toBe(200);
    expect((await enter(secondary.email, 'the primary password')).body.code).toBe('invalid_credentials');
    expect((await enter(primary.email, 'the secondary password')).body.code).toBe('invalid_credentials');
    expect((await read(primary.id)).sign_in_count).toBe(3);
    await server.api('POST', `/users/${primary.id}/disable`);
    expect((await enter(secondary.email, 'the secondary password')).body.code).toBe('user_disabled');
  });

  it('signs nobody in through an account that was disabled or had to reset its password', async () => {
    const primary = await makeUser();
    const disabled = await makeUser();
    await server.api('POST', `/users/${disabled.id}/disable`);
    const stale = await makeUser({ password_must_be_reset: true });
    for (const { id } of [disabled, stale]) expect((await linkTo(primary, id)).status).toBe(201);
    expect((await enter(disabled.email)).body.code).toBe('user_disabled');
    expect((await enter(stale.email)).body.code).toBe('password_must_be_reset');
    expect((await enter(primary.email)).status).toBe(200);
    expect((await unlinkFrom(primary, disabled)).status).toBe(200);
    expect(await read(disabled.id)).toMatchObject({ state: 'disabled' });
    await totals();
  });

  it('gives the account back under its old id, with what it had', async () => {
    const primary = await makeUser();
    const phone = `+4915${String(people).padStart(8, '0')}`;
    const secondary = await makeUser({
      username: `back${kind}`,
      phone_number: phone,
      name: 'Back Again',
      user_metadata: { plan: 'gold' },
      app_metadata: { level: 3 },
    });
    const token = (await enter(secondary.email)).body.access_token;
    const was = await read(secondary.id);
    const before = await totals();
    await linkTo(primary, secondary.id);
    const asPrimary = (await enter(secondary.email, PASSWORD, { scope: 'openid' })).body.access_token;
    const answer = await unlinkFrom(primary, secondary);
    expect(answer).toMatchObject({ status: 200, body: { identities: primary.identities, user_id: secondary.id } });
    expect(await read(secondary.id)).toEqual({ ...was, updated_at: expect.any(String) });
    expect((await read(primary.id)).identities).toEqual(primary.identities);
    expect(await totals()).toEqual(before);
    expect(await eventsOf('user.unlinked', primary.id)).toMatchObject([{ data: { unlinked_user_id: secondary.id } }]);
    const { status, body } = await enter(`back${kind}`, PASSWORD, { scope: 'openid' });
    expect(status).toBe(200);
    expect((await withBearer(server, body.access_token, '/userinfo')).body).toMatchObject({ uid: secondary.id });
    // Neither the tokens from before the linking nor those of the linked account come back to life.
    for (const old of [token, asPrimary]) expect((await withBearer(server, old, '/userinfo')).status).toBe(401);
    const found = await server.api('GET', '/users?search=back%20again');
    expect((found.body as { users: User[] }).users.map(({ id }) => id)).toEqual([secondary.id]);
    const others = await server.api('GET', '/users?limit=100');
    const ids = (others.body as { users: User[] }).users.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted().reverse());
  });

  it('gives back no roles, memberships and factors: what was granted is granted anew', async () => {
    const [primary, secondary] = [await makeUser(), await makeUser()];
    const { id } = (await server.api('POST', '/organizations', { name: `former${kind}` })).body as { id: string };
    const factor = { type: 'phone', phone_number: '+15555550104', confirmed: true };
    for (const [verb, path, body] of [
      ['PUT', `/users/${secondary.id}/roles`, { roles: ['seller'] }],
      ['PUT', `/organizations/${id}/members/${secondary.id}`, {}],
      ['POST', `/users/${secondary.id}/authentication-methods`, factor],
    ] as const) {
      const answer = await server.api(verb, path, body);
      expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
    }
    const held = async () => {
      const [roles, members, methods] = await Promise.all(
        [
          `/users/${secondary.id}/roles`,
          `/organizations/${id}/members`,
          `/users/${secondary.id}/authentication-methods`,
        ].map(async (path) => JSON.stringify((await server.api('GET', path)).body)),
      );
      return [roles?.includes('seller'), members?.includes(secondary.id), methods?.includes('phone')];
    };
    expect(await held()).toEqual([true, true, true]);
    await linkTo(primary, secondary.id);
    expect((await unlinkFrom(primary, secondary)).status).toBe(200);
    expect(await held()).toEqual([false, false, false]);
  });

  it('links a user with linked accounts of its own, and gives each back', async () => {
    const [a, b, c] = [await makeUser(), await makeUser(), await makeUser()];
    await linkTo(b, c.id);
    const { body } = await linkTo(a, b.id);
    expect((body as { identities: { subject: string }[] }).identities.map(({ subject }) => subject)).toEqual(
      [a, b, c].map(({ identities }) => identities[0]?.subject),
    );
    expect((await enter(c.email)).status).toBe(200);
    expect((await unlinkFrom(a, b)).status).toBe(200);
    expect((await read(b.id)).identities).toEqual(b.identities);
    expect((await read(a.id)).identities).toHaveLength(2);
    const d = await makeUser();
    expect((await linkTo(a, d.id)).status).toBe(201);
    for (const one of [c, d]) expect((await unlinkFrom(a, one)).status).toBe(200);
    expect((await read(a.id)).identities).toEqual(a.identities);
    await totals();
  });

  it('refuses what can’t be linked or unlinked', async () => {
    const [primary, secondary] = [await makeUser(), await makeUser()];
    expect(await linkTo(primary, primary.id)).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(await linkTo(primary, spelled(primary))).toMatchObject({ status: 409 });
    for (const nobody of ['usr_nobody', 'auth0|nobody', 'nobody'])
      expect(await linkTo(primary, nobody)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    await linkTo(primary, secondary.id);
    expect(await linkTo(await makeUser(), spelled(secondary))).toMatchObject({
      status: 409,
      body: { code: 'conflict', errors: [{ field: 'user_id', code: 'linked' }] },
    });
    expect(await unlinkFrom(primary, primary)).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(await unlinkFrom(await makeUser(), secondary)).toMatchObject({ status: 404 });
  });

  it('keeps to the limit, however many are linked at the same moment', { timeout: 60_000 }, async () => {
    const [crowded, ...others] = await Promise.all(Array.from({ length: 52 }, () => makeUser({ password: undefined })));
    const answers = await Promise.all(others.map(({ id }) => linkTo(crowded as User, id)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(49);
    for (const answer of answers.filter(({ status }) => status !== 201))
      expect(answer).toMatchObject({ status: 422, body: { code: 'limit_reached' } });
    expect((await read((crowded as User).id)).identities).toHaveLength(50);
  });

  it('needs roles:write for administrators, and keeps the last one', async () => {
    const [person, admin] = [await makeUser(), await makeUser()];
    await server.api('PUT', `/users/${admin.id}/roles`, { roles: ['system_admin'] });
    const { services, tenant } = server;
    const actor = { type: 'application', id: 'app_x', applicationId: 'app_x', impersonatorId: null } as const;
    const weak = createWork({ services, tenant, actor, scopes: new Set(['users:write']) });
    for (const [user_id, other] of [
      [person.id, admin.id],
      [admin.id, person.id],
    ] as const)
      await expect(link(weak, { user_id, body: { user_id: other }, query: undefined })).rejects.toMatchObject({
        code: 'insufficient_scope',
      });
    const { body } = await server.api('GET', '/users?role=system_admin');
    const founder = (body as { users: User[] }).users.find(({ id }) => id !== admin.id) as User;
    expect((await linkTo(person, admin.id)).status).toBe(201);
    expect(await linkTo(person, founder.id)).toMatchObject({ status: 409, body: { code: 'last_admin' } });
  });

  it('keeps a linked account’s identifiers taken, for users and imports', { timeout: 60_000 }, async () => {
    const [primary, secondary] = [await makeUser(), await makeUser({ username: `kept${kind}` })];
    await linkTo(primary, secondary.id);
    const taken = { status: 409, body: { code: 'email_taken' } };
    expect(await server.api('POST', '/users', { email: secondary.email.toUpperCase() })).toMatchObject(taken);
    expect(await server.api('PATCH', `/users/${primary.id}`, { email: secondary.email })).toMatchObject(taken);
    for (const mode of ['insert', 'upsert']) {
      const response = await fetch(`${server.url}/api/v1/users/import?mode=${mode}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await server.token()}`, 'content-type': 'application/x-ndjson' },
        body: `${JSON.stringify({ email: secondary.email, name: 'Imported' })}\n`,
      });
      expect(await response.json(), mode).toMatchObject({ failed: 1, errors: [{ code: 'email_taken' }] });
    }
  });

  it('lets an invitation to a linked account’s address be accepted by the user', async () => {
    const [primary, secondary] = [await makeUser(), await makeUser()];
    await linkTo(primary, secondary.id);
    const organization = await server.api('POST', '/organizations', { name: `for${kind}` });
    const { id } = organization.body as { id: string };
    const invited = await server.api('POST', '/invitations', { email: secondary.email, organization: id });
    expect(invited.status, JSON.stringify(invited.body)).toBe(201);
    const mail = await readMail(server, secondary.email);
    const ticket = new URL(mail.link).searchParams.get('ticket') as string;
    const accepted = await fetch(`${server.url}/invitation`, { method: 'POST', body: new URLSearchParams({ ticket }) });
    expect(accepted.status, await accepted.text()).toBe(200);
    const members = await server.api('GET', `/organizations/${id}/members`);
    expect(JSON.stringify(members.body)).toContain(primary.id);
  });

  it('keeps the connection of a linked account', async () => {
    const connection = (await server.api('POST', '/connections', { name: `other${kind}` })).body as { id: string };
    const primary = await makeUser();
    const secondary = await makeUser({ connection: connection.id });
    await linkTo(primary, secondary.id);
    expect(await server.api('DELETE', `/connections/${connection.id}`)).toMatchObject({ body: { code: 'in_use' } });
    const counted = await server.api('GET', `/users?connection=${connection.id}&include_total=true`);
    expect(counted.body).toMatchObject({ users: [], total: 0 });
    await unlinkFrom(primary, secondary);
    const again = await server.api('GET', `/users?connection=${connection.id}&include_total=true`);
    expect(again.body).toMatchObject({ users: [{ id: secondary.id }], total: 1 });
  });

  it('lets one of several linkings of an account win', async () => {
    const secondary = await makeUser();
    const primaries = [await makeUser(), await makeUser(), await makeUser()];
    const answers = await Promise.all(primaries.map((primary) => linkTo(primary, secondary.id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 404, 404]);
    const [left, right] = [await makeUser(), await makeUser()];
    const crossed = await Promise.all([linkTo(left, right.id), linkTo(right, left.id)]);
    expect(crossed.map(({ status }) => status).sort()).toEqual([201, 404]);
    const [a, b] = [await makeUser(), await makeUser()];
    await linkTo(a, b.id);
    const unlinked = await Promise.all([unlinkFrom(a, b), unlinkFrom(a, b)]);
    expect(unlinked.map(({ status }) => status).sort()).toEqual([200, 404]);
    await totals();
  });

  it('ends the second factors of the user that is linked, with an event for each', async () => {
    const [primary, secondary] = [await makeUser(), await makeUser()];
    const added: string[] = [];
    for (const [user, phone] of [
      [secondary, '+15555550101'],
      [secondary, '+15555550102'],
      [primary, '+15555550103'],
    ] as const) {
      const factor = { type: 'phone', phone_number: phone, confirmed: true };
      const { status, body } = await server.api('POST', `/users/${user.id}/authentication-methods`, factor);
      expect(status, JSON.stringify(body)).toBe(201);
      added.push((body as { id: string }).id);
    }
    await linkTo(primary, secondary.id);
    const removed = await eventsOf('mfa.factor_removed', secondary.id);
    expect(removed).toHaveLength(2);
    for (const id of added.slice(0, 2)) expect(JSON.stringify(removed)).toContain(id);
    expect(await eventsOf('mfa.factor_removed', primary.id)).toEqual([]);
    const { body } = await server.api('GET', `/users/${primary.id}/authentication-methods`);
    expect(JSON.stringify(body)).toContain(added[2]);
  });

  it('erases linked accounts with the person', async () => {
    for (const days of [0, 2]) {
      await server.api('PATCH', '/tenant', { settings: { deleted_user_retention_days: days } });
      const mark = `trillian${days}${kind}`;
      const [primary, secondary] = [await makeUser(), await makeUser({ email: `${mark}@example.com`, name: mark })];
      await linkTo(primary, secondary.id);
      expect((await server.api('DELETE', `/users/${primary.id}`)).status).toBe(204);
      if (days > 0) {
        server.clock.advance((days + 1) * 86_400_000);
        await keepHouse(server.services);
      }
      const traces = await server.work().read(async (db) => {
        const rows = [
          await db.selectFrom('events').selectAll().execute(),
          await db.selectFrom('linked_accounts').selectAll().execute(),
          await db.selectFrom('identities').selectAll().execute(),
          await db.selectFrom('users').selectAll().execute(),
        ];
        return rows.filter((table) => JSON.stringify(table).includes(mark)).length;
      });
      expect(traces, `${days} days`).toBe(0);
    }
  });
});
