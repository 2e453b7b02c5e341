/** Every resource of the native API by its name: what documents, walkers and reference pages go through. */
import * as applications from './resources/applications.ts';
import * as audit from './resources/audit.ts';
import * as authenticationMethods from './resources/authentication-methods.ts';
import * as clientGrants from './resources/client-grants.ts';
import * as connections from './resources/connections.ts';
import * as customFields from './resources/custom-fields.ts';
import * as deviceCredentials from './resources/device-credentials.ts';
import * as groups from './resources/groups.ts';
import * as identities from './resources/identities.ts';
import * as invitations from './resources/invitations.ts';
import * as jobs from './resources/jobs.ts';
import * as mails from './resources/mails.ts';
import * as organizations from './resources/organizations.ts';
import * as pools from './resources/pools.ts';
import * as resourceNamespaces from './resources/resource-namespaces.ts';
import * as resourceServers from './resources/resource-servers.ts';
import * as resources from './resources/resources.ts';
import * as revokedTokens from './resources/revoked-tokens.ts';
import * as roles from './resources/roles.ts';
import * as rules from './resources/rules.ts';
import * as sessions from './resources/sessions.ts';
import * as stats from './resources/stats.ts';
import * as tenants from './resources/tenants.ts';
import * as tickets from './resources/tickets.ts';
import * as users from './resources/users.ts';
import type { Route } from './route.ts';

const modules = {
  applications,
  audit,
  clientGrants,
  authenticationMethods,
  connections,
  customFields,
  deviceCredentials,
  groups,
  identities,
  invitations,
  jobs,
  mails,
  organizations,
  pools,
  revokedTokens,
  resourceNamespaces,
  resources,
  resourceServers,
  roles,
  rules,
  sessions,
  stats,
  tenants,
  tickets,
  users,
} as const;

/** One operation with the name that documents and SDKs give it. */
export interface NamedRoute {
  readonly resource: string;
  readonly name: string;
  /** `<resource>.<name>` */
  readonly id: string;
  readonly route: Route;
}

const isRoute = (value: unknown): value is Route => typeof value === 'object' && value !== null && 'verb' in value;

/** Every route of the native API. */
export const routes: readonly NamedRoute[] = Object.entries(modules).flatMap(([resource, module]) =>
  Object.entries(module).flatMap(([name, value]: [string, unknown]) =>
    isRoute(value) ? [{ resource, name, id: `${resource}.${name}`, route: value }] : [],
  ),
);
