/** Organizations and their members through the vendor's door: for administrators, and for who acts in one. */
import {
  bootServer,
  databaseKinds,
  RW3ISS_PASSWORD as PASSWORD,
  type Rw3issPerson,
  rw3issPerson,
  rw3issUser,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slugOf } from './organization.ts';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const refused = (status: number, code: string, field?: string) => ({
  status,
  body: { error: { code, ...(field === undefined ? {} : { details: { field } }) } },
});

interface Organization {
  readonly id: string;
  readonly [name: string]: unknown;
}
interface Member {
  readonly user_id: string;
  readonly roles: readonly { readonly code: string }[];
}

it.each([
  ['Acme & Söhne GmbH', 'acme-sohne-gmbh'],
  ['  --x--  ', 'x'],
  [`${'a'.repeat(63)} bc`, 'a'.repeat(63)],
  ['株式会社', slugOf('株式会社')],
])('the slug of %j is %s', (name, slug) => {
  expect(slugOf(name)).toBe(slug);
  expect(slug).toMatch(/^[a-z0-9][a-z0-9_-]{0,63}$/);
});

describe.each(databaseKinds)('organizations through the rw3iss door on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  let count = 0;
  beforeAll(async () => {
    server = await bootServer(kind);
    admin = await rw3issPerson(server);
  });
  afterAll(() => server.stop());

  const newUser = () => rw3issUser(server);
  const signIn = (email: string, more: object = {}) => rw3issPerson(server, { email, password: PASSWORD, ...more });
  const make = async (body: object = {}): Promise<Organization & { at: string }> => {
    const made = await admin.call('POST', '/admin/organizations', { name: `Org ${++count}`, ...body });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const organization = made.body as Organization;
    return { ...organization, at: `/admin/organizations/${organization.id}` };
  };
  const membersOf = async (at: string) => {
    const { body } = await admin.call('GET', `${at}/members`);
    return body as { members: Member[]; pagination: object };
  };
  const rolesOf = async (at: string, id: string) =>
    (await membersOf(at)).members.find(({ user_id }) => user_id === id)?.roles.map(({ code }) => code);
  const add = (at: string, user_id: string, role_ids: string[] = []) =>
    admin.call('POST', `${at}/members`, { user_id, role_ids });
  const setRoles = (at: string, id: string, ...role_codes: string[]) =>
    admin.call('PUT', `${at}/members/${id}/roles`, { role_codes });
  /** Somebody in an organization, in a session that acts in it. */
  const insider = async ({ id, at }: { id: string; at: string }, ...codes: string[]) => {
    const user = await newUser();
    expect((await add(at, user.id)).status).toBe(200);
    if (codes.length > 0) expect((await setRoles(at, user.id, ...codes)).status).toBe(200);
    return { ...user, ...(await signIn(user.email, { organization_id: id })) };
  };

  describe('for administrators', () => {
    it('begin with their maker as owner and org_admin, and keep the texts that they are given', async () => {
      const texts = { description: 'Makes things', website: 'https://acme.example', city: 'Köln', logo_url: 'l' };
      const made = await make({ name: `Acme ${kind} Ltd`, ...texts });
      expect(made).toMatchObject({
        name: `Acme ${kind} Ltd`,
        slug: `acme-${kind}-ltd`,
        status: 'active',
        owner_id: admin.id,
        sso_enabled: false,
        ...texts,
        created_at: expect.stringMatching(/:\d\dZ$/),
      });
      const { at, ...shown } = made;
      expect((await admin.call('GET', at)).body).toEqual(shown);
      expect(await rolesOf(at, admin.id)).toEqual(['org_admin']);
      // The token of who made it goes on.
      expect((await admin.call('GET', `/orgs/${made.id}`)).body).toEqual(shown);
      expect(await admin.call('POST', '/admin/organizations', { name: `ACME, ${kind} ltd!` })).toMatchObject(
        refused(409, 'ORGANIZATION_ALREADY_EXISTS'),
      );
      for (const name of ['', ' '])
        expect(await admin.call('POST', '/admin/organizations', { name })).toMatchObject(
          refused(400, 'INVALID_INPUT', 'name'),
        );
      expect(await admin.call('POST', '/admin/organizations', { name: 'x', nonsense: 1 })).toMatchObject(
        refused(400, 'INVALID_INPUT', 'nonsense'),
      );
    });

    it('are made once where two are asked for at once', async () => {
      const name = `Twice ${kind}`;
      const answers = await Promise.all([1, 2, 3].map(() => admin.call('POST', '/admin/organizations', { name })));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
      const others = await Promise.all(
        ['a', 'b', 'c'].map((more) => admin.call('POST', '/admin/organizations', { name: `${name} ${more}` })),
      );
      expect(others.map(({ status }) => status)).toEqual([201, 201, 201]);
    });

    it('are listed oldest first, a page at a time, with the true total', async () => {
      const made = [await make({ name: `Ls ${kind} b` }), await make({ name: `Ls ${kind} a` })];
      const list = async (query = '') => {
        const { status, body } = await admin.call('GET', `/admin/organizations${query}`);
        expect(status).toBe(200);
        return body as {
          organizations: Organization[];
          pagination: { page: number; page_size: number; total: number };
        };
      };
      const { organizations, pagination } = await list();
      expect(pagination).toEqual({ page: 1, page_size: 25, total: organizations.length });
      expect(organizations.slice(-2).map(({ id }) => id)).toEqual(made.map(({ id }) => id));
      const last = await list(`?page=${pagination.total}&page_size=1`);
      expect(last).toEqual({
        organizations: organizations.slice(-1),
        pagination: { page: pagination.total, page_size: 1, total: pagination.total },
      });
      expect((await list('?sort_order=desc&page_size=1')).organizations).toEqual(organizations.slice(-1));
      const names = (await list('?sort_by=name')).organizations.map(({ id }) => id);
      expect(names.indexOf(made[1]?.id as string)).toBe(names.indexOf(made[0]?.id as string) - 1);
      expect((await list('?status=suspended')).organizations).toEqual([]);
      expect((await list('?page=0&page_size=none')).pagination).toEqual(pagination);
    });

    it('change in part; another name is another slug, an empty text is taken away', async () => {
      const { at, id } = await make({ name: `Before ${kind}`, city: 'Ulm', country: 'DE' });
      const changed = await admin.call('PUT', at, { name: `After ${kind}`, city: '', state: 'BW' });
      expect(changed).toMatchObject({
        status: 200,
        body: { id, name: `After ${kind}`, slug: `after-${kind}`, country: 'DE', state: 'BW' },
      });
      expect(changed.body).not.toHaveProperty('city');
      expect((await admin.call('PUT', at, { description: 'd' })).body).toMatchObject({
        name: `After ${kind}`,
        description: 'd',
        state: 'BW',
      });
      const other = await make();
      expect(await admin.call('PUT', at, { name: other.name, state: 'HE' })).toMatchObject(
        refused(409, 'ORGANIZATION_ALREADY_EXISTS'),
      );
      expect((await admin.call('GET', at)).body).toMatchObject({ name: `After ${kind}`, state: 'BW' });
      expect(await admin.call('PUT', at, { name: ' ' })).toMatchObject(refused(400, 'INVALID_INPUT', 'name'));
    });

    it('end, and are unknown then', async () => {
      const { at } = await make();
      expect(await admin.call('DELETE', at)).toMatchObject({ status: 200, body: { success: true } });
      for (const [verb, path, body] of [
        ['GET', at, undefined],
        ['PUT', at, {}],
        ['DELETE', at, undefined],
        ['GET', `${at}/members`, undefined],
        ['POST', `${at}/members`, { user_id: admin.id, role_ids: [] }],
        ['DELETE', `${at}/members/${admin.id}`, undefined],
        ['PUT', `${at}/members/${admin.id}/roles`, { role_codes: [] }],
        ['GET', at.replace('/admin/organizations', '/orgs'), undefined],
      ] as const)
        expect(await admin.call(verb, path, body), path).toMatchObject(refused(404, 'ORGANIZATION_NOT_FOUND'));
      expect(await admin.call('GET', '/admin/organizations/acme')).toMatchObject(
        refused(400, 'INVALID_INPUT', 'orgId'),
      );
    });

    it('are nobody else’s to see', async () => {
      const { email } = await newUser();
      const { call } = await signIn(email);
      const { at } = await make();
      for (const path of ['/admin/organizations', at, `${at}/members`, `/admin/users/${admin.id}/organizations`])
        expect(await call('GET', path), path).toMatchObject(refused(403, 'INSUFFICIENT_PERMISSIONS'));
    });
  });

  describe('have members', () => {
    it('who are org_member unless their roles are given', async () => {
      const { at, id: organization } = await make();
      const user = await newUser();
      expect(await add(at, user.id)).toMatchObject({ status: 200, body: { success: true } });
      const { members, pagination } = await membersOf(at);
      expect(pagination).toEqual({ page: 1, page_size: 25, total: 2 });
      expect(members.find(({ user_id }) => user_id === user.id)).toMatchObject({
        organization_id: organization,
        status: 'active',
        joined_at: expect.stringMatching(/:\d\dZ$/),
        user: { id: user.id, email: user.email },
        roles: [{ code: 'org_member', is_org_role: true }],
      });
      const roles = (await admin.call('GET', `/orgs/${organization}/roles`)).body as {
        roles: Record<string, string>[];
      };
      expect(roles.roles.map(({ code }) => code)).toEqual(['org_admin', 'org_manager', 'org_member']);
      const [, manager] = roles.roles;
      expect((await admin.call('GET', `/orgs/${organization}/roles/${manager?.id}`)).body).toEqual(manager);
      expect((await add(at, user.id, [manager?.id as string])).status).toBe(200);
      expect(await rolesOf(at, user.id)).toEqual(['org_manager']);
      // One who is a member already is not made less by being added.
      expect((await add(at, user.id)).status).toBe(200);
      expect(await rolesOf(at, user.id)).toEqual(['org_manager']);
    });

    it('who can’t be nobody, nor hold a role of the platform', async () => {
      const { at, id: organization } = await make();
      const user = await newUser();
      expect(await add(at, NOBODY)).toMatchObject(refused(404, 'USER_NOT_FOUND'));
      expect(await add(at, 'x')).toMatchObject(refused(400, 'INVALID_INPUT', 'user_id'));
      expect(await add(at, user.id, ['x'])).toMatchObject(refused(400, 'INVALID_INPUT', 'role_ids'));
      const { body } = await server.api('GET', '/roles?search=system_admin');
      const { uuidOf } = await import('@reeve/core');
      const system = uuidOf((body as { roles: { id: string }[] }).roles[0]?.id as string);
      for (const role of [NOBODY, system]) {
        expect(await add(at, user.id, [role])).toMatchObject(refused(400, 'VALIDATION_ERROR', 'role_ids'));
        expect(await admin.call('GET', `/orgs/${organization}/roles/${role}`)).toMatchObject(
          refused(404, 'ROLE_NOT_FOUND'),
        );
      }
      expect((await membersOf(at)).members).toHaveLength(1);
    });

    it('whose roles are replaced as a whole, all or none', async () => {
      const { at } = await make();
      const user = await newUser();
      expect(await setRoles(at, user.id, 'org_admin')).toMatchObject(refused(403, 'NOT_ORGANIZATION_MEMBER'));
      await add(at, user.id);
      expect(await setRoles(at, user.id, 'org_admin', 'org_manager')).toMatchObject({
        status: 200,
        body: { user_id: user.id, roles: [{ code: 'org_admin' }, { code: 'org_manager' }] },
      });
      for (const code of ['nonsense', 'system_admin', 'buyer'])
        expect(await setRoles(at, user.id, 'org_member', code)).toMatchObject(
          refused(400, 'VALIDATION_ERROR', 'role_codes'),
        );
      expect(await admin.call('PUT', `${at}/members/${user.id}/roles`, {})).toMatchObject(
        refused(400, 'INVALID_INPUT', 'role_codes'),
      );
      expect(await rolesOf(at, user.id)).toEqual(['org_admin', 'org_manager']);
      expect((await setRoles(at, user.id)).body).toMatchObject({ roles: [] });
      expect(await rolesOf(at, user.id)).toEqual([]);
    });

    it('who leave, but for the owner', async () => {
      const { at } = await make();
      const user = await newUser();
      await add(at, user.id);
      const gone = () => admin.call('DELETE', `${at}/members/${user.id}`);
      expect(await gone()).toMatchObject({ status: 200, body: { success: true } });
      expect(await gone()).toMatchObject(refused(403, 'NOT_ORGANIZATION_MEMBER'));
      expect(await admin.call('DELETE', `${at}/members/${NOBODY}`)).toMatchObject(
        refused(403, 'NOT_ORGANIZATION_MEMBER'),
      );
      expect(await admin.call('DELETE', `${at}/members/${admin.id}`)).toMatchObject(refused(400, 'VALIDATION_ERROR'));
      expect(await admin.call('DELETE', `${at}/members/x`)).toMatchObject(refused(400, 'INVALID_INPUT', 'userId'));
      expect((await membersOf(at)).members.map(({ user_id }) => user_id)).toEqual([admin.id]);
    });

    it('who all leave at once, and others join meanwhile', async () => {
      const { at } = await make();
      const leaving = [await newUser(), await newUser(), await newUser()];
      const joining = [await newUser(), await newUser()];
      for (const { id } of leaving) await add(at, id);
      const answers = await Promise.all([
        ...leaving.map(({ id }) => admin.call('DELETE', `${at}/members/${id}`)),
        ...joining.map(({ id }) => add(at, id)),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      const { members, pagination } = await membersOf(at);
      expect(members.map(({ user_id }) => user_id)).toEqual([admin.id, ...joining.map(({ id }) => id)]);
      expect(pagination).toMatchObject({ total: 3 });
    });

    it('a page at a time, and added once where that is asked twice at once', async () => {
      const { at } = await make();
      const people = [await newUser(), await newUser()];
      const answers = await Promise.all(people.flatMap(({ id }) => [add(at, id), add(at, id)]));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      const page = async (n: number) => (await admin.call('GET', `${at}/members?page=${n}&page_size=2`)).body;
      expect(await page(1)).toMatchObject({
        members: [{ user_id: admin.id }, { user_id: people[0]?.id }],
        pagination: { page: 1, page_size: 2, total: 3 },
      });
      expect(await page(2)).toMatchObject({ members: [{ user_id: people[1]?.id }], pagination: { page: 2, total: 3 } });
      expect(await page(3)).toMatchObject({ members: [], pagination: { total: 3 } });
    });
  });

  describe('of a user', () => {
    it('are told to administrators, and to the user under both names', async () => {
      const user = await newUser();
      const [first, second] = [await make(), await make()];
      await add(first.at, user.id);
      await add(second.at, user.id);
      await setRoles(second.at, user.id, 'org_manager');
      const { body } = await admin.call('GET', `/admin/users/${user.id}/organizations`);
      const { memberships } = body as { memberships: object[] };
      expect(memberships).toMatchObject([
        { organization: { id: first.id, slug: first.slug }, status: 'active', roles: [{ code: 'org_member' }] },
        { organization: { id: second.id }, joined_at: expect.stringMatching(/Z$/), roles: [{ code: 'org_manager' }] },
      ]);
      const { call } = await signIn(user.email);
      expect((await call('GET', '/me/orgs')).body).toEqual({ organizations: memberships, memberships });
      expect(await admin.call('GET', `/admin/users/${NOBODY}/organizations`)).toMatchObject(
        refused(404, 'USER_NOT_FOUND'),
      );
    });
  });

  describe('for who acts in one', () => {
    const NAMES = ['get', 'listMembers', 'listRoles', 'update', 'removeMember'] as const;
    const calls = (id: string, victim: string) =>
      ({
        get: ['GET', `/orgs/${id}`],
        listMembers: ['GET', `/orgs/${id}/members`],
        listRoles: ['GET', `/orgs/${id}/roles`],
        update: ['PUT', `/orgs/${id}`, { description: 'ours' }],
        removeMember: ['DELETE', `/orgs/${id}/members/${victim}`],
      }) as const;
    const may = async (person: Rw3issPerson, id: string, victim: string) => {
      const allowed: string[] = [];
      for (const name of NAMES) {
        const [verb, path, body] = calls(id, victim)[name];
        const answer = await person.call(verb, path, body);
        if (answer.status === 200) allowed.push(name);
        else expect(answer, name).toMatchObject(refused(403, 'INSUFFICIENT_PERMISSIONS'));
      }
      return allowed;
    };
    const victimOf = async ({ at }: { at: string }) => {
      const { id } = await newUser();
      await add(at, id);
      return id;
    };

    it('by the roles that they hold inside it', async () => {
      const organization = await make();
      const victim = await victimOf(organization);
      const { id } = organization;
      expect(await may(await insider(organization), id, victim)).toEqual(['get']);
      expect(await may(await insider(organization, 'org_manager'), id, victim)).toEqual(NAMES.slice(0, 3));
      expect(await may(await insider(organization, 'org_admin'), id, victim)).toEqual([...NAMES]);
      expect(await may(admin, id, await victimOf(organization))).toEqual([...NAMES]);
    });

    it('not in another, nor outside any', async () => {
      const [ours, theirs] = [await make(), await make()];
      const boss = await insider(ours, 'org_admin');
      expect(await may(boss, theirs.id, await victimOf(theirs))).toEqual([]);
      await add(theirs.at, boss.id);
      await setRoles(theirs.at, boss.id, 'org_admin');
      const outside = await signIn(boss.email);
      expect(await may(outside, ours.id, await victimOf(ours))).toEqual([]);
      const inside = await signIn(boss.email, { organization_id: ours.id });
      expect(await may(inside, theirs.id, await victimOf(theirs))).toEqual([]);
    });

    it('until they are members no longer', async () => {
      const organization = await make();
      const boss = await insider(organization, 'org_admin');
      // Roles of the platform do not count inside, those that are held now do.
      await setRoles(organization.at, boss.id);
      expect((await boss.call('GET', `/orgs/${organization.id}`)).status).toBe(401);
      const again = await signIn(boss.email, { organization_id: organization.id });
      expect(await may(again, organization.id, await victimOf(organization))).toEqual(['get']);
      await admin.call('DELETE', `${organization.at}/members/${boss.id}`);
      expect((await again.call('GET', `/orgs/${organization.id}`)).status).toBe(401);
    });

    it('the owner stays even for an org_admin', async () => {
      const organization = await make();
      const boss = await insider(organization, 'org_admin');
      const at = `/orgs/${organization.id}/members`;
      expect(await boss.call('DELETE', `${at}/${admin.id}`)).toMatchObject(refused(400, 'VALIDATION_ERROR'));
      expect(await boss.call('DELETE', `${at}/${NOBODY}`)).toMatchObject(refused(403, 'NOT_ORGANIZATION_MEMBER'));
    });
  });
});
