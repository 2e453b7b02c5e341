/** Roles as this vendor shows them (contract `shapes.Role`). */
import { uuidOf } from '@reeve/core';
import { toSecond } from './value.ts';

/** Roles that are held inside an organization (contract `roles.organization`). */
export const ORGANIZATION_CODES: ReadonlySet<string> = new Set(['org_admin', 'org_manager', 'org_member']);

interface RoleLike {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly description: string | null;
  readonly level: number;
  readonly is_built_in: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

export const roleView = (role: RoleLike) => ({
  id: uuidOf(role.id),
  code: role.code,
  name: role.name,
  ...(role.description === null ? {} : { description: role.description }),
  type: role.is_built_in ? 'system' : 'custom',
  level: role.level,
  is_org_role: ORGANIZATION_CODES.has(role.code),
  created_at: toSecond(role.created_at),
  updated_at: toSecond(role.updated_at),
});
