/** Who resources are granted to, as this vendor names them: users by id, roles and groups by code, organizations by id. */
import type { Resource, ResourceGrant } from '@reeve/contract';
import { codesOf, everyItem, findOrganization, operations, type Work } from '@reeve/core';
import { requireGroup } from './group.ts';
import { type Call, spend } from './operation.ts';
import { requireId, subjectOf, usersBy } from './pool.ts';
import { CODES, Refusal } from './problems.ts';
import { requireRole } from './role.ts';

export interface Target {
  readonly targetType?: string | null;
  readonly targetIdentifier?: string | null;
}

export type Subject = ResourceGrant['subject'];

export const TARGET_TYPES = ['USER', 'ROLE', 'GROUP', 'ORG'] as const;
const TYPES = { user: 'USER', role: 'ROLE', group: 'GROUP', organization: 'ORG' } as const;

async function requireOrganization(work: Work, organization_id: string): Promise<{ readonly id: string }> {
  const found = await work.read((db) => findOrganization(db, work.tenant.id, organization_id));
  if (!found)
    throw new Refusal(
      CODES.failed,
      `No organization has the id "${organization_id.slice(0, 128)}".`,
      'targetIdentifier',
    );
  return found;
}

/** Throws a refusal that names who is unknown. A role is looked for in the namespace of the resources. */
export async function subjectFrom(
  work: Work,
  { targetType, targetIdentifier }: Target,
  namespace?: string | null,
): Promise<Subject> {
  const name = targetIdentifier ?? '';
  switch (targetType) {
    case 'USER':
      return { type: 'user', id: await requireId(work, name) };
    case 'ROLE':
      return { type: 'role', id: (await requireRole(work, name, namespace)).id };
    case 'GROUP':
      return { type: 'group', id: (await requireGroup(work, name)).id };
    case 'ORG':
      return { type: 'organization', id: (await requireOrganization(work, name)).id };
    default:
      throw new Refusal(
        CODES.failed,
        `targetType: nothing is granted to ${targetType ?? 'nobody'} here.`,
        'targetType',
      );
  }
}

/** What subjects are called here, by their native ids. */
async function identifiersOf(work: Work, subjects: readonly Subject[]): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  const users = subjects.filter(({ type }) => type === 'user').map(({ id }) => id);
  for (const [id, user] of await usersBy(work, users)) names.set(id, subjectOf(user));
  for (const kind of ['role', 'group'] as const) {
    const ids = subjects.filter(({ type }) => type === kind).map(({ id }) => id);
    for (const [id, code] of await work.read((db) => codesOf(db, `${kind}s`, work.tenant.id, ids))) names.set(id, code);
  }
  for (const { type, id } of subjects) if (type === 'organization') names.set(id, id);
  return names;
}

/** To whom a resource is granted itself, and what of it; of one type, or of all. `*` is told as the actions that it stands for. */
export async function targetsOf(call: Call, { id, actions }: Resource, type: string | null | undefined) {
  const all = await everyItem('resource_grants', (page) =>
    operations.resources.listGrants(call.work, { query: { resource: id, ...page }, body: undefined }),
  );
  const grants = all.filter(({ subject }) => !type || TYPES[subject.type] === type);
  spend(call, grants.length);
  const names = await identifiersOf(
    call.work,
    grants.map(({ subject }) => subject),
  );
  const declared = actions.map(({ name }) => name);
  return grants.flatMap(({ subject, actions: held }) => {
    const targetIdentifier = names.get(subject.id);
    // Who was deleted since then has no name any more, and no grant.
    if (targetIdentifier === undefined) return [];
    const isAll = held.includes('*') && declared.length > 0;
    return [{ targetType: TYPES[subject.type], targetIdentifier, actions: isAll ? declared : held }];
  });
}
