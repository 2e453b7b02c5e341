/** Users who leave: they keep what is told of them, and lose all that they may do. */
import { array, object, type Static, string } from '@reeve/contract';
import {
  type DialectCall,
  type DialectRow,
  everyItem,
  operations as native,
  noBody,
  patchUser,
  row,
  setExtension,
  together,
  type Unit,
  type Work,
} from '@reeve/core';
import { answered, type Call, need } from '../operation.ts';
import { requireIds, userBy } from '../pool.ts';
import { RESIGNED } from '../user.ts';

/** Users that one call may name. */
const MOST = 50;
const id = string({ maxLength: 256 });
const one = object({ userId: id });
const several = object({ userIds: array(id, { minItems: 1, maxItems: MOST }) });

async function endGrants(work: Work, user_id: string): Promise<void> {
  const grants = await everyItem('resource_grants', (page) =>
    native.resources.listGrants(work, { query: { subject: user_id, ...page }, body: undefined }),
  );
  for (const { code, namespace } of grants) {
    const body = { namespace, resources: [{ code }], subjects: [{ type: 'user' as const, id: user_id }] };
    await native.resources.revoke(work, { query: undefined, body });
  }
}

async function endMemberships(work: Work, user_id: string): Promise<void> {
  const input = { user_id, body: undefined };
  const groups = await everyItem('groups', (query) => native.groups.listForUser(work, { ...input, query }));
  for (const { id: group_id } of groups) await native.groups.removeMember(work, { group_id, user_id, ...noBody });
  const organizations = await everyItem('organizations', (query) =>
    native.organizations.listForUser(work, { ...input, query }),
  );
  for (const { id: organization_id } of organizations)
    await native.organizations.removeMember(work, { organization_id, user_id, ...noBody });
  await native.users.setRoles(work, { user_id, query: undefined, body: { roles: [] } });
}

async function resignOne(work: Work, user_id: string): Promise<void> {
  await endGrants(work, user_id);
  await endMemberships(work, user_id);
  const { state } = await userBy(work, user_id);
  if (state === 'active') await native.users.disable(work, { user_id, ...noBody });
  const beside = (unit: Unit) =>
    setExtension(unit, 'users', user_id, 'authing', (bag) => ({ ...bag, status: RESIGNED }));
  await patchUser(work, { user_id, query: undefined, body: {} }, undefined, { beside });
}

const NEEDED = ['groups:write', 'organizations:write', 'roles:write', 'resources:write'] as const;

/** All of them or none. */
async function resign(call: Call, subjects: readonly string[]) {
  for (const scope of NEEDED) need(call, scope);
  const ids = await requireIds(call.work, [...new Set(subjects)]);
  await together(call.work, async (work) => {
    for (const user_id of [...ids.values()].toSorted()) await resignOne(work, user_id);
  });
  return answered({ success: true });
}

export const departureRows: readonly DialectRow[] = [
  row('POST /api/v3/resign-user', {
    scopes: ['users:write'],
    body: one,
    run: (call: DialectCall<undefined, Static<typeof one>>) => resign(call, [call.body.userId]),
  }),
  row('POST /api/v3/resign-user-batch', {
    scopes: ['users:write'],
    body: several,
    run: (call: DialectCall<undefined, Static<typeof several>>) => resign(call, call.body.userIds),
  }),
];
