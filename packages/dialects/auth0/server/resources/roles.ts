/** `/roles` and `/users/{id}/roles`. */
import { array, nullable, object, optional, type Static, string } from '@reeve/contract';
import { type DialectCall, type DialectRow, noBody, operations, resultOf, row, together } from '@reeve/core';
import { keyset } from '../keyset.ts';
import { each, type OffsetQuery, offsetQuery, pageOf } from '../paging.ts';
import { codeOf, roleView } from '../role.ts';
import { text } from '../schema.ts';
import { idOf, inexistentUser, userIdOf } from '../user.ts';
import { usersWith } from '../users-with.ts';

const inexistentRole = { status: 404, code: 'inexistent_role', message: 'The role does not exist.' } as const;
const inexistent = { not_found: inexistentRole } as const;

const createBody = object({ name: text(200), description: optional(string({ maxLength: 1000 })) });
const updateBody = object({ name: optional(text(200)), description: optional(nullable(string({ maxLength: 1000 }))) });
const listQuery = object({
  ...offsetQuery,
  name_filter: optional(text(200)),
  // All roles are the tenant's; newer tooling says that it wants these.
  type: optional(string({ enum: ['tenant'] } as object)),
});
const rolesBody = object({ roles: array(text(64), { minItems: 1, maxItems: 50 }) });
const usersBody = object({ users: array(text(512), { minItems: 1, maxItems: 1000 }) });

const list = ({ work, query }: DialectCall<Static<typeof listQuery>>) => {
  const { name_filter: search, type: _type, ...paging } = query;
  const asked = search === undefined ? {} : { search };
  const roles = keyset(
    (page) => operations.roles.list(work, { query: { ...asked, ...page }, body: undefined }),
    'roles',
  );
  return pageOf('roles', paging, roles, each(roleView));
};

const create = async ({ work, body }: DialectCall<undefined, Static<typeof createBody>>) =>
  roleView(
    resultOf(await operations.roles.create(work, { query: undefined, body: { ...body, code: codeOf(body.name) } })),
  );

const update = async ({ work, params, body }: DialectCall<undefined, Static<typeof updateBody>>) =>
  roleView(resultOf(await operations.roles.update(work, { role_id: params.id as string, query: undefined, body })));

async function listOfUser({ work, params, query }: DialectCall<OffsetQuery>) {
  const user_id = await idOf(work, params.id as string);
  const roles = keyset((page) => operations.users.listRoles(work, { user_id, query: page, body: undefined }), 'roles');
  return pageOf('roles', query, roles, each(roleView));
}

/** All of them or none. */
const change =
  (operation: 'addMember' | 'removeMember') =>
  async ({ work, params, body }: DialectCall<undefined, Static<typeof rolesBody>>) => {
    const user_id = await idOf(work, params.id as string);
    await together(work, async (inner) => {
      for (const role_id of body.roles) await operations.roles[operation](inner, { role_id, user_id, ...noBody });
    });
  };

async function addUsers({ work, params, body }: DialectCall<undefined, Static<typeof usersBody>>) {
  const ids = await Promise.all(body.users.map((id) => idOf(work, id)));
  await together(work, async (inner) => {
    for (const user_id of ids)
      await operations.roles.addMember(inner, { role_id: params.id as string, user_id, ...noBody });
  });
}

async function listUsers({ work, params, query }: DialectCall<OffsetQuery & { from?: string; take?: number }>) {
  const { id } = await operations.roles.get(work, { role_id: params.id as string, ...noBody }).then(resultOf);
  return usersWith(work, { role: id }, query, 'users', (user) => ({
    user_id: userIdOf(user),
    email: user.email ?? undefined,
    name: user.name ?? undefined,
    picture: user.picture ?? undefined,
  }));
}

export const roles: readonly DialectRow[] = [
  row('GET /roles', { scopes: ['read:roles'], query: listQuery, run: list }),
  row('POST /roles', { scopes: ['create:roles'], body: createBody, run: create }),
  row('GET /roles/{id}', {
    scopes: ['read:roles'],
    problems: inexistent,
    run: async ({ work, params }) =>
      roleView(resultOf(await operations.roles.get(work, { role_id: params.id as string, ...noBody }))),
  }),
  row('PATCH /roles/{id}', { scopes: ['update:roles'], body: updateBody, problems: inexistent, run: update }),
  row('DELETE /roles/{id}', {
    scopes: ['delete:roles'],
    problems: inexistent,
    status: 204,
    run: ({ work, params }) => operations.roles.delete(work, { role_id: params.id as string, ...noBody }),
  }),
  row('GET /roles/{id}/users', {
    scopes: ['read:users', 'read:roles', 'read:role_members'],
    query: object({ ...offsetQuery, from: optional(text()), take: optional(offsetQuery.per_page) }),
    problems: inexistent,
    run: listUsers,
  }),
  row('POST /roles/{id}/users', {
    scopes: ['update:roles', 'create:role_members'],
    body: usersBody,
    problems: inexistent,
    run: addUsers,
  }),
  row('GET /users/{id}/roles', {
    scopes: ['read:users', 'read:roles', 'read:role_members'],
    query: object(offsetQuery),
    problems: { not_found: inexistentUser },
    run: listOfUser,
  }),
  row('POST /users/{id}/roles', {
    scopes: ['update:users', 'create:role_members'],
    body: rolesBody,
    status: 204,
    run: change('addMember'),
  }),
  row('DELETE /users/{id}/roles', {
    scopes: ['update:users', 'delete:role_members'],
    body: rolesBody,
    status: 204,
    run: change('removeMember'),
  }),
];
