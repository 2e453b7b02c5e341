import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../rows.ts';

interface Organization {
  readonly id: string;
  readonly name: string;
  readonly owner_id: string | null;
  readonly member_count: number;
  readonly metadata: Record<string, unknown>;
}
interface Members {
  readonly members: { id: string; roles: string[] }[];
  readonly total: number;
  readonly next_cursor: string | null;
}

describe.each(databaseKinds)('organizations on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let made = 0;
  const make = async (body: object = {}): Promise<Organization> => {
    const answer = await server.api('POST', '/organizations', { name: `org-${++made}`, ...body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const person = async (): Promise<string> =>
    ((await server.api('POST', '/users', { username: `organizations-${++made}` })).body as { id: string }).id;
  const get = async (id: string): Promise<Organization> => (await server.api('GET', `/organizations/${id}`)).body;
  const membersOf = async (id: string): Promise<Members> =>
    (await server.api('GET', `/organizations/${id}/members?include_total=true&limit=100`)).body;
  const events = (type: string, target: string) =>
    server
      .work()
      .read((db) => countRows(db.selectFrom('events').where('type', '=', type).where('target_id', '=', target)));
  const put = (id: string, userId: string, body?: object) =>
    server.api('PUT', `/organizations/${id}/members/${userId}`, body);

  it('are listed in the order that is asked for, page by page', async () => {
    const tag = `sorted${kind}`;
    const rows = [
      { name: `${tag}-b`, display_name: 'zulu' },
      { name: `${tag}-d`, display_name: 'Alpha' },
      { name: `${tag}-a` },
      { name: `${tag}-e`, display_name: 'alpha' },
      { name: `${tag}-c`, display_name: 'Mike' },
    ];
    for (const row of rows) await make(row);
    const listed = async (sort: string): Promise<string> => {
      const names: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const from: string = cursor && `&cursor=${cursor}`;
        const { status, body } = await server.api('GET', `/organizations?search=${tag}&limit=2${sort}${from}`);
        expect(status, JSON.stringify(body)).toBe(200);
        const page = body as { organizations: Organization[]; next_cursor: string | null };
        names.push(...page.organizations.map(({ name }) => name.at(-1) as string));
        cursor = page.next_cursor;
      }
      return names.join('');
    };
    const orders = {
      '': 'ceadb',
      '-created_at': 'ceadb',
      created_at: 'bdaec',
      name: 'abcde',
      '-name': 'edcba',
      // Without a name to show first; those that are alike by age.
      display_name: 'adecb',
      '-display_name': 'bceda',
    };
    for (const [sort, order] of Object.entries(orders))
      expect([sort, await listed(sort && `&sort=${sort}`)]).toEqual([sort, order]);
    const { body } = await server.api('GET', `/organizations?search=${tag}&limit=2&sort=name`);
    const other = `/organizations?sort=-name&cursor=${(body as { next_cursor: string }).next_cursor}`;
    expect((await server.api('GET', other)).body).toMatchObject({ code: 'invalid_cursor' });
    expect((await server.api('GET', '/organizations?sort=owner_id')).status).toBe(400);
  });

  it('is found by id and by name, and its name is unique', async () => {
    const acme = await make({
      name: 'acme',
      display_name: 'ACME Ünited',
      metadata: { plan: 'gold', a: { b: 1, c: 2 } },
    });
    expect(await get('acme')).toEqual(acme);
    expect((await server.api('POST', '/organizations', { name: 'acme' })).body).toMatchObject({
      code: 'name_taken',
      errors: [{ field: 'name' }],
    });
    expect((await server.api('POST', '/organizations', { name: 'Acme' })).status).toBe(400);
    const patched = await server.api('PATCH', `/organizations/${acme.id}`, {
      metadata: { plan: null, a: { b: null, d: 3 } },
    });
    expect((patched.body as Organization).metadata).toEqual({ a: { c: 2, d: 3 } });
    expect(
      ((await server.api('PATCH', `/organizations/${acme.id}`, { metadata: null })).body as Organization).metadata,
    ).toEqual({});
    const { body } = await server.api('GET', '/organizations?search=ÜNIT&include_total=true');
    expect(body).toMatchObject({ total: 1, organizations: [{ id: acme.id }] });
    const all = (await server.api('GET', '/organizations?include_total=true&limit=100')).body as never as {
      organizations: unknown[];
      total: number;
    };
    expect(all.total).toBe(all.organizations.length);
    expect((await server.api('PATCH', '/organizations/acme', { display_name: 'x' })).status).toBe(404);
  });

  it('bounds its metadata', async () => {
    let deep: unknown = 1;
    for (let i = 0; i < 500; i++) deep = { a: deep };
    for (const metadata of [deep, { big: 'x'.repeat(70_000) }]) {
      const refused = await server.api('POST', '/organizations', { name: 'bounded', metadata });
      expect(refused.status).toBe(400);
      expect(refused.body).toMatchObject({ errors: [{ field: 'metadata' }] });
      const { id } = await make();
      expect((await server.api('PATCH', `/organizations/${id}`, { metadata })).status).toBe(400);
    }
  });

  it('makes its owner a member, who stays one while owner', async () => {
    const [ada, bob] = [await person(), await person()];
    const organization = await make({ owner_id: ada });
    expect(organization).toMatchObject({ owner_id: ada, member_count: 1 });
    expect((await server.api('DELETE', `/organizations/${organization.id}/members/${ada}`)).body).toMatchObject({
      code: 'conflict',
    });
    const moved = await server.api('PATCH', `/organizations/${organization.id}`, { owner_id: bob });
    expect(moved.body).toMatchObject({ owner_id: bob, member_count: 2 });
    expect((await server.api('DELETE', `/organizations/${organization.id}/members/${ada}`)).status).toBe(204);
    expect((await server.api('DELETE', `/organizations/${organization.id}/members/${ada}`)).status).toBe(204);
    expect(await events('organization.member_removed', organization.id)).toBe(1);
    expect(await get(organization.id)).toMatchObject({ member_count: 1 });
    expect(
      (await server.api('POST', '/organizations', { name: 'ownerless', owner_id: 'usr_nobody' })).body,
    ).toMatchObject({
      code: 'invalid_request',
      errors: [{ field: 'owner_id' }],
    });
    expect((await server.api('DELETE', `/users/${bob}`)).status).toBe(204);
    expect(await get(organization.id)).toMatchObject({ owner_id: null, member_count: 0 });
    expect(await events('organization.updated', organization.id)).toBe(2);
  });

  it('keeps a member who becomes owner at the moment of leaving', async () => {
    for (let round = 0; round < 6; round++) {
      const ada = await person();
      const { id } = await make();
      await put(id, ada);
      const [left, owns] = await Promise.all([
        server.api('DELETE', `/organizations/${id}/members/${ada}`),
        server.api('PATCH', `/organizations/${id}`, { owner_id: ada }),
      ]);
      expect(owns.status).toBe(200);
      expect([204, 409]).toContain(left.status);
      const { members, total } = await membersOf(id);
      expect(members.map((member) => member.id)).toEqual([ada]);
      expect(total).toBe(1);
    }
  });

  it('replaces the roles of a member only where roles are given', async () => {
    const ada = await person();
    const { id } = await make();
    expect((await put(id, ada)).status).toBe(204);
    expect((await put(id, ada, { roles: ['org_admin', 'ORG_MEMBER'] })).status).toBe(204);
    expect((await membersOf(id)).members).toMatchObject([{ id: ada, roles: ['org_admin', 'org_member'] }]);
    await put(id, ada);
    await put(id, ada, { roles: ['org_member', 'org_admin'] });
    expect(await events('organization.member_updated', id)).toBe(1);
    const unknown = await put(id, ada, { roles: ['org_admin', 'nonsense'] });
    expect(unknown.status).toBe(400);
    expect(unknown.body).toMatchObject({ errors: [{ field: 'roles.1' }] });
    await put(id, ada, { roles: [] });
    expect((await membersOf(id)).members).toMatchObject([{ id: ada, roles: [] }]);
    expect(await events('organization.member_updated', id)).toBe(2);
    expect(await events('organization.member_added', id)).toBe(1);
  });

  it('counts concurrent memberships exactly and lists a user’s organizations', async () => {
    const people = await Promise.all(Array.from({ length: 5 }, person));
    const places = await Promise.all(Array.from({ length: 3 }, () => make()));
    await Promise.all(places.flatMap(({ id }) => people.flatMap((one) => [put(id, one), put(id, one)])));
    for (const { id } of places) {
      const { total, members } = await membersOf(id);
      expect([total, members.length]).toEqual([5, 5]);
      const { body } = await server.api('GET', `/users?organization=${id}&include_total=true`);
      expect((body as { total: number }).total).toBe(5);
    }
    const { body } = await server.api('GET', `/users/${people[0]}/organizations?limit=2`);
    const page = body as { organizations: Organization[]; next_cursor: string };
    const rest = (await server.api('GET', `/users/${people[0]}/organizations?cursor=${page.next_cursor}`))
      .body as never as {
      organizations: Organization[];
      next_cursor: null;
    };
    expect([...page.organizations, ...rest.organizations].map(({ id }) => id)).toEqual(
      places
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
    expect(rest.next_cursor).toBeNull();
  });

  it('ends memberships with the organization', async () => {
    const ada = await person();
    const { id, name } = await make({ owner_id: ada });
    await put(id, ada, { roles: ['org_admin'] });
    expect((await server.api('DELETE', `/organizations/${id}`)).status).toBe(204);
    expect((await server.api('GET', `/organizations/${name}`)).status).toBe(404);
    expect((await server.api('GET', `/users/${ada}/organizations`)).body).toMatchObject({ organizations: [] });
    expect((await server.api('GET', `/users?organization=${id}&include_total=true`)).body).toMatchObject({ total: 0 });
    const left = await server
      .work()
      .read((db) => countRows(db.selectFrom('counters').where('name', '=', `users:organization:${id}`)));
    expect(left).toBe(0);
  });
});
