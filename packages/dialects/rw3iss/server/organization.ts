/**
 * Organizations as this vendor shows them (contract `shapes.Organization`), and the one that a session acts in. The vendor's
 * name is what the directory displays, its slug is the directory's name; the texts that the directory has no field for are kept
 * with the organization as they were given.
 */
import { createHash } from 'node:crypto';
import type { Organization } from '@reeve/contract';
import {
  type Db,
  extensionsOf,
  findOrganization,
  operations,
  resultOf,
  setExtension,
  type Unit,
  uuidOf,
  type Work,
} from '@reeve/core';
import { Refusal } from './problems.ts';
import type { OrganizationContext } from './tokens.ts';
import { present, toSecond } from './value.ts';

/** The organization of this id; undefined where there is none, or none any more. */
export const organizationContext = async (
  db: Db,
  tenantId: number,
  id: string | undefined,
): Promise<OrganizationContext | undefined> => (id === undefined ? undefined : findOrganization(db, tenantId, id));

const organizationSummary = ({ id, name, display_name }: OrganizationContext) => ({
  id: uuidOf(id),
  name: display_name ?? name,
  slug: name,
});

export const ORGANIZATION_TEXTS = [
  'description',
  'logo_url',
  'website',
  'contact_email',
  'contact_phone',
  'address',
  'city',
  'state',
  'country',
  'postal_code',
] as const;
export type OrganizationTexts = { readonly [K in (typeof ORGANIZATION_TEXTS)[number]]?: string };

/** Organizations of one answer, with what has to be looked up for all of them at once. */
export async function organizationViews(work: Work, organizations: readonly Organization[]) {
  const ids = organizations.map(({ id }) => id);
  const kept = await work.read((db) => extensionsOf(db, work, 'organizations', 'rw3iss', ids));
  return organizations.map((organization) => ({
    ...organizationSummary(organization),
    status: 'active',
    ...present({ owner_id: organization.owner_id === null ? null : uuidOf(organization.owner_id) }),
    sso_enabled: false,
    ...present((kept.get(organization.id) ?? {}) as OrganizationTexts),
    created_at: toSecond(organization.created_at),
    updated_at: toSecond(organization.updated_at),
  }));
}
export type OrganizationView = Awaited<ReturnType<typeof organizationViews>>[number];

export const organizationView = async (work: Work, organization: Organization): Promise<OrganizationView> =>
  (await organizationViews(work, [organization]))[0] as OrganizationView;

const MAX_SLUG = 64;

/** The slug of a name; of one without any Latin letter or digit, one that is the same for the same name. */
export function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG)
    .replace(/^-|-$/g, '');
  return slug === '' ? `org-${createHash('sha256').update(name).digest('hex').slice(0, 12)}` : slug;
}

/** The directory's names of an organization. Throws `INVALID_INPUT`. */
export function namesOf(field: string, given: string) {
  const display_name = given.trim();
  if (display_name === '') throw new Refusal(400, 'INVALID_INPUT', `${field} must not be empty.`, { field });
  return { name: slugOf(display_name), display_name };
}

/** Contract `organizations.update`: what is absent stays; an empty text is taken away. */
export function textsWith(before: OrganizationTexts, given: OrganizationTexts): OrganizationTexts {
  const after: Record<string, string> = { ...before };
  for (const name of ORGANIZATION_TEXTS) {
    const value = given[name];
    if (value === '') delete after[name];
    else if (value !== undefined) after[name] = value;
  }
  return after;
}

/** Contract `organizations.create`: the slug of the name is taken. */
export const slugTaken = {
  status: 409,
  code: 'ORGANIZATION_ALREADY_EXISTS',
  message: 'Another organization has the slug of this name.',
} as const;

/** Makes an organization in a unit; its owner is a member and its org_admin. `work` is joined to the unit (`together`). */
export async function foundOrganization(
  work: Work,
  unit: Unit,
  { ownerId, names, texts }: { ownerId: string; names: ReturnType<typeof namesOf>; texts: OrganizationTexts },
): Promise<Organization> {
  const { id: organization_id } = resultOf(
    await operations.organizations.create(work, { query: undefined, body: names }),
  );
  const kept = textsWith({}, texts);
  if (Object.keys(kept).length > 0)
    await setExtension(unit, 'organizations', organization_id, 'rw3iss', kept, { isCreation: true });
  const roles = ['org_admin'];
  // Before the owner is named: this locks the user as whoever changes one does.
  await operations.organizations.addMember(work, {
    organization_id,
    user_id: ownerId,
    query: undefined,
    body: { roles },
  });
  return resultOf(
    await operations.organizations.update(work, { organization_id, query: undefined, body: { owner_id: ownerId } }),
  );
}
