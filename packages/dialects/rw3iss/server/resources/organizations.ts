/**
 * `/admin/organizations` for the platform's administrators, `/orgs/{orgId}` for who acts in an organization: the
 * organizations themselves and their roles. Their members are `members.ts`'s.
 */
import { object, optional, type Static, string } from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  membershipsOfUser,
  noBody,
  operations,
  organizationsPage,
  resultOf,
  row,
  setExtension,
  together,
  type Work,
} from '@reeve/core';
import { PLATFORM_ADMIN, SIGNED_IN } from '../gate.ts';
import { idFrom, userIdOf } from '../ids.ts';
import { membershipViews } from '../membership.ts';
import {
  foundOrganization,
  namesOf,
  type OrganizationTexts,
  organizationView,
  organizationViews,
  slugTaken,
  textsWith,
} from '../organization.ts';
import { enterOrganization, ORGANIZATION_ADMIN, ORGANIZATION_MANAGER } from '../organization-gate.ts';
import { organizationRoles } from '../organization-roles.ts';
import { pageFrom, pageQuery, sliceOf } from '../paging.ts';
import { Refusal } from '../problems.ts';
import { roleView } from '../role.ts';
import { ownIdOf, unknownUser } from '../user.ts';
import { unlessEmpty } from '../value.ts';

export const unknownOrganization = {
  not_found: { status: 404, code: 'ORGANIZATION_NOT_FOUND', message: 'No organization has this id.' },
} as const;
const taken = { name_taken: slugTaken } as const;

/** Contract `organizations.list`. */
const SIZES = { size: 25, most: 1000 } as const;

const lenient = optional(string({ maxLength: 64 }));
const listQuery = object({ ...pageQuery, status: lenient, sort_by: lenient, sort_order: lenient });

async function list({ work, query }: DialectCall<Static<typeof listQuery>>) {
  const page = pageFrom(query, SIZES);
  // Every organization is active: of any other status there are none.
  if (query.status && query.status !== 'active') return { organizations: [], pagination: { ...page, total: 0 } };
  const { organizations, total } = await organizationsPage(work, {
    ...sliceOf(page),
    sort: query.sort_by === 'name' ? 'name' : 'created_at',
    direction: query.sort_order === 'desc' ? 'desc' : 'asc',
  });
  return { organizations: await organizationViews(work, organizations), pagination: { ...page, total } };
}

const text = optional(string({ maxLength: 2000 }));
const texts = {
  description: text,
  logo_url: text,
  website: text,
  contact_email: text,
  contact_phone: text,
  address: text,
  city: text,
  state: text,
  country: text,
  postal_code: text,
} as const;
const name = string({ maxLength: 200 });
const createBody = object({ name, ...texts });
const updateBody = object({ name: optional(name), ...texts });

async function create({ work, body }: DialectCall<undefined, Static<typeof createBody>>) {
  const { name: given, ...own } = body;
  const names = namesOf('name', given);
  return together(work, async (inner, unit) => {
    const made = await foundOrganization(inner, unit, { ownerId: ownIdOf(work), names, texts: own });
    return organizationView(inner, made);
  });
}

const read = async (work: Work, organization_id: string) =>
  organizationView(work, resultOf(await operations.organizations.get(work, { organization_id, ...noBody })));

async function change(work: Work, organization_id: string, { name: given, ...own }: Static<typeof updateBody>) {
  const names = given === undefined ? {} : namesOf('name', given);
  return together(work, async (inner, unit) => {
    const changed = resultOf(
      await operations.organizations.update(inner, { organization_id, query: undefined, body: names }),
    );
    await setExtension(unit, 'organizations', organization_id, 'rw3iss', (before) =>
      unlessEmpty(textsWith((before ?? {}) as OrganizationTexts, own)),
    );
    return organizationView(inner, changed);
  });
}

async function remove({ work, params }: DialectCall) {
  const organization_id = idFrom('org', 'orgId', params.org_id);
  await operations.organizations.delete(work, { organization_id, ...noBody });
  return { success: true };
}

async function listRoles(call: DialectCall) {
  await enterOrganization(call, ORGANIZATION_MANAGER);
  return { roles: (await organizationRoles(call.work)).map(roleView) };
}

async function getRole(call: DialectCall) {
  await enterOrganization(call, ORGANIZATION_MANAGER);
  const id = idFrom('rol', 'roleId', call.params.role_id);
  const role = (await organizationRoles(call.work)).find((found) => found.id === id);
  if (!role) throw new Refusal(404, 'ROLE_NOT_FOUND', 'No role of the organization has this id.');
  return roleView(role);
}

/** Contract `users.getOrganizations`. */
async function ofUser({ work, params }: DialectCall) {
  return { memberships: await membershipViews(work, await membershipsOfUser(work, userIdOf(params))) };
}

/** D3: the vendor's server calls them memberships, its client reads organizations. */
async function own({ work }: DialectCall) {
  const memberships = await membershipViews(work, await membershipsOfUser(work, ownIdOf(work)));
  return { organizations: memberships, memberships };
}

type Change = DialectCall<undefined, Static<typeof updateBody>>;

export const organizations: readonly DialectRow[] = [
  row('GET /admin/organizations', { scopes: PLATFORM_ADMIN, query: listQuery, run: list }),
  row('POST /admin/organizations', {
    scopes: PLATFORM_ADMIN,
    status: 201,
    body: createBody,
    problems: taken,
    run: create,
  }),
  row('GET /admin/organizations/{org_id}', {
    scopes: PLATFORM_ADMIN,
    problems: unknownOrganization,
    run: ({ work, params }: DialectCall) => read(work, idFrom('org', 'orgId', params.org_id)),
  }),
  row('PUT /admin/organizations/{org_id}', {
    scopes: PLATFORM_ADMIN,
    body: updateBody,
    problems: { ...unknownOrganization, ...taken },
    run: ({ work, params, body }: Change) => change(work, idFrom('org', 'orgId', params.org_id), body),
  }),
  row('DELETE /admin/organizations/{org_id}', { scopes: PLATFORM_ADMIN, problems: unknownOrganization, run: remove }),
  row('GET /orgs/{org_id}', {
    scopes: SIGNED_IN,
    problems: unknownOrganization,
    run: async (call: DialectCall) => read(call.work, await enterOrganization(call)),
  }),
  row('PUT /orgs/{org_id}', {
    scopes: SIGNED_IN,
    body: updateBody,
    problems: { ...unknownOrganization, ...taken },
    run: async (call: Change) => change(call.work, await enterOrganization(call, ORGANIZATION_ADMIN), call.body),
  }),
  row('GET /orgs/{org_id}/roles', { scopes: SIGNED_IN, run: listRoles }),
  row('GET /orgs/{org_id}/roles/{role_id}', { scopes: SIGNED_IN, run: getRole }),
  row('GET /admin/users/{user_id}/organizations', { scopes: PLATFORM_ADMIN, problems: unknownUser, run: ofUser }),
  row('GET /me/orgs', { scopes: SIGNED_IN, run: own }),
];
