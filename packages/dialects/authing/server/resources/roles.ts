/** Roles, by namespace and code, and who holds them. */
import {
  roles as contract,
  integer,
  object,
  optional,
  type Role,
  type Schema,
  type Static,
  string,
} from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  everyItem,
  operations as native,
  noBody,
  resultOf,
  row,
  together,
  type UserFilter,
} from '@reeve/core';
import { answered, type Call, done, type Operations } from '../operation.ts';
import { requireIds } from '../pool.ts';
import { CODES, Refusal } from '../problems.ts';
import { findRole, NAMESPACE, requireRole, roleView } from '../role.ts';
import { plainView } from '../user.ts';
import { inOrder, isNewestFirst, type PageArgs, pageIn, pageOf, textFrom } from '../value.ts';
import { searchFilter, userPage } from './users.ts';

const rules = contract.create.body?.properties as Record<'code' | 'namespace', Schema>;

interface Named {
  readonly code: string;
  readonly namespace?: string | null;
}

const descriptionFrom = (description: string | null | undefined) =>
  description === undefined || description === null
    ? {}
    : { description: textFrom('description', { maxLength: 1000 }, description) };

interface Creation extends Named {
  readonly description?: string | null;
  readonly parent?: string | null;
}

async function create(call: Call, { code, namespace, description, parent }: Creation) {
  if (parent) throw new Refusal(CODES.failed, 'parent: roles have no parents here.', 'parent');
  const body = {
    code: textFrom('code', rules.code, code),
    namespace: textFrom('namespace', rules.namespace, namespace ?? NAMESPACE),
    ...descriptionFrom(description),
  };
  return roleView(call, resultOf(await native.roles.create(call.work, { query: undefined, body })));
}

interface Change extends Named {
  readonly description?: string | null;
  readonly newCode?: string | null;
}

async function update(call: Call, { code, namespace, description, newCode }: Change) {
  const { id: role_id } = await requireRole(call.work, code, namespace);
  const body = {
    ...descriptionFrom(description),
    ...(newCode ? { code: textFrom('newCode', rules.code, newCode) } : {}),
  };
  return roleView(call, resultOf(await native.roles.update(call.work, { role_id, query: undefined, body })));
}

/** All of them or none. */
async function remove({ work }: Call, codes: readonly string[], namespace?: string | null) {
  const ids = new Set<string>();
  for (const code of codes) ids.add((await requireRole(work, code, namespace)).id);
  await together(work, async (inner) => {
    for (const role_id of ids) await native.roles.delete(inner, { role_id, ...noBody });
  });
  return done();
}

async function list(call: Call, { namespace, sortBy, ...page }: PageArgs & { namespace?: string; sortBy?: string }) {
  const all = (query: { limit: number; cursor?: string }) =>
    native.roles.list(call.work, { query: { namespace: namespace ?? NAMESPACE, ...query }, body: undefined });
  const { totalCount, list: found } = isNewestFirst(sortBy)
    ? await pageIn('roles', page, all)
    : pageOf(inOrder(await everyItem('roles', all), sortBy), page);
  return { totalCount, list: found.map((role) => roleView(call, role)) };
}

interface Grant {
  readonly namespace?: string | null;
  readonly roleCode?: string | null;
  readonly roleCodes?: readonly (string | null)[] | null;
  readonly userIds?: readonly string[] | null;
  readonly groupCodes?: readonly string[] | null;
  readonly nodeCodes?: readonly string[] | null;
}

/** Who holds roles here is a user. All of them or none. */
const changeGrants =
  (operation: 'addMember' | 'removeMember') =>
  async ({ work }: Call, { namespace, roleCode, roleCodes, userIds, groupCodes, nodeCodes }: Grant) => {
    for (const [field, targets] of Object.entries({ groupCodes, nodeCodes }))
      if (targets && targets.length > 0)
        throw new Refusal(CODES.failed, `${field}: roles are given to users here.`, field);
    const codes = new Set([...(roleCode ? [roleCode] : []), ...(roleCodes ?? []).map((code) => code ?? '')]);
    const named = { roleCodes: codes.size, userIds: userIds?.length ?? 0 };
    for (const [field, count] of Object.entries(named))
      if (count === 0) throw new Refusal(CODES.parameterWrong, `${field}: nothing is named.`, field);
    const roles: Role[] = [];
    for (const code of codes) roles.push(await requireRole(work, code, namespace));
    await together(work, async (inner) => {
      for (const user_id of (await requireIds(inner, [...new Set(userIds)])).values())
        for (const { id: role_id } of roles) await native.roles[operation](inner, { role_id, user_id, ...noBody });
    });
    return done();
  };

async function detail(call: Call, { code, namespace }: Named) {
  const role = await findRole(call.work, code, namespace);
  return role ? roleView(call, role) : null;
}

export const roles: Operations = {
  createRole: { scope: 'roles:write', run: create },
  updateRole: { scope: 'roles:write', run: update },
  deleteRole: {
    scope: 'roles:write',
    run: (call, { code, namespace }: Named) => remove(call, [code], namespace),
  },
  deleteRoles: {
    scope: 'roles:write',
    run: (call, { codeList, namespace }: { codeList: string[]; namespace?: string }) =>
      remove(call, codeList, namespace),
  },
  role: { scope: 'roles:read', run: detail },
  roles: { scope: 'roles:read', run: list },
  assignRole: { scope: 'roles:write', run: changeGrants('addMember') },
  revokeRole: { scope: 'roles:write', run: changeGrants('removeMember') },
};

const holdersBody = object({
  namespace: optional(string({ maxLength: 64 })),
  code: string({ maxLength: 64 }),
  limit: optional(integer()),
  page: optional(integer()),
  search: optional(string({ maxLength: 1024 })),
});

async function holders(call: DialectCall<undefined, Static<typeof holdersBody>>) {
  const { namespace, code, search = '', ...page } = call.body;
  const { id } = await requireRole(call.work, code, namespace);
  const holds: UserFilter = { kind: 'equals', field: 'role', value: id };
  const { totalCount, list: found } = await userPage(
    call,
    search === '' ? [holds] : [holds, searchFilter({ query: search })],
    page,
  );
  return answered({ totalCount, list: await Promise.all(found.map((user) => plainView(user, false))) });
}

export const roleRows: readonly DialectRow[] = [
  row('POST /api/v2/roles/roleUsers', { scopes: ['users:read'], body: holdersBody, run: holders }),
];
