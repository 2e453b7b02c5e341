/** Groups, by their codes. */
import { groups as contract, type Group, type Schema } from '@reeve/contract';
import { everyItem, operations as native, noBody, resultOf, together } from '@reeve/core';
import { findGroup, groupView, requireGroup } from '../group.ts';
import { type Call, done, type Operations } from '../operation.ts';
import { requireId, requireIds } from '../pool.ts';
import { inOrder, isNewestFirst, type PageArgs, pageIn, pageOf, textFrom } from '../value.ts';

const rules = contract.create.body?.properties as Record<'code' | 'name' | 'description', Schema>;

interface Membership {
  readonly userIds: readonly string[];
  readonly code?: string | null;
}

/** All of them or none. */
const changeMembers =
  (operation: 'addMember' | 'removeMember') =>
  async ({ work }: Call, { userIds, code }: Membership) => {
    const { id: group_id } = await requireGroup(work, code);
    await together(work, async (inner) => {
      for (const user_id of (await requireIds(inner, [...new Set(userIds)])).values())
        await native.groups[operation](inner, { group_id, user_id, ...noBody });
    });
    return done();
  };

interface Change {
  readonly code: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly newCode?: string | null;
}

/** What is given, judged as natively. An empty name or code changes nothing. */
const fieldsFrom = ({ name, description, newCode }: Omit<Change, 'code'>) => ({
  ...(name ? { name: textFrom('name', rules.name, name) } : {}),
  ...(description === undefined || description === null
    ? {}
    : { description: textFrom('description', { maxLength: 1000 }, description) }),
  ...(newCode ? { code: textFrom('code', rules.code, newCode) } : {}),
});

async function create(call: Call, { code, ...more }: Change & { name: string }) {
  const body = {
    ...fieldsFrom(more),
    name: textFrom('name', rules.name, more.name),
    code: textFrom('code', rules.code, code),
  };
  return groupView(resultOf(await native.groups.create(call.work, { query: undefined, body })));
}

async function update(call: Call, { code, ...change }: Change) {
  const { id: group_id } = await requireGroup(call.work, code);
  const input = { group_id, query: undefined, body: fieldsFrom(change) };
  return groupView(resultOf(await native.groups.update(call.work, input)));
}

/** All of them or none. */
async function remove({ work }: Call, { codeList }: { codeList: readonly string[] }) {
  const ids = new Set<string>();
  for (const code of codeList) ids.add((await requireGroup(work, code)).id);
  await together(work, async (inner) => {
    for (const group_id of ids) await native.groups.delete(inner, { group_id, ...noBody });
  });
  return done();
}

const viewed = ({ totalCount, list: groups }: { totalCount: number; list: readonly Group[] }) => ({
  totalCount,
  list: groups.map(groupView),
});

async function list(call: Call, { userId, sortBy, ...page }: PageArgs & { userId?: string; sortBy?: string }) {
  const user_id = userId ? await requireId(call.work, userId) : undefined;
  const all = (query: { limit: number; cursor?: string }) => native.groups.list(call.work, { query, body: undefined });
  if (user_id === undefined && isNewestFirst(sortBy)) return viewed(await pageIn('groups', page, all));
  const groups = await everyItem('groups', (query) =>
    user_id === undefined ? all(query) : native.groups.listForUser(call.work, { user_id, query, body: undefined }),
  );
  return viewed(pageOf(inOrder(groups, sortBy), page));
}

async function detail(call: Call, { code }: { code: string }) {
  const group = await findGroup(call.work, code);
  return group ? groupView(group) : null;
}

export const groups: Operations = {
  createGroup: { scope: 'groups:write', run: create },
  updateGroup: { scope: 'groups:write', run: update },
  deleteGroups: { scope: 'groups:write', run: remove },
  group: { scope: 'groups:read', run: detail },
  groups: { scope: 'groups:read', run: list },
  addUserToGroup: { scope: 'groups:write', run: changeMembers('addMember') },
  removeUserFromGroup: { scope: 'groups:write', run: changeMembers('removeMember') },
};
