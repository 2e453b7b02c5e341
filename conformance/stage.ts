/** One server on a fresh database, with what all doors name: a group, an organization, a role, two fields. */
import { ReeveManagement } from '@reeve/sdk';
import { CLIENT_ID, CLIENT_SECRET, type DatabaseKind } from '@reeve/testkit';
import { startWorld, type World } from '../packages/dialects/auth0/conformance/world.ts';

export const GROUP = 'analysts';
export const ORGANIZATION = 'engine-works';
export const ROLE = 'reviewer';

export interface Stage {
  /** Reached without and, as Auth0's clients must, with encryption. */
  readonly world: World;
  readonly native: ReeveManagement;
  /** Ids of the directory itself. */
  readonly group: string;
  readonly organization: string;
  readonly role: string;
  /** Codes of roles by their ids. */
  readonly roleCodes: ReadonlyMap<string, string>;
  /** The management application that three of the vendors' clients sign in as. */
  readonly application: string;
}

export async function setStage(kind: DatabaseKind): Promise<Stage> {
  const world = await startWorld(kind);
  const native = new ReeveManagement({
    tenantUrl: world.server.url,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
  });
  const { id: group } = await native.groups.create({ code: GROUP, name: 'Analysts' });
  const { id: organization } = await native.organizations.create({ name: ORGANIZATION });
  const { id: role } = await native.roles.create({ code: ROLE, name: 'Reviewer' });
  await native.customFields.create({ key: 'shoe_size', type: 'number' });
  await native.customFields.create({ key: 'town', type: 'string' });
  const { id: application } = await native.applications.get(CLIENT_ID);
  const { roles } = await native.roles.list({ limit: 100 });
  const roleCodes = new Map(roles.map(({ id, code }) => [id, code]));
  return { world, native, group, organization, role, roleCodes, application };
}
