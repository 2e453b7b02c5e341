/** The members of organizations: who they are, who becomes one or ceases to be one, and the roles that they hold inside. */
import { array, object, optional, type Static, string } from '@reeve/contract';
import {
  changeMemberRoles,
  type DialectCall,
  type DialectRow,
  memberOfOrganization,
  membersPage,
  noBody,
  operations,
  Problem,
  row,
  together,
  type Work,
} from '@reeve/core';
import { organizationFor } from '../door.ts';
import { PLATFORM_ADMIN, SIGNED_IN } from '../gate.ts';
import { idFrom, organizationIdOf, userIdOf } from '../ids.ts';
import { memberViews } from '../membership.ts';
import { enterOrganization, ORGANIZATION_ADMIN, ORGANIZATION_MANAGER } from '../organization-gate.ts';
import { checkCodes, codesOf } from '../organization-roles.ts';
import { pageFrom, pageQuery, sliceOf } from '../paging.ts';
import { Refusal } from '../problems.ts';
import { unknownUser } from '../user.ts';
import { unknownOrganization } from './organizations.ts';

const SIZES = { size: 25, most: 1000 } as const;
const listQuery = object(pageQuery);
type Listing = DialectCall<Static<typeof listQuery>>;

async function list(work: Work, organizationId: string, query: Listing['query']) {
  const page = pageFrom(query, SIZES);
  const { members, total } = await membersPage(work, organizationId, sliceOf(page));
  return { members: await memberViews(work, organizationId, members), pagination: { ...page, total } };
}

/** The organization of the path, which is there. */
async function organizationOf({ work, params }: DialectCall): Promise<string> {
  await organizationFor(work, organizationIdOf(params));
  return organizationIdOf(params);
}

const addBody = object({
  user_id: string({ maxLength: 128 }),
  role_ids: optional(array(string({ maxLength: 128 }), { maxItems: 50 })),
});

/** Without roles a new member is an org_member, and one who is a member already stays as they are. */
async function add(call: DialectCall<undefined, Static<typeof addBody>>) {
  const { work, body } = call;
  const organization_id = await organizationOf(call);
  const user_id = idFrom('usr', 'user_id', body.user_id);
  const codes = await codesOf(work, body.role_ids ?? []);
  await together(work, async (inner) => {
    const isThere = (await memberOfOrganization(inner, organization_id, user_id)) !== undefined;
    if (isThere && codes.length === 0) return;
    const roles = codes.length === 0 ? ['org_member'] : [...new Set(codes)];
    await operations.organizations.addMember(inner, { organization_id, user_id, query: undefined, body: { roles } });
  });
  return { success: true };
}

const noMember = () => new Refusal(403, 'NOT_ORGANIZATION_MEMBER', 'The user is no member of this organization.');

async function remove({ work, params }: DialectCall, organization_id: string) {
  const user_id = userIdOf(params);
  if (!(await memberOfOrganization(work, organization_id, user_id))) throw noMember();
  await operations.organizations.removeMember(work, { organization_id, user_id, ...noBody });
  return { success: true };
}

const rolesBody = object({ role_codes: array(string({ maxLength: 128 }), { maxItems: 50 }) });

async function setRoles(call: DialectCall<undefined, Static<typeof rolesBody>>) {
  const { work, params, body } = call;
  const place = { organization_id: await organizationOf(call), user_id: userIdOf(params) };
  checkCodes(body.role_codes);
  const roles = [...new Set(body.role_codes)];
  return together(work, async (inner) => {
    await lockMember(inner, place);
    await operations.organizations.addMember(inner, { ...place, query: undefined, body: { roles } });
    const member = await memberOfOrganization(inner, place.organization_id, place.user_id);
    return (await memberViews(inner, place.organization_id, member ? [member] : []))[0];
  });
}

/** Nobody becomes a member by being given roles. */
async function lockMember(work: Work, place: { readonly organization_id: string; readonly user_id: string }) {
  try {
    await changeMemberRoles(work, place, { give: [], take: [] });
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') throw noMember();
    throw error;
  }
}

/** Contract `organizations.removeMember`: the owner stays. */
const owner = { conflict: { status: 400, code: 'VALIDATION_ERROR' } } as const;

export const members: readonly DialectRow[] = [
  row('GET /admin/organizations/{org_id}/members', {
    scopes: PLATFORM_ADMIN,
    query: listQuery,
    problems: unknownOrganization,
    run: ({ work, params, query }: Listing) => list(work, organizationIdOf(params), query),
  }),
  row('GET /orgs/{org_id}/members', {
    scopes: SIGNED_IN,
    query: listQuery,
    problems: unknownOrganization,
    run: async (call: Listing) => list(call.work, await enterOrganization(call, ORGANIZATION_MANAGER), call.query),
  }),
  row('POST /admin/organizations/{org_id}/members', {
    scopes: PLATFORM_ADMIN,
    body: addBody,
    problems: unknownUser,
    run: add,
  }),
  row('DELETE /admin/organizations/{org_id}/members/{user_id}', {
    scopes: PLATFORM_ADMIN,
    problems: owner,
    run: async (call: DialectCall) => remove(call, await organizationOf(call)),
  }),
  row('DELETE /orgs/{org_id}/members/{user_id}', {
    scopes: SIGNED_IN,
    problems: owner,
    run: async (call: DialectCall) => remove(call, await enterOrganization(call, ORGANIZATION_ADMIN)),
  }),
  row('PUT /admin/organizations/{org_id}/members/{user_id}/roles', {
    scopes: PLATFORM_ADMIN,
    body: rolesBody,
    run: setRoles,
  }),
];
