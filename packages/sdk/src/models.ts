/** The shapes that travel, by the names a caller wants to import. All of them derive from the contract. */
import type {
  applications,
  authenticationMethods,
  clientGrants,
  connections,
  customFields,
  deviceCredentials,
  Event,
  groups,
  invitations,
  jobs,
  mails,
  organizations,
  pools,
  Route,
  resourceNamespaces,
  resourceServers,
  resources,
  revokedTokens,
  roles,
  rules,
  sessions,
  tenants,
  users,
} from '@reeve/contract';

export type { EventType, FieldError, ProblemCode, Scope } from '@reeve/contract';
export type AuditEvent = Event;
export type User = users.User;
export type UserCreate = users.UserCreate;
export type UserUpdate = users.UserUpdate;
export type Group = groups.Group;
export type Member = groups.Member;
export type Role = roles.Role;
export type Organization = organizations.Organization;
export type Connection = connections.Connection;
export type PasswordPolicy = connections.PasswordPolicy;
export type Pool = pools.Pool;
export type CustomField = customFields.CustomField;
export type ResourceNamespace = resourceNamespaces.ResourceNamespace;
export type Resource = resources.Resource;
export type ResourceGrant = resources.ResourceGrant;
export type AuthorizedResource = resources.AuthorizedResource;
export type Explanation = resources.Explanation;
export type Application = applications.Application;
export type Invitation = invitations.Invitation;
export type Session = sessions.Session;
export type Job = jobs.Job;
export type Tenant = tenants.Tenant;
export type Settings = tenants.Settings;
export type Mail = mails.Mail;
export type MailProvider = mails.MailProvider;
export type Rule = rules.Rule;
export type ResourceServer = resourceServers.ResourceServer;
export type ClientGrant = clientGrants.ClientGrant;
export type AuthenticationMethod = authenticationMethods.AuthenticationMethod;
export type DeviceCredential = deviceCredentials.DeviceCredential;
export type RevokedToken = revokedTokens.RevokedToken;

type QueryOf<R> = R extends Route<string, infer Query> ? Query : never;
type BodyOf<R> = R extends Route<string, unknown, infer Body> ? Body : never;
type ResponseOf<R> = R extends Route<string, unknown, unknown, infer Response> ? Response : never;

/** One row of a bulk import. */
export type ImportRow = BodyOf<typeof users.bulkImport>;
/** What a bulk import resolves to. */
export type ImportAnswer = ResponseOf<typeof users.bulkImport>;
export type RowError = ImportAnswer['errors'][number];
/** What the server may be told about a bulk import. */
export type ImportQuery = QueryOf<typeof users.bulkImport>;
/** Several filters are an "and". */
export type UserFilter = Omit<QueryOf<typeof users.exportAll>, 'format'>;
