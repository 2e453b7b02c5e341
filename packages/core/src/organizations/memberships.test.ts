/** Memberships by page number, with the roles held inside, and whose tokens a change of them ends. */
import type { Organization, User } from '@reeve/contract';
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../operations.ts';
import { asUser } from '../tickets/tickets.ts';
import { memberOfOrganization, membershipsOfUser, membersPage, organizationsPage } from './memberships.ts';

describe.each(databaseKinds)('memberships on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  let count = 0;
  const made = async <T>(path: string, body: object): Promise<T> => {
    const answer = await server.api('POST', path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const person = () => made<User>('/users', { username: `member${++count}` });
  const organization = (body: object = {}) =>
    made<Organization>('/organizations', { name: `members${++count}`, ...body });
  const add = async ({ id }: Organization, user: User, ...roles: string[]) =>
    expect((await server.api('PUT', `/organizations/${id}/members/${user.id}`, { roles })).status).toBe(204);
  const versionOf = ({ id }: User) =>
    server
      .work()
      .read(
        async (db) =>
          (await db.selectFrom('users').select('token_version').where('id', '=', id).executeTakeFirstOrThrow())
            .token_version,
      );

  it('are paged from the oldest user on, each with the roles held there', async () => {
    const [here, there] = [await organization(), await organization()];
    const people = [await person(), await person(), await person()] as const;
    // Roles of the platform and of other organizations are not held here.
    await server.api('PUT', `/users/${people[0].id}/roles`, { roles: ['buyer'] });
    await add(there, people[0], 'org_admin');
    await add(here, people[2], 'org_member', 'org_admin');
    await add(here, people[0]);
    await add(here, people[1], 'org_manager');
    const page = (offset: number, limit: number) => membersPage(server.work(), here.id, { offset, limit });
    const all = await page(0, 10);
    expect(all).toMatchObject({
      total: 3,
      members: [
        { user: { id: people[0].id, username: people[0].username }, joined_at: expect.stringMatching(/Z$/), roles: [] },
        { user: { id: people[1].id }, roles: [{ code: 'org_manager' }] },
        { user: { id: people[2].id }, roles: [{ code: 'org_admin' }, { code: 'org_member' }] },
      ],
    });
    expect(await page(1, 1)).toEqual({ members: all.members.slice(1, 2), total: 3 });
    expect(await page(3, 1)).toEqual({ members: [], total: 3 });
    expect(await memberOfOrganization(server.work(), here.id, people[1].id)).toEqual(all.members[1]);
    expect(await memberOfOrganization(server.work(), there.id, people[1].id)).toBeUndefined();
    expect(await memberOfOrganization(server.work(), here.id, 'usr_x')).toBeUndefined();
    await expect(membersPage(server.work(), 'org_x', { offset: 0, limit: 1 })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('of a user are told with the organizations, the oldest first', async () => {
    const [first, second] = [await organization(), await organization()];
    const user = await person();
    expect(await membershipsOfUser(server.work(), user.id)).toEqual([]);
    await add(second, user, 'org_manager');
    await add(first, user);
    expect(await membershipsOfUser(server.work(), user.id)).toMatchObject([
      { organization: { id: first.id, member_count: 1 }, roles: [] },
      { organization: { id: second.id }, joined_at: expect.stringMatching(/Z$/), roles: [{ code: 'org_manager' }] },
    ]);
    await expect(membershipsOfUser(server.work(), 'usr_x')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('belong to organizations that are paged by age or by what they are called', async () => {
    const [b, a] = [await organization({ display_name: 'Bb' }), await organization({ display_name: 'aa' })];
    const page = async (sort: 'created_at' | 'name', direction: 'asc' | 'desc', offset = 0, limit = 100) =>
      organizationsPage(server.work(), { sort, direction, offset, limit });
    const { organizations, total } = await page('created_at', 'asc');
    expect(organizations).toHaveLength(total);
    expect(organizations.slice(-2)).toEqual([b, a]);
    expect(await page('created_at', 'desc', 1, 1)).toEqual({ organizations: [b], total });
    const named = (await page('name', 'asc')).organizations.map(({ id }) => id);
    expect(named.slice(-2)).toEqual([a.id, b.id]);
    expect((await page('name', 'desc', 0, 1)).organizations).toEqual([b]);
  });

  describe('end the tokens', () => {
    it('of a member whose roles change, not of who becomes one', async () => {
      const user = await person();
      const place = await organization();
      const before = await versionOf(user);
      await add(place, user, 'org_member');
      expect(await versionOf(user)).toBe(before);
      await add(place, user, 'org_admin');
      expect(await versionOf(user)).toBe(before + 1);
    });

    it('of everybody in an organization that ends, but for who ends it', async () => {
      const [user, other] = [await person(), await person()];
      const place = await organization();
      for (const member of [user, other]) await add(place, member);
      const [own, theirs] = [await versionOf(user), await versionOf(other)];
      const work = asUser(server.work(), user.id);
      await operations.organizations.delete(work, { organization_id: place.id, query: undefined, body: undefined });
      expect([await versionOf(user), await versionOf(other)]).toEqual([own, theirs + 1]);
    });
  });
});
