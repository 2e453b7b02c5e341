/** Invitations through the vendor's door: who may invite, what is told, and how the invited answer. */
import {
  bootServer,
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

interface Invitation {
  readonly id: string;
  readonly email: string;
  readonly status: string;
}

describe.each(databaseKinds)('invitations through the rw3iss door on %s', (kind) => {
  let server: TestServer;
  let admin: Rw3issPerson;
  let organization: string;
  let roles: Record<string, string>;
  beforeAll(async () => {
    server = await bootServer(kind);
    admin = await rw3issPerson(server);
    organization = ((await admin.call('POST', '/admin/organizations', { name: `Acme ${kind}` })).body as { id: string })
      .id;
    const { body } = await admin.call('GET', `/orgs/${organization}/roles`);
    roles = Object.fromEntries(
      (body as { roles: { id: string; code: string }[] }).roles.map(({ id, code }) => [code, id]),
    );
  });
  afterAll(() => server.stop());

  const newUser = async (more: object = {}) => {
    const { email } = await rw3issUser(server, more);
    return { email, ...(await rw3issPerson(server, { email, password: PASSWORD })) };
  };
  const insider = async (code: string) => {
    const { id, email } = await newUser();
    const at = `/admin/organizations/${organization}/members`;
    expect((await admin.call('POST', at, { user_id: id, role_ids: [roles[code]] })).status).toBe(200);
    return rw3issPerson(server, { email, password: PASSWORD, organization_id: organization });
  };
  const at = () => `/orgs/${organization}/invitations`;
  const invite = async (body: object, by = admin): Promise<Invitation> => {
    const made = await by.call('POST', at(), body);
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body;
  };
  const find = async (id: string) => {
    const { body } = await admin.call('GET', at());
    return (body as { invitations: Invitation[] }).invitations.find((invitation) => invitation.id === id);
  };
  const answer = (by: Rw3issPerson, id: string, how: 'accept' | 'decline') =>
    by.call('POST', `/me/invitations/${id}/${how}`);
  const rolesInside = async (id: string) => {
    const { body } = await admin.call('GET', `/admin/users/${id}/organizations`);
    const { memberships } = body as { memberships: { roles: { code: string }[] }[] };
    return memberships.flatMap((membership) => membership.roles.map(({ code }) => code));
  };

  it('are made by who administers the organization, and read by who manages it', async () => {
    const [boss, manager, member] = [
      await insider('org_admin'),
      await insider('org_manager'),
      await insider('org_member'),
    ];
    const email = `asked-${kind}@example.com`;
    const made = await invite({ email, role_ids: [roles.org_manager] }, boss);
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      created_at: expect.stringMatching(/\.\d{3}Z$/),
      updated_at: expect.any(String),
      organization_id: organization,
      email,
      role_ids: [roles.org_manager],
      invited_by: boss.id,
      expires_at: expect.any(String),
      status: 'pending',
    });
    const { expires_at, created_at } = made as unknown as Record<string, string>;
    expect(Date.parse(expires_at as string) - Date.parse(created_at as string)).toBe(7 * 86_400_000);
    const { body } = await manager.call('GET', at());
    expect(body).toMatchObject({ invitations: [{ id: made.id }], pagination: { page: 1, page_size: 20, total: 1 } });
    expect(await boss.call('POST', at(), { email })).toMatchObject(refused(409, 'CONFLICT', 'email'));
    for (const [by, verb, path, more] of [
      [manager, 'POST', at(), { email: 'x@example.com' }],
      [manager, 'DELETE', `${at()}/${made.id}`, undefined],
      [member, 'GET', at(), undefined],
      [member, 'POST', at(), { email: 'x@example.com' }],
    ] as const)
      expect(await by.call(verb, path, more), path).toMatchObject(refused(403, 'INSUFFICIENT_PERMISSIONS'));
  });

  it('lead to no role of the platform, and to an address', async () => {
    const boss = await insider('org_admin');
    const { body } = await server.api('GET', '/roles?search=system_admin');
    const { uuidOf } = await import('@reeve/core');
    const system = uuidOf((body as { roles: { id: string }[] }).roles[0]?.id as string);
    const email = `no-${kind}@example.com`;
    for (const by of [boss, admin])
      for (const [role_ids, code] of [
        [[system], 'VALIDATION_ERROR'],
        [[NOBODY], 'VALIDATION_ERROR'],
        [['x'], 'INVALID_INPUT'],
      ] as const)
        expect(await by.call('POST', at(), { email, role_ids })).toMatchObject(refused(400, code, 'role_ids'));
    for (const wrong of ['', 'nobody', 'a b@example.com'])
      expect(await boss.call('POST', at(), { email: wrong })).toMatchObject(refused(400, 'INVALID_INPUT', 'email'));
  });

  it('are revoked where they were made, again as well', async () => {
    const invitation = await invite({ email: `revoked-${kind}@example.com` });
    const other = (await admin.call('POST', '/admin/organizations', { name: `Other ${kind}` })).body as { id: string };
    for (const path of [`/orgs/${other.id}/invitations/${invitation.id}`, `${at()}/${NOBODY}`])
      expect(await admin.call('DELETE', path)).toMatchObject(refused(404, 'INVITE_NOT_FOUND'));
    expect(await admin.call('DELETE', `${at()}/x`)).toMatchObject(refused(400, 'INVALID_INPUT', 'invitationId'));
    for (let i = 0; i < 2; i++) expect((await admin.call('DELETE', `${at()}/${invitation.id}`)).status).toBe(204);
    expect(await find(invitation.id)).toMatchObject({ status: 'revoked' });
  });

  it('are accepted by whom they are for, whose token goes on', async () => {
    const user = await newUser();
    const invitation = await invite({ email: user.email, role_ids: [roles.org_admin] });
    expect((await user.call('GET', '/me/invitations')).body).toMatchObject({
      invitations: [{ id: invitation.id, organization_id: organization, status: 'pending' }],
    });
    expect(await answer(user, invitation.id, 'accept')).toMatchObject({
      status: 200,
      body: { organization: { id: organization, name: `Acme ${kind}` } },
    });
    expect(await rolesInside(user.id)).toEqual(['org_admin']);
    expect(await find(invitation.id)).toMatchObject({
      status: 'accepted',
      accepted_by: user.id,
      accepted_at: expect.any(String),
    });
    expect((await user.call('GET', '/me/invitations')).body).toEqual({ invitations: [] });
    expect(await answer(user, invitation.id, 'accept')).toMatchObject(refused(400, 'INVITE_ALREADY_USED'));
    expect(await admin.call('DELETE', `${at()}/${invitation.id}`)).toMatchObject(refused(400, 'INVITE_ALREADY_USED'));
  });

  it('without roles make an org_member', async () => {
    const user = await newUser();
    const invitation = await invite({ email: user.email });
    expect((await answer(user, invitation.id, 'accept')).status).toBe(200);
    expect(await rolesInside(user.id)).toEqual(['org_member']);
  });

  it('are declined, and told so', async () => {
    const user = await newUser();
    const invitation = await invite({ email: user.email });
    expect((await answer(user, invitation.id, 'decline')).status).toBe(204);
    expect(await find(invitation.id)).toMatchObject({ status: 'declined' });
    expect(await find(invitation.id)).not.toHaveProperty('accepted_by');
    expect(await answer(user, invitation.id, 'accept')).toMatchObject(refused(400, 'INVITE_ALREADY_USED'));
    expect(await rolesInside(user.id)).toEqual([]);
  });

  it('are answered by nobody else, nor before the address is verified', async () => {
    const [user, other] = [await newUser(), await newUser()];
    const unproved = await newUser({ email_verified: false });
    const invitation = await invite({ email: user.email });
    const theirs = await invite({ email: unproved.email });
    for (const how of ['accept', 'decline'] as const) {
      expect(await answer(other, invitation.id, how)).toMatchObject(refused(404, 'INVITE_NOT_FOUND'));
      expect(await answer(user, 'x', how)).toMatchObject(refused(400, 'INVALID_INPUT', 'id'));
      expect(await answer(unproved, theirs.id, how)).toMatchObject(refused(403, 'EMAIL_NOT_VERIFIED'));
      expect(await rw3issCaller(server)('POST', `/me/invitations/${invitation.id}/${how}`)).toMatchObject(
        refused(401, 'UNAUTHORIZED'),
      );
    }
    expect(await unproved.call('GET', '/me/invitations')).toMatchObject(refused(403, 'EMAIL_NOT_VERIFIED'));
    expect(await find(invitation.id)).toMatchObject({ status: 'pending' });
  });

  it('expire after seven days', async () => {
    const { email } = await newUser();
    const invitation = await invite({ email });
    server.clock.advance(7 * 86_400_000 + 1000);
    admin = await rw3issPerson(server);
    const user = await rw3issPerson(server, { email, password: PASSWORD });
    expect(await answer(user, invitation.id, 'accept')).toMatchObject(refused(400, 'INVITE_EXPIRED'));
    expect(await find(invitation.id)).toMatchObject({ status: 'expired' });
  });
});
