/** Organizations as Auth0 shows them; `branding` is Auth0's alone. */
import type { Organization } from '@reeve/contract';
import { extensionsOf, present, type Work } from '@reeve/core';

type Own = Readonly<Record<string, unknown>> | undefined;

export const organizationView = (organization: Organization, own: Own) => ({
  id: organization.id,
  name: organization.name,
  ...present({ display_name: organization.display_name }),
  ...(own ?? {}),
  ...(Object.keys(organization.metadata).length > 0 ? { metadata: organization.metadata } : {}),
});

export async function organizationViews(work: Work, organizations: readonly Organization[]) {
  const ids = organizations.map(({ id }) => id);
  const own = await work.read((db) => extensionsOf(db, work, 'organizations', 'auth0', ids));
  return organizations.map((organization) => organizationView(organization, own.get(organization.id)));
}
