/** Invitations through the API, and what accepting one through its link makes true. */
import { bootServer, databaseKinds, readMail, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCounter } from '../counters/counters.ts';
import { totalOf } from '../users/users.query.ts';

interface Body {
  readonly id: string;
  readonly state: string;
  readonly [name: string]: unknown;
}

describe.each(databaseKinds)('invitations on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind, { realHashes: true });
  });
  afterAll(() => server.stop());

  let count = 0;
  const newEmail = () => `invited${++count}@example.com`;
  const api = async (verb: string, path: string, body?: unknown) => {
    const { status, body: answer } = await server.api(verb, path, body);
    return { status, body: answer as Body };
  };
  async function invite(body: object): Promise<Body> {
    const made = await api('POST', '/invitations', body);
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body;
  }
  const accept = async (ticket: string, fields: Record<string, string> = {}) => {
    const body = new URLSearchParams({ ticket, ...fields });
    const response = await fetch(`${server.url}/invitation`, { method: 'POST', body });
    return { status: response.status, text: await response.text() };
  };
  const newcomer = { name: 'Ada  Lovelace', password: 'a new passphrase', password_again: 'a new passphrase' };
  const stateOf = async (id: string) => (await api('GET', `/invitations/${id}`)).body.state;
  const total = (filter: 'group' | 'role' | 'organization', id: string) =>
    server.services.database.read((db) => readCounter(db, server.tenant.id, totalOf(filter, id)));
  const totalUsers = () => server.services.database.read((db) => readCounter(db, server.tenant.id, 'users'));
  const eventsBy = (userId: string) =>
    server.services.database.read(async (db) =>
      (
        await db
          .selectFrom('events')
          .select(['type', 'target_id'])
          .where('actor_id', '=', userId)
          .where('actor_type', '=', 'user')
          .orderBy('num')
          .execute()
      ).map(({ type }) => type),
    );

  /** Rows that other areas own, as they would write them. */
  async function addPlaces(name: string): Promise<{ organization: string; group: string }> {
    return server.work().write(async ({ db, tenant, now, newId }) => {
      const [organization, group] = [newId('org'), newId('grp')];
      const times = { tenant_id: tenant.id, created_at: now, updated_at: now };
      await db
        .insertInto('organizations')
        .values({
          ...times,
          id: organization,
          name,
          name_key: name,
          display_name: `${name} & Söhne`,
          display_key: `${name} & söhne`,
          metadata: '{}',
          owner_id: null,
          extensions: '{}',
        })
        .execute();
      await db
        .insertInto('groups')
        .values({
          ...times,
          id: group,
          code: name,
          code_key: name,
          name,
          name_key: name,
          description: null,
          version: 1,
        })
        .execute();
      return { organization, group };
    });
  }
  const roleId = (code: string) =>
    server.services.database.read(
      async (db) => (await db.selectFrom('roles').select('id').where('code', '=', code).executeTakeFirstOrThrow()).id,
    );
  const memberships = (userId: string) =>
    server.services.database.read(async (db) => {
      const { num } = await db.selectFrom('users').select('num').where('id', '=', userId).executeTakeFirstOrThrow();
      return {
        groups: (await db.selectFrom('group_members').selectAll().where('user_num', '=', num).execute()).map(
          (row) => row.group_id,
        ),
        roles: (await db.selectFrom('role_members').selectAll().where('user_num', '=', num).execute()).map(
          (row) => row.role_id,
        ),
        organizations: (
          await db.selectFrom('organization_members').selectAll().where('user_num', '=', num).execute()
        ).map((row) => row.organization_id),
        organizationRoles: (
          await db.selectFrom('organization_member_roles').selectAll().where('user_num', '=', num).execute()
        ).map((row) => row.role_id),
      };
    });

  it('asks for an e-mail address only, and makes a user who has proved it', async () => {
    const email = newEmail();
    const before = await totalUsers();
    const invitation = await invite({ email });
    expect(invitation).toMatchObject({ email, state: 'pending', organization_id: null, roles: [], sent_count: 1 });
    const { ticket, link } = await readMail(server, email);
    expect((await fetch(link)).status).toBe(200);
    expect(await stateOf(invitation.id)).toBe('pending');
    const refused = await accept(ticket, { ...newcomer, name: ' ', password: 'short', password_again: 'shorter' });
    expect(refused.status).toBe(422);
    expect(refused.text).toMatch(/Enter your name\..*differ/s);
    expect((await accept(ticket, { ...newcomer, password: 'short', password_again: 'short' })).text).toContain(
      'at least 8 characters',
    );
    expect(await totalUsers()).toBe(before);
    expect((await accept(ticket, newcomer)).text).toContain('Welcome');
    const { body: accepted } = await api('GET', `/invitations/${invitation.id}`);
    expect(accepted).toMatchObject({ state: 'accepted', user_id: expect.stringMatching(/^usr_/) });
    const userId = accepted.user_id as string;
    expect((await api('GET', `/users/${userId}`)).body).toMatchObject({
      email,
      email_verified: true,
      name: 'Ada Lovelace',
      has_password: true,
    });
    expect(await eventsBy(userId)).toEqual(['user.created', 'invitation.accepted']);
    expect(await totalUsers()).toBe(before + 1);
    expect(await accept(ticket, newcomer)).toMatchObject({ status: 410 });
  });

  it('makes a member of an organization, with roles inside it, and of groups', async () => {
    const { organization, group } = await addPlaces('acme');
    const role = await roleId('org_manager');
    const email = newEmail();
    const { id } = await invite({ email, organization: 'acme', roles: ['org_manager'], groups: [group] });
    const mail = await readMail(server, email);
    expect(mail.subject).toBe('You are invited to acme & Söhne');
    expect((await accept(mail.ticket, newcomer)).text).toContain('Welcome to acme &amp; Söhne');
    const { body } = await api('GET', `/invitations/${id}`);
    const userId = body.user_id as string;
    expect(await memberships(userId)).toEqual({
      groups: [group],
      roles: [],
      organizations: [organization],
      organizationRoles: [role],
    });
    expect(await total('organization', organization)).toBe(1);
    expect(await total('group', group)).toBe(1);
    expect(await eventsBy(userId)).toEqual([
      'user.created',
      'organization.member_added',
      'group.member_added',
      'invitation.accepted',
    ]);
  });

  it('only adds a user who has the address', async () => {
    const email = newEmail();
    const made = await api('POST', '/users', { email, password: 'the same password' });
    const userId = made.body.id;
    expect(await api('POST', '/invitations', { email: email.toUpperCase() })).toMatchObject({
      status: 409,
      body: { code: 'email_taken' },
    });
    const { group } = await addPlaces('crew');
    const role = await roleId('seller');
    const before = await total('role', role);
    await invite({ email, roles: [role, 'seller'], groups: ['crew'] });
    const { ticket, link } = await readMail(server, email);
    expect(await (await fetch(link)).text()).not.toContain('type="password"');
    expect((await accept(ticket)).status).toBe(200);
    expect(await memberships(userId)).toMatchObject({ groups: [group], roles: [role] });
    expect(await total('role', role)).toBe(before + 1);
    expect((await api('GET', `/users/${userId}`)).body).toMatchObject({ email_verified: true, name: null });
    expect(await eventsBy(userId)).toEqual([
      'user.email_verified',
      'user.roles_changed',
      'group.member_added',
      'invitation.accepted',
    ]);
    // Who is a member already is not made one again.
    await invite({ email, groups: ['crew'] });
    expect((await accept((await readMail(server, email)).ticket)).status).toBe(200);
    expect(await total('group', group)).toBe(1);
  });

  it('lets exactly one of many acceptances through', async () => {
    const email = newEmail();
    const { group } = await addPlaces('race');
    const { id } = await invite({ email, groups: ['race'] });
    const { ticket } = await readMail(server, email);
    const answers = await Promise.all(Array.from({ length: 8 }, () => accept(ticket, newcomer)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(410)]);
    expect(await total('group', group)).toBe(1);
    const { body } = await api('GET', `/invitations/${id}`);
    expect((await eventsBy(body.user_id as string)).filter((type) => type === 'invitation.accepted')).toHaveLength(1);
  });

  it('adds the user who was created while the form was open', async () => {
    const email = newEmail();
    const { group } = await addPlaces('late');
    await invite({ email, groups: ['late'] });
    const { ticket } = await readMail(server, email);
    const [answer, made] = await Promise.all([
      accept(ticket, newcomer),
      server.api('POST', '/users', { email, email_verified: true }),
    ]);
    expect(answer.status).toBe(200);
    expect([201, 409]).toContain(made.status);
    expect(await total('group', group)).toBe(1);
  });

  it('passes over what was deleted since, but leads nowhere without its organization', async () => {
    const places = await addPlaces('gone');
    const [first, second] = [newEmail(), newEmail()];
    const kept = await invite({ email: first, groups: ['gone'] });
    const lost = await invite({ email: second, organization: 'gone' });
    await server.work().write(async ({ db }) => {
      await db.deleteFrom('groups').where('id', '=', places.group).execute();
      await db.deleteFrom('organizations').where('id', '=', places.organization).execute();
    });
    expect((await accept((await readMail(server, first)).ticket, newcomer)).status).toBe(200);
    const { body } = await api('GET', `/invitations/${kept.id}`);
    expect(await memberships(body.user_id as string)).toMatchObject({ groups: [] });
    expect((await accept((await readMail(server, second)).ticket, newcomer)).status).toBe(410);
    expect(await stateOf(lost.id)).toBe('pending');
  });

  it('hands out roles only for a token that may give them', async () => {
    const token = await server.token(['invitations:write']);
    const invite = (email: string, roles?: string[]) =>
      server.api('POST', '/invitations', { email, ...(roles ? { roles } : {}) }, { authorization: `Bearer ${token}` });
    expect(await invite('climber@example.com', ['system_admin'])).toMatchObject({
      status: 403,
      body: { code: 'insufficient_scope' },
    });
    expect((await invite('climber@example.com')).status).toBe(201);
  });

  it('names the field that names nothing', async () => {
    const email = newEmail();
    for (const [body, field] of [
      [{ connection: 'nowhere' }, 'connection'],
      [{ organization: 'nowhere' }, 'organization'],
      [{ roles: ['org_admin', 'nobody'] }, 'roles.1'],
      [{ groups: ['nobody'] }, 'groups.0'],
    ] as const)
      expect(await api('POST', '/invitations', { email, ...body })).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ field, code: 'exists' }] },
      });
    expect(await api('GET', `/invitations?email=${email}`)).toMatchObject({ body: { invitations: [] } });
  });

  it('asks a person once at a time to the same place', async () => {
    const email = newEmail();
    await addPlaces('place');
    const bodies = [{ email }, { email: email.toUpperCase() }, { email }, { email }];
    const answers = await Promise.all(bodies.map((body) => api('POST', '/invitations', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: 'conflict',
      errors: [{ field: 'email' }],
    });
    const elsewhere = await invite({ email, organization: 'place' });
    const open = answers.find(({ status }) => status === 201)?.body as Body;
    expect((await api('POST', `/invitations/${open.id}/revoke`)).body).toMatchObject({ state: 'revoked' });
    const again = await invite({ email });
    server.clock.advance(604_800_000);
    expect(await stateOf(again.id)).toBe('expired');
    const third = await invite({ email });
    expect(await api('POST', `/invitations/${again.id}/resend`)).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
    expect(await stateOf(third.id)).toBe('pending');
    // Nobody took the other place.
    expect(await api('POST', `/invitations/${elsewhere.id}/resend`)).toMatchObject({
      status: 200,
      body: { state: 'pending', sent_count: 2 },
    });
  });

  it('kills the old link when it is sent again, and every link when it is revoked', async () => {
    const email = newEmail();
    const { id, expires_at } = await invite({ email, expires_in: 3_600 });
    const first = await readMail(server, email);
    server.clock.advance(3_600_000);
    expect(await stateOf(id)).toBe('expired');
    expect((await fetch(first.link)).status).toBe(410);
    const resent = await api('POST', `/invitations/${id}/resend`);
    expect(resent).toMatchObject({ status: 200, body: { state: 'pending', sent_count: 2 } });
    expect(Date.parse(resent.body.expires_at as string) - Date.parse(expires_at as string)).toBeGreaterThanOrEqual(
      3_600_000,
    );
    const second = await readMail(server, email);
    expect(second.ticket).not.toBe(first.ticket);
    expect((await fetch(first.link)).status).toBe(410);
    expect((await fetch(second.link)).status).toBe(200);
    expect(await api('POST', `/invitations/${id}/revoke`)).toMatchObject({ status: 200, body: { state: 'revoked' } });
    expect((await accept(second.ticket, newcomer)).status).toBe(410);
    for (const verb of ['revoke', 'resend'])
      expect(await api('POST', `/invitations/${id}/${verb}`)).toMatchObject({
        status: 409,
        body: { code: 'invitation_closed' },
      });
    for (const path of ['', '/revoke', '/resend'])
      expect(await api(path === '' ? 'GET' : 'POST', `/invitations/inv_nothing${path}`)).toMatchObject({ status: 404 });
  });

  it('lists by state, address and organization, page by page, with totals', async () => {
    const { organization } = await addPlaces('listed');
    const made: Body[] = [];
    for (let i = 0; i < 7; i++)
      made.push(
        await invite({ email: `listed${i}@example.com`, organization: 'listed', expires_in: i < 2 ? 60 : 9_999 }),
      );
    const ids = made.map(({ id }) => id);
    await api('POST', `/invitations/${ids[2]}/revoke`);
    expect((await accept((await readMail(server, 'listed3@example.com')).ticket, newcomer)).status).toBe(200);
    server.clock.advance(60_000);
    const expected: [string, number[]][] = [
      ['', [6, 5, 4, 3, 2, 1, 0]],
      ['&state=pending', [6, 5, 4]],
      ['&state=expired', [1, 0]],
      ['&state=accepted', [3]],
      ['&state=revoked', [2]],
      ['&email=LISTED5@example.com', [5]],
      ['&state=pending&email=listed0@example.com', []],
    ];
    for (const [filter, positions] of expected) {
      for (const name of ['listed', organization]) {
        const found: string[] = [];
        let cursor: string | null = '';
        do {
          const page: { status: number; body: Body } = await api(
            'GET',
            `/invitations?organization=${name}&limit=2&include_total=true${filter}${cursor ? `&cursor=${cursor}` : ''}`,
          );
          expect(page.status).toBe(200);
          expect(page.body.total, filter).toBe(positions.length);
          found.push(...(page.body.invitations as Body[]).map(({ id }) => id));
          cursor = page.body.next_cursor as string | null;
        } while (cursor !== null);
        expect(found, filter).toEqual(positions.map((position) => ids[position]));
      }
    }
    expect((await api('GET', '/invitations?organization=nowhere&include_total=true')).body).toMatchObject({
      invitations: [],
      total: 0,
      next_cursor: null,
    });
    expect(await api('GET', '/invitations?cursor=bad')).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor' },
    });
  });
});
