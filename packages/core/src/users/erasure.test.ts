import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepHouse } from '../housekeeping.ts';
import { countRows } from '../rows.ts';

const DAY = 86_400_000;
/** Everything that could tell of the person. */
const TABLES = [
  'job_errors',
  'users',
  'identities',
  'metadata',
  'credentials',
  'sessions',
  'tickets',
  'mails',
  'invitations',
  'idempotency_keys',
  'deleted_users',
  'deleted_identities',
  'group_members',
  'role_members',
  'organization_members',
  'organizations',
  'events',
] as const;

describe.each(databaseKinds)('erasure on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const post = async (path: string, body: object, headers = {}): Promise<{ id: string }> => {
    const answer = await server.api('POST', path, body, headers);
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
    return answer.body;
  };
  const total = async (filter: string): Promise<number> =>
    ((await server.api('GET', `/users?include_total=true&limit=1&${filter}`)).body as { total: number }).total;
  /** Tables in which a text is found, in clear. */
  const tracesOf = (text: string) =>
    server.work().read(async (db) => {
      const found: string[] = [];
      for (const table of TABLES) {
        const rows = await db.selectFrom(table).selectAll().execute();
        if (JSON.stringify(rows).toLowerCase().includes(text)) found.push(table);
      }
      return found;
    });

  let people = 0;
  /** A person with everything that a person can have; the mark is in every personal field. */
  const settle = async () => {
    const mark = `zaphod${++people}x`;
    const email = `${mark}@example.com`;
    const invitation = await post('/invitations', { email: email.toUpperCase(), name: mark });
    const user = await post(
      '/users',
      { email, username: mark, name: mark, password: 'a long enough one', user_metadata: { [mark]: mark } },
      { 'idempotency-key': mark },
    );
    await post(`/users/${user.id}/reset-password`, {});
    const group = await post('/groups', { name: 'g' });
    const organization = await post('/organizations', { name: `o${people}${kind}`, owner_id: user.id });
    await server.api('PUT', `/groups/${group.id}/members/${user.id}`);
    await server.api('PUT', `/users/${user.id}/roles`, { roles: ['buyer'] });
    await server.api('PUT', `/organizations/${organization.id}/members/${user.id}`, { roles: ['org_admin'] });
    await server.api('PATCH', `/users/${user.id}`, { nickname: mark, phone_number: `${mark}` });
    const exported = await fetch(`${server.url}/api/v1/users/export?email=${email}&search=${mark}`, {
      headers: { authorization: `Bearer ${await server.token()}` },
    });
    expect(await exported.text()).toContain(mark);
    const imported = await fetch(`${server.url}/api/v1/users/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await server.token()}`, 'content-type': 'application/x-ndjson' },
      body: JSON.stringify({ email: email.toUpperCase() }),
    });
    expect(await imported.json()).toMatchObject({ failed: 1 });
    await post(`/users/${user.id}/disable`, {});
    // Nothing changes, but the answer that is kept for a repetition shows the person.
    await post(`/users/${user.id}/disable`, {}, { 'idempotency-key': `again-${mark}` });
    expect((await tracesOf(mark)).sort()).toEqual([
      'events',
      'idempotency_keys',
      'identities',
      'invitations',
      'job_errors',
      'mails',
      'metadata',
      'tickets',
      'users',
    ]);
    return { mark, email, user, group, organization, invitation };
  };
  const eventsOf = (id: string) =>
    server
      .work()
      .read((db) => db.selectFrom('events').selectAll().where('target_id', '=', id).orderBy('num').execute());

  it('leaves nothing of the person but the id', async () => {
    const before = [
      await total(''),
      await total('state=active'),
      await total('state=disabled'),
      await total('role=buyer'),
    ];
    const { mark, user, group, organization, invitation } = await settle();
    expect((await server.api('DELETE', `/users/${user.id}`, undefined, { 'if-match': '"v1"' })).status).toBe(412);
    expect((await server.api('DELETE', `/users/${user.id}`)).status).toBe(204);
    expect((await server.api('DELETE', `/users/${user.id}`)).status).toBe(404);
    expect(await tracesOf(mark)).toEqual([]);
    expect(await total(`search=${mark}`)).toBe(0);
    expect([
      await total(''),
      await total('state=active'),
      await total('state=disabled'),
      await total('role=buyer'),
    ]).toEqual(before);
    expect([await total(`group=${group.id}`), await total(`organization=${organization.id}`)]).toEqual([0, 0]);
    expect((await server.api('GET', `/organizations/${organization.id}`)).body).toMatchObject({ owner_id: null });
    const events = await eventsOf(user.id);
    expect(events.map(({ type }) => type).slice(-2)).toEqual(['user.deleted', 'user.erased']);
    expect(events[0]?.type).toBe('user.created');
    for (const { data } of events) expect(data).toBeNull();
    for (const { data } of await eventsOf(invitation.id)) expect(data).toBeNull();
    const stored = await server
      .work()
      .read((db) => countRows(db.selectFrom('idempotency_keys').where('target_id', '=', user.id)));
    expect(stored).toBe(0);
  });

  it('deletes once, whoever else changes the user at that moment', async () => {
    const before = await total('');
    const group = await post('/groups', { name: 'g' });
    for (let round = 0; round < 8; round++) {
      const { id } = await post('/users', { username: `doomed-${round}` });
      const answers = await Promise.all([
        server.api('DELETE', `/users/${id}`),
        server.api('DELETE', `/users/${id}`),
        server.api('PUT', `/groups/${group.id}/members/${id}`),
        server.api('PUT', `/users/${id}/roles`, { roles: ['buyer'] }),
        server.api('PATCH', `/users/${id}`, { name: 'still here' }),
        server.api('POST', `/users/${id}/disable`),
      ]);
      for (const { status, body } of answers) expect([200, 204, 404], JSON.stringify(body)).toContain(status);
      expect(
        answers
          .slice(0, 2)
          .map(({ status }) => status)
          .sort(),
      ).toEqual([204, 404]);
      const events = await eventsOf(id);
      expect(events.filter(({ type }) => type === 'user.deleted')).toHaveLength(1);
    }
    expect([await total(''), await total(`group=${group.id}`), await total('role=buyer')]).toEqual([before, 0, 0]);
    const [active, disabled] = [await total('state=active'), await total('state=disabled')];
    expect(active + disabled).toBe(before);
  });

  it('keeps a sealed copy for the retention time, and then erases it', async () => {
    await server.api('PATCH', '/tenant', { settings: { deleted_user_retention_days: 7 } });
    const { mark, email, user } = await settle();
    expect((await server.api('DELETE', `/users/${user.id}`)).status).toBe(204);
    expect((await server.api('GET', `/users/${user.id}`)).status).toBe(404);
    const kept = await tracesOf(mark);
    expect(kept).toContain('events');
    for (const table of ['users', 'identities', 'metadata', 'deleted_users']) expect(kept).not.toContain(table);
    // The address is free, and what is made for it now is not the deleted person's.
    server.clock.advance(1000);
    const heir = await post('/users', { email, email_verified: false });
    await post('/connections', { name: 'second' });
    const invitation = await post('/invitations', { email, connection: 'second' });
    await keepHouse(server.services);
    expect((await eventsOf(user.id)).map(({ type }) => type)).not.toContain('user.erased');
    server.clock.advance(7 * DAY + 1000);
    await Promise.all([keepHouse(server.services), keepHouse(server.services)]);
    const events = await eventsOf(user.id);
    expect(events.filter(({ type }) => type === 'user.erased')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: 'user.erased', actor_type: 'system' });
    expect(events.map(({ data }) => data)).toEqual(events.map(() => null));
    const { docs, deleted, invited } = await server.work().read(async (db) => ({
      docs: await db.selectFrom('users').select('doc').where('id', '=', heir.id).execute(),
      invited: await db.selectFrom('invitations').select('id').where('email', '=', email).execute(),
      deleted: await countRows(db.selectFrom('deleted_users').where('user_id', '=', user.id)),
    }));
    expect([docs[0]?.doc, deleted]).toEqual([expect.stringContaining(email), 0]);
    expect((await eventsOf(invitation.id))[0]?.data).not.toBeNull();
    expect((await eventsOf(heir.id))[0]?.data).toContain(email);
    expect(invited).toEqual([{ id: invitation.id }]);
  });
});
