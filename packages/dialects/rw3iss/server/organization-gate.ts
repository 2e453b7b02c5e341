/**
 * Who may do what below `/orgs/{orgId}` (D21: by what is held, not by the platform's roles alone): the platform's
 * administrators, and members in a session that acts in the organization, by the roles that they hold inside it now.
 */
import { type DialectCall, memberOfOrganization, uuidOf } from '@reeve/core';
import { organizationFor } from './door.ts';
import { PLATFORM_ADMIN } from './gate.ts';
import { organizationIdOf } from './ids.ts';
import { Refusal } from './problems.ts';
import { ownIdOf } from './user.ts';

export const ORGANIZATION_ADMIN = ['org_admin'] as const;
export const ORGANIZATION_MANAGER = ['org_admin', 'org_manager'] as const;

const lacking = (message: string) => new Refusal(403, 'INSUFFICIENT_PERMISSIONS', message);

/** The organization of the path; `codes`: one of them has to be held inside it, none: any member may. */
export async function enterOrganization(
  { work, params, claims, holds }: DialectCall,
  codes?: readonly string[],
): Promise<string> {
  const id = organizationIdOf(params);
  if (PLATFORM_ADMIN.some(holds)) {
    await organizationFor(work, params.org_id);
    return id;
  }
  if (claims.org_id !== uuidOf(id)) throw lacking('This needs a session that acts in the organization; switch to it.');
  const member = await memberOfOrganization(work, id, ownIdOf(work));
  if (!member) throw new Refusal(403, 'NOT_ORGANIZATION_MEMBER', 'You are no member of this organization.');
  if (codes && !member.roles.some(({ code }) => codes.includes(code)))
    throw lacking(`This needs one of the roles ${codes.join(', ')} in the organization.`);
  return id;
}
