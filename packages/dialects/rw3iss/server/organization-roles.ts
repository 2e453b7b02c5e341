/** The roles that members can be given through this door: no role of the platform is held inside an organization. */
import type { Role } from '@reeve/contract';
import { everyItem, operations, type Work } from '@reeve/core';
import { idFrom } from './ids.ts';
import { Refusal } from './problems.ts';
import { ORGANIZATION_CODES } from './role.ts';

/** The most powerful first. */
export async function organizationRoles(work: Work): Promise<Role[]> {
  const query = { namespace: 'default', search: 'org_' };
  const roles = await everyItem('roles', (page) =>
    operations.roles.list(work, { query: { ...query, ...page }, body: undefined }),
  );
  return roles.filter(({ code }) => ORGANIZATION_CODES.has(code)).toSorted((a, b) => a.level - b.level);
}

/** The codes that ids of roles spell. Throws `INVALID_INPUT`, `VALIDATION_ERROR`. */
export async function codesOf(work: Work, roleIds: readonly string[]): Promise<string[]> {
  const ids = roleIds.map((id) => idFrom('rol', 'role_ids', id));
  if (ids.length === 0) return [];
  const roles = new Map((await organizationRoles(work)).map(({ id, code }) => [id, code]));
  return ids.map((id, i) => roles.get(id) ?? refuseRole('role_ids', roleIds[i] as string));
}

/** Throws `VALIDATION_ERROR` where one of the codes is no role inside an organization. */
export function checkCodes(codes: readonly string[]): void {
  for (const code of codes) if (!ORGANIZATION_CODES.has(code)) refuseRole('role_codes', code);
}

function refuseRole(field: string, role: string): never {
  throw new Refusal(400, 'VALIDATION_ERROR', `${role} is no role that is held inside an organization.`, { field });
}
