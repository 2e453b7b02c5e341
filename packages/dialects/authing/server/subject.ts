/** Who resources are granted to, as this vendor names them: users by id, roles and groups by code, organizations by id. */
import type { ResourceGrant } from '@reeve/contract';
import type { Work } from '@reeve/core';
import { requireGroup } from './group.ts';
import { requireId } from './pool.ts';
import { CODES, Refusal } from './problems.ts';
import { requireRole } from './role.ts';

export interface Target {
  readonly targetType?: string | null;
  readonly targetIdentifier?: string | null;
}

type Subject = ResourceGrant['subject'];

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
      return { type: 'organization', id: name };
    default:
      throw new Refusal(
        CODES.failed,
        `targetType: nothing is granted to ${targetType ?? 'nobody'} here.`,
        'targetType',
      );
  }
}
