/** `/organizations`, their members, and `/users/{id}/organizations`. */
import { array, json, object, optional, type Static, string } from '@reeve/contract';
import {
  changeMemberRoles,
  type DialectCall,
  type DialectRow,
  findMemberRoles,
  lockOrganization,
  noBody,
  operations,
  Problem,
  resultOf,
  row,
  setExtension,
  together,
} from '@reeve/core';
import { keyset } from '../keyset.ts';
import { organizationView, organizationViews } from '../organization.ts';
import {
  type CheckpointQuery,
  checkpointQuery,
  each,
  listOf,
  type OffsetQuery,
  offsetQuery,
  pageOf,
} from '../paging.ts';
import { QueryProblem } from '../problems.ts';
import { roleView } from '../role.ts';
import { text } from '../schema.ts';
import { idOf, inexistentUser, userIdOf } from '../user.ts';
import { usersWith } from '../users-with.ts';

const inexistent = {
  not_found: { status: 404, code: 'inexistent_organization', message: 'No organization found by that id or name' },
} as const;

const name = string({ minLength: 1, maxLength: 64, pattern: '^[a-z0-9][a-z0-9_-]*$' });
const fields = {
  display_name: optional(text(200)),
  branding: optional(json()),
  metadata: optional(json({ maxProperties: 50 })),
};
const createBody = object({ name, ...fields });
const updateBody = object({ name: optional(name), ...fields });
const membersBody = object({ members: array(text(512), { minItems: 1, maxItems: 100 }) });
const rolesBody = object({ roles: array(text(64), { minItems: 1, maxItems: 50 }) });
const listQuery = object({ ...offsetQuery, ...checkpointQuery, sort: optional(text(100)) });

const SORT = /^(name|display_name|created_at):(-?)1$/;

/** Auth0's `field:1` or `field:-1` as the directory's sort. */
function sortOf(sort: string | undefined): { sort?: 'name' } {
  if (sort === undefined) return {};
  const [, field, sign] = SORT.exec(sort) ?? [];
  if (field === undefined)
    throw new QueryProblem(
      "Query validation error: 'must be name, display_name or created_at, with :1 or :-1' on property sort.",
    );
  return { sort: `${sign}${field}` as 'name' };
}

const list = async ({ work, query: { sort, ...query } }: DialectCall<Static<typeof listQuery>>) => {
  const order = sortOf(sort);
  const all = keyset(
    (page) => operations.organizations.list(work, { query: { ...order, ...page }, body: undefined }),
    'organizations',
  );
  return pageOf('organizations', query, all, (found) => organizationViews(work, found));
};

async function create({ work, body }: DialectCall<undefined, Static<typeof createBody>>) {
  const { branding, ...native } = body;
  return together(work, async (inner, unit) => {
    const made = resultOf(await operations.organizations.create(inner, { query: undefined, body: native }));
    if (branding) await setExtension(unit, 'organizations', made.id, 'auth0', { branding }, { isCreation: true });
    return organizationView(made, branding && { branding });
  });
}

const one = async ({ work, params }: Pick<DialectCall, 'work' | 'params'>) => {
  const found = resultOf(await operations.organizations.get(work, { organization_id: params.id as string, ...noBody }));
  return (await organizationViews(work, [found]))[0];
};

async function byName({ work, params }: DialectCall) {
  const wanted = params.name as string;
  const found = resultOf(await operations.organizations.get(work, { organization_id: wanted, ...noBody }));
  if (found.name !== wanted) throw new Problem('not_found', `No organization is called ${wanted}.`);
  return (await organizationViews(work, [found]))[0];
}

/** `metadata` replaces the whole bag, as Auth0's does. */
async function update({ work, params, body }: DialectCall<undefined, Static<typeof updateBody>>) {
  const { branding, metadata, ...native } = body;
  const organization_id = params.id as string;
  return together(work, async (inner, unit) => {
    await lockOrganization(unit, organization_id);
    const before = resultOf(await operations.organizations.get(inner, { organization_id, ...noBody }));
    const cleared = Object.fromEntries(Object.keys(before.metadata).map((key) => [key, null]));
    const patch = { ...native, ...(metadata ? { metadata: { ...cleared, ...metadata } } : {}) };
    await operations.organizations.update(inner, { organization_id, query: undefined, body: patch });
    if (branding) await setExtension(unit, 'organizations', organization_id, 'auth0', (own) => ({ ...own, branding }));
    return one({ work: inner, params });
  });
}

