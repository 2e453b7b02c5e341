/** The contract of the native API: every resource, every operation, once. */

export * from './event.ts';
export * from './operation.ts';
export * from './problem.ts';
export type { Application } from './resources/applications.ts';
export * as applications from './resources/applications.ts';
export * as audit from './resources/audit.ts';
export type {
  AddedAuthenticationMethod,
  AuthenticationMethod,
  AuthenticationMethodDraft,
  AuthenticationMethodType,
} from './resources/authentication-methods.ts';
export * as authenticationMethods from './resources/authentication-methods.ts';
export type { ClientGrant } from './resources/client-grants.ts';
export * as clientGrants from './resources/client-grants.ts';
export type { Connection, PasswordPolicy } from './resources/connections.ts';
export * as connections from './resources/connections.ts';
export type { CustomField } from './resources/custom-fields.ts';
export * as customFields from './resources/custom-fields.ts';
export type { DeviceCredential } from './resources/device-credentials.ts';
export * as deviceCredentials from './resources/device-credentials.ts';
export type { Group, Member } from './resources/groups.ts';
export * as groups from './resources/groups.ts';
export * as identities from './resources/identities.ts';
export type { ImportAnswer, ImportRow, PasswordHash, RowError } from './resources/import.ts';
export type { Invitation, InvitationCreate } from './resources/invitations.ts';
export * as invitations from './resources/invitations.ts';
export type { Job } from './resources/jobs.ts';
export * as jobs from './resources/jobs.ts';
export type { Mail, MailProvider } from './resources/mails.ts';
export * as mails from './resources/mails.ts';
export type { Organization } from './resources/organizations.ts';
export * as organizations from './resources/organizations.ts';
export type { Permission, PermissionName, UserPermission } from './resources/permissions.ts';
export { type Profile, userFields } from './resources/person.ts';
export type { Pool } from './resources/pools.ts';
export * as pools from './resources/pools.ts';
export type { ResourceNamespace } from './resources/resource-namespaces.ts';
export * as resourceNamespaces from './resources/resource-namespaces.ts';
export type { ResourceServer } from './resources/resource-servers.ts';
export * as resourceServers from './resources/resource-servers.ts';
export type { AuthorizedResource, Explanation, Resource, ResourceGrant, Subject } from './resources/resources.ts';
export * as resources from './resources/resources.ts';
export type { RevokedToken } from './resources/revoked-tokens.ts';
export * as revokedTokens from './resources/revoked-tokens.ts';
export type { Role } from './resources/roles.ts';
export * as roles from './resources/roles.ts';
export type { Rule } from './resources/rules.ts';
export * as rules from './resources/rules.ts';
export type { Session } from './resources/sessions.ts';
export * as sessions from './resources/sessions.ts';
export type { DailyStats } from './resources/stats.ts';
export * as stats from './resources/stats.ts';
export type { Settings, Tenant } from './resources/tenants.ts';
export * as tenants from './resources/tenants.ts';
export * as tickets from './resources/tickets.ts';
export type { Identity, User, UserCreate, UserUpdate } from './resources/users.ts';
export * as users from './resources/users.ts';
export * from './route.ts';
export * from './schema.ts';
