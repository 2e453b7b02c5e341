/** Invitations to organizations: `/orgs/{orgId}/invitations` for who runs one, `/me/invitations` for who is invited. */
import { array, object, optional, type Static, string } from '@reeve/contract';
import {
  acceptOwnInvitation,
  ClosedInvitation,
  createWork,
  type DialectCall,
  type DialectRow,
  declineOwnInvitation,
  invitationsToUser,
  noBody,
  operations,
  Problem,
  resultOf,
  row,
  UnprovedAddress,
  type Work,
} from '@reeve/core';
import { entranceOf } from '../door.ts';
import { SIGNED_IN } from '../gate.ts';
import { idFrom } from '../ids.ts';
import { invitationView } from '../membership.ts';
import { organizationView } from '../organization.ts';
import { enterOrganization, ORGANIZATION_ADMIN, ORGANIZATION_MANAGER } from '../organization-gate.ts';
import { codesOf } from '../organization-roles.ts';
import { Refusal } from '../problems.ts';
import { ownIdOf } from '../user.ts';

const createBody = object({
  email: string({ minLength: 3, maxLength: 254, pattern: '^[^@\\s]+@[^@\\s]+$' }),
  role_ids: optional(array(string({ maxLength: 128 }), { maxItems: 50 })),
});

/** Who administers an organization gives its roles; the row has judged that they are no others. */
const givingRoles = ({ services, tenant, caller, actor }: Work): Work =>
  createWork({ services, tenant, caller, actor });

async function create(call: DialectCall<undefined, Static<typeof createBody>>) {
  const { work, claims, body } = call;
  const organization = await enterOrganization(call, ORGANIZATION_ADMIN);
  const codes = await codesOf(work, body.role_ids ?? []);
  // A stranger who takes it up gets the home that the application registers people in.
  const { pools } = await entranceOf(work, claims.azp as string);
  const invitation = await operations.invitations.create(givingRoles(work), {
    query: undefined,
    body: {
      email: body.email,
      organization,
      roles: codes.length === 0 ? ['org_member'] : [...new Set(codes)],
      ...(pools[0] ? { connection: pools[0].id } : {}),
    },
  });
  return invitationView(resultOf(invitation));
}

/** Contract `organizations.listInvitations`. */
const PAGE_SIZE = 20;

async function list(call: DialectCall) {
  const organization = await enterOrganization(call, ORGANIZATION_MANAGER);
  const { invitations, total } = resultOf(
    await operations.invitations.list(call.work, {
      query: { organization, limit: PAGE_SIZE, include_total: true },
      body: undefined,
    }),
  );
  return { invitations: invitations.map(invitationView), pagination: { page: 1, page_size: PAGE_SIZE, total } };
}

const unknown = () => new Refusal(404, 'INVITE_NOT_FOUND', 'No invitation has this id.');

/** One that is revoked already stays so: the vendor's client repeats what it got no answer to. */
async function revoke(call: DialectCall) {
  const { work, params } = call;
  const organization = await enterOrganization(call, ORGANIZATION_ADMIN);
  const invitation_id = idFrom('inv', 'invitationId', params.invitation_id);
  const found = resultOf(await operations.invitations.get(work, { invitation_id, ...noBody }));
  if (found.organization_id !== organization) throw unknown();
  if (found.state !== 'revoked') await operations.invitations.revoke(work, { invitation_id, ...noBody });
}

const listOwn = ({ work }: DialectCall) =>
  answering(async () => ({ invitations: (await invitationsToUser(work, ownIdOf(work))).map(invitationView) }));

async function accept({ work, params }: DialectCall) {
  const which = { user_id: ownIdOf(work), invitation_id: idFrom('inv', 'id', params.id) };
  const { organization_id } = await answering(() => acceptOwnInvitation(work, which));
  if (organization_id === null) return { organization: null };
  const organization = await operations.organizations.get(work, { organization_id, ...noBody });
  return { organization: await organizationView(work, resultOf(organization)) };
}

const decline = ({ work, params }: DialectCall) =>
  answering(() =>
    declineOwnInvitation(work, { user_id: ownIdOf(work), invitation_id: idFrom('inv', 'id', params.id) }),
  );

/** What stands against an answer, in the vendor's words. */
async function answering<T>(answer: () => Promise<T>): Promise<T> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof UnprovedAddress) throw new Refusal(403, 'EMAIL_NOT_VERIFIED', error.message);
    if (error instanceof ClosedInvitation && error.state === 'expired')
      throw new Refusal(400, 'INVITE_EXPIRED', error.message);
    if (error instanceof Problem && error.code === 'not_found') throw unknown();
    throw error;
  }
}

const inexistent = { not_found: { status: 404, code: 'INVITE_NOT_FOUND' } } as const;

export const invitations: readonly DialectRow[] = [
  row('POST /orgs/{org_id}/invitations', { scopes: SIGNED_IN, status: 201, body: createBody, run: create }),
  row('GET /orgs/{org_id}/invitations', { scopes: SIGNED_IN, run: list }),
  row('DELETE /orgs/{org_id}/invitations/{invitation_id}', {
    scopes: SIGNED_IN,
    status: 204,
    problems: inexistent,
    run: revoke,
  }),
  row('GET /me/invitations', { scopes: SIGNED_IN, run: listOwn }),
  row('POST /me/invitations/{id}/accept', { scopes: SIGNED_IN, run: accept }),
  row('POST /me/invitations/{id}/decline', { scopes: SIGNED_IN, status: 204, run: decline }),
];