async function members({ work, params, query }: DialectCall<OffsetQuery & CheckpointQuery>) {
  const { id } = resultOf(
    await operations.organizations.get(work, { organization_id: params.id as string, ...noBody }),
  );
  return usersWith(work, { organization: id }, query, 'members', (user) => ({
    user_id: userIdOf(user),
    email: user.email ?? undefined,
    name: user.name ?? undefined,
    picture: user.picture ?? undefined,
  }));
}

async function addMembers({ work, params, body }: DialectCall<undefined, Static<typeof membersBody>>) {
  const ids = await Promise.all(body.members.map((id) => idOf(work, id)));
  await together(work, async (inner) => {
    for (const user_id of ids)
      await operations.organizations.addMember(inner, {
        organization_id: params.id as string,
        user_id,
        query: undefined,
        body: {},
      });
  });
}

async function removeMembers({ work, params, body }: DialectCall<undefined, Static<typeof membersBody>>) {
  const ids = await Promise.all(body.members.map((id) => idOf(work, id)));
  await together(work, async (inner) => {
    for (const user_id of ids)
      await operations.organizations.removeMember(inner, { organization_id: params.id as string, user_id, ...noBody });
  });
}

async function listMemberRoles({ work, params, query }: DialectCall<OffsetQuery>) {
  const user_id = await idOf(work, params.user_id as string);
  const held = await findMemberRoles(work, { organization_id: params.id as string, user_id });
  return pageOf('roles', query, listOf(held), each(roleView));
}

const rolesOfMember =
  (way: 'give' | 'take') =>
  async ({ work, params, body }: DialectCall<undefined, Static<typeof rolesBody>>) => {
    const user_id = await idOf(work, params.user_id as string);
    const roles = { give: [], take: [], [way]: body.roles };
    await changeMemberRoles(work, { organization_id: params.id as string, user_id }, roles);
  };

async function listOfUser({ work, params, query }: DialectCall<OffsetQuery>) {
  const user_id = await idOf(work, params.id as string);
  const held = keyset(
    (page) => operations.organizations.listForUser(work, { user_id, query: page, body: undefined }),
    'organizations',
  );
  return pageOf('organizations', query, held, (found) => organizationViews(work, found));
}

export const organizations: readonly DialectRow[] = [
  row('GET /organizations', { scopes: ['read:organizations'], query: listQuery, run: list }),
  row('POST /organizations', { scopes: ['create:organizations'], body: createBody, status: 201, run: create }),
  row('GET /organizations/{id}', { scopes: ['read:organizations'], problems: inexistent, run: one }),
  row('GET /organizations/name/{name}', { scopes: ['read:organizations'], problems: inexistent, run: byName }),
  row('PATCH /organizations/{id}', {
    scopes: ['update:organizations'],
    body: updateBody,
    problems: inexistent,
    run: update,
  }),
  row('DELETE /organizations/{id}', {
    scopes: ['delete:organizations'],
    status: 204,
    problems: inexistent,
    run: ({ work, params }) =>
      operations.organizations.delete(work, { organization_id: params.id as string, ...noBody }),
  }),
  row('GET /organizations/{id}/members', {
    scopes: ['read:organization_members'],
    query: object({ ...offsetQuery, ...checkpointQuery }),
    problems: inexistent,
    run: members,
  }),
  row('POST /organizations/{id}/members', {
    scopes: ['create:organization_members'],
    body: membersBody,
    status: 204,
    problems: inexistent,
    run: addMembers,
  }),
  row('DELETE /organizations/{id}/members', {
    scopes: ['delete:organization_members'],
    body: membersBody,
    status: 204,
    problems: inexistent,
    run: removeMembers,
  }),
  row('GET /organizations/{id}/members/{user_id}/roles', {
    scopes: ['read:organization_member_roles'],
    query: object(offsetQuery),
    run: listMemberRoles,
  }),
  row('POST /organizations/{id}/members/{user_id}/roles', {
    scopes: ['create:organization_member_roles'],
    body: rolesBody,
    status: 204,
    run: rolesOfMember('give'),
  }),
  row('DELETE /organizations/{id}/members/{user_id}/roles', {
    scopes: ['delete:organization_member_roles'],
    body: rolesBody,
    status: 204,
    run: rolesOfMember('take'),
  }),
  row('GET /users/{id}/organizations', {
    scopes: ['read:organizations'],
    query: object(offsetQuery),
    problems: { not_found: inexistentUser },
    run: listOfUser,
  }),
];
