/**
 * The contract, projected to what sending needs: no schema travels to a consumer. This module is evaluated when the
 * package is built and replaced by its constant (scripts/build-clients.mjs), so it must stay free of side effects and
 * export plain data.
 */
import {
  applications,
  audit,
  authenticationMethods,
  clientGrants,
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
  type Route,
  resourceNamespaces,
  resourceServers,
  resources as resourcesOfTenant,
  revokedTokens,
  roles,
  rules,
  sessions,
  stats,
  tenants,
  tickets,
  users,
  type Verb,
} from '@reeve/contract';

/** One operation on the wire. */
export interface Row {
  readonly verb: Verb;
  /** Below `/api/v1`, with `{parameters}`. */
  readonly path: string;
  /** Where the argument goes; absent: there is none. */
  readonly input?: 'query' | 'body';
  /** The plural of a list. */
  readonly items?: string;
  /** Nothing comes back. */
  readonly isVoid?: true;
}
export type Table = Readonly<Record<string, Row>>;

const isRoute = (value: unknown): value is Route => typeof value === 'object' && value !== null && 'verb' in value;

const rowOf = ({ verb, path, query, body, items, response }: Route): Row => ({
  verb,
  path,
  ...(query ? { input: 'query' } : body ? { input: 'body' } : {}),
  ...(items ? { items } : {}),
  ...(response ? {} : { isVoid: true }),
});

const tableOf = (resource: object): Table =>
  Object.fromEntries(
    Object.entries(resource).flatMap(([name, value]) => (isRoute(value) ? [[name, rowOf(value)]] : [])),
  );

const resources = {
  users,
  groups,
  roles,
  organizations,
  connections,
  pools,
  applications,
  invitations,
  sessions,
  jobs,
  audit,
  stats,
  tenants,
  mails,
  rules,
  identities,
  tickets,
  resourceServers,
  clientGrants,
  authenticationMethods,
  deviceCredentials,
  revokedTokens,
  customFields,
  resourceNamespaces,
  resources: resourcesOfTenant,
};
export type ResourceName = keyof typeof resources;

/** Every operation of every resource. */
export const routes = Object.fromEntries(
  Object.entries(resources).map(([name, resource]) => [name, tableOf(resource)]),
) as Readonly<Record<ResourceName, Table>>;
