/** The native client: every resource of the contract as a property, by way of the one runtime. */
import type {
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
  resourceNamespaces,
  resourceServers,
  resources,
  revokedTokens,
  roles,
  rules,
  sessions,
  stats,
  tenants,
  tickets,
  users,
} from '@reeve/contract';
import { ReeveError } from './error.ts';
import type { ImportOptions, ImportSource } from './import.ts';
import type { AuditEvent, ImportAnswer, ImportQuery, User, UserFilter } from './models.ts';
import { type Given, type Operation, type Operations, operationsOf, type RequestOptions } from './operations.ts';
import {
  type AnyOptions,
  type ClientOptions,
  type CredentialOptions,
  type Dialect,
  type TokenOptions,
  wire,
} from './options.ts';
import { isPassing } from './retry.ts';
import { type ResourceName, type Row, routes } from './routes.ts';
import { exportUsers, streamEvents } from './stream.ts';
import type { TokenSource } from './token.ts';

/** Either an application's credentials, or the token of someone who is signed in. */
export type ReeveOptions = ClientOptions &
  (
    | (CredentialOptions & { readonly token?: never })
    | (TokenOptions & { readonly [K in keyof CredentialOptions]?: never })
  );

/** The operations on users that stream. */
export interface UserStreams {
  bulkImport(source: ImportSource, options?: ImportQuery & ImportOptions): Promise<ImportAnswer>;
  exportAll: {
    (query: Given<UserFilter> & { readonly format: 'csv' }, options?: RequestOptions): AsyncIterable<string>;
    (query?: Given<UserFilter> & { readonly format?: 'ndjson' }, options?: RequestOptions): AsyncIterable<User>;
  };
}

type StreamQuery = Parameters<Operation<typeof audit.stream>>[0];

/** The operation on the audit log that streams. */
export interface AuditStreams {
  stream(query?: StreamQuery, options?: RequestOptions): AsyncIterable<AuditEvent>;
}

/**
 * Administers a tenant. Constructing it sends nothing; the first call fetches a token.
 *
 * @example
 * const reeve = new ReeveManagement({ tenantUrl: 'https://id.example.com', clientId, clientSecret });
 * for await (const user of reeve.users.list({ search: 'ann' })) console.log(user.id);
 */
export class ReeveManagement {
  protected static readonly dialect: Dialect = {
    name: 'ReeveManagement',
    required: ({ token }) => (token ? ['tenantUrl'] : ['tenantUrl', 'clientId', 'clientSecret']),
    ErrorClass: ReeveError,
    isPassing,
  };
  readonly users: Operations<typeof users, UserStreams>;
  readonly groups: Operations<typeof groups>;
  readonly roles: Operations<typeof roles>;
  readonly organizations: Operations<typeof organizations>;
  readonly connections: Operations<typeof connections>;
  readonly pools: Operations<typeof pools>;
  readonly applications: Operations<typeof applications>;
  readonly invitations: Operations<typeof invitations>;
  readonly sessions: Operations<typeof sessions>;
  readonly jobs: Operations<typeof jobs>;
  readonly audit: Operations<typeof audit, AuditStreams>;
  readonly stats: Operations<typeof stats>;
  readonly tenants: Operations<typeof tenants>;
  readonly mails: Operations<typeof mails>;
  readonly rules: Operations<typeof rules>;
  readonly identities: Operations<typeof identities>;
  readonly tickets: Operations<typeof tickets>;
  readonly resourceServers: Operations<typeof resourceServers>;
  readonly clientGrants: Operations<typeof clientGrants>;
  readonly authenticationMethods: Operations<typeof authenticationMethods>;
  readonly deviceCredentials: Operations<typeof deviceCredentials>;
  readonly revokedTokens: Operations<typeof revokedTokens>;
  readonly customFields: Operations<typeof customFields>;
  readonly resourceNamespaces: Operations<typeof resourceNamespaces>;
  readonly resources: Operations<typeof resources>;
  readonly #tokens: TokenSource;

  /** @throws TypeError that names what is missing */
  constructor(options: ReeveOptions) {
    const wiring = wire(new.target.dialect, options as AnyOptions);
    this.#tokens = wiring.tokens;
    const of = <Resource>(name: ResourceName): Operations<Resource> => operationsOf(wiring, name, routes[name]);
    const stream = (name: string, row: Row | undefined, query = {}, options = {}) => ({
      wiring,
      name,
      row: row as Row,
      query,
      options,
    });
    this.users = {
      ...of<typeof users>('users'),
      // Loaded when it is first needed: a quarter of the code, which few callers use.
      bulkImport: async (source, options = {}) =>
        (await import('./import.ts')).importUsers(wiring, routes, source, options),
      exportAll: ((query, options) =>
        exportUsers(stream('users.exportAll', routes.users.exportAll, query, options))) as UserStreams['exportAll'],
    };
    this.groups = of('groups');
    this.roles = of('roles');
    this.organizations = of('organizations');
    this.connections = of('connections');
    this.pools = of('pools');
    this.applications = of('applications');
    this.invitations = of('invitations');
    this.sessions = of('sessions');
    this.jobs = of('jobs');
    this.audit = {
      ...of<typeof audit>('audit'),
      stream: (query, options) => streamEvents(stream('audit.stream', routes.audit.stream, query, options)),
    };
    this.stats = of('stats');
    this.tenants = of('tenants');
    this.mails = of('mails');
    this.rules = of('rules');
    this.identities = of('identities');
    this.tickets = of('tickets');
    this.resourceServers = of('resourceServers');
    this.clientGrants = of('clientGrants');
    this.authenticationMethods = of('authenticationMethods');
    this.deviceCredentials = of('deviceCredentials');
    this.revokedTokens = of('revokedTokens');
    this.customFields = of('customFields');
    this.resourceNamespaces = of('resourceNamespaces');
    this.resources = of('resources');
  }

  /** Fetches a new token, whether or not the present one is usable. */
  refreshToken(): Promise<void> {
    return this.#tokens.refresh();
  }

  /** Drops the cached token; the next call fetches one. */
  clearToken(): Promise<void> {
    return this.#tokens.clear();
  }
}
