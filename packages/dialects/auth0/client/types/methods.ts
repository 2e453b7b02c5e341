/** The methods of the managers by their kinds: the typed side of rows.ts. */
import type { HttpResponse } from '../errors.ts';
import type { ImportData } from '../import.ts';
import type { Ask, Change, Give, List, Only, PartList, Plain, Remove } from './call.ts';
import type * as m from './models.ts';

/** A JSON object as an argument. */
type Data = object;
type Json = m.Json;
type Delete<P> = Remove<P, Data, m.Empty>;

export interface UsersMethods {
  /** Creates a user in a connection. */
  create: Give<m.UserCreate, m.User>;
  /** Users, by search or page by page. */
  getAll: List<m.UserQuery, m.User, 'users'>;
  /** Users with this address, one for each connection. */
  getByEmail: ['by-email'];
  get: Give<m.Id & m.Fields, m.User>;
  update: Change<m.Id, m.UserUpdate, m.User>;
  /** Merges: null removes a key. */
  updateUserMetadata: Change<m.Id, Data, m.User>;
  /** Merges: null removes a key. */
  updateAppMetadata: Change<m.Id, Data, m.User>;
  delete: Delete<m.Id>;
  /** Deletes every user. By callback only, so that it isn't called by accident. */
  deleteAll: Only<m.Empty>;
  deleteMultifactorProvider: Give<m.Id & { readonly provider: string }, m.Empty>;
  /** Makes another account an identity of this user; it ends as a user of its own. */
  link: Change<string, m.LinkData, m.Identity[]>;
  unlink: Give<m.Id & { readonly provider: string; readonly user_id: string }, m.Identity[]>;
  /** What was done to and by the user. */
  logs: PartList<m.Id & m.Paging & { readonly sort?: string | undefined }, m.LogEvent, 'logs'>;
  getGuardianEnrollments: Give<m.Id, m.Enrollment[]>;
  regenerateRecoveryCode: Give<m.Id, { readonly recovery_code: string }>;
  invalidateRememberBrowser: Give<m.Id, m.Empty>;
  getRoles: PartList<m.Id & m.Paging, m.Role, 'roles'>;
  assignRoles: Change<m.Id, m.Roles, m.Empty>;
  removeRoles: Change<m.Id, m.Roles, m.Empty>;
  getPermissions: PartList<m.Id & m.Paging, m.GrantedPermission, 'permissions'>;
  assignPermissions: Change<m.Id, m.Permissions, m.Empty>;
  removePermissions: Change<m.Id, m.Permissions, m.Empty>;
  deleteAllAuthenticators: Give<m.Id, m.Empty>;
  getUserOrganizations: PartList<m.Id & m.Paging, m.Organization, 'organizations'>;
  getAuthenticationMethods: PartList<m.Id & m.Paging, m.AuthenticationMethod, 'authenticators'>;
  getAuthenticationMethodById: Give<m.AuthenticationMethodId, m.AuthenticationMethod>;
  createAuthenticationMethod: Change<m.Id, m.AuthenticationMethodCreate, m.AuthenticationMethod>;
  /** Replaces all of them. */
  updateAuthenticationMethods: Change<m.Id, readonly m.AuthenticationMethodCreate[], m.AuthenticationMethod[]>;
  updateAuthenticationMethodById: Change<
    m.AuthenticationMethodId,
    m.AuthenticationMethodUpdate,
    m.AuthenticationMethod
  >;
  deleteAuthenticationMethods: Delete<m.Id>;
  deleteAuthenticationMethodById: Delete<m.AuthenticationMethodId>;
}
export interface ClientsMethods {
  create: Give<m.ClientCreate, m.Client>;
  getAll: List<m.ClientQuery, m.Client, 'clients'>;
  get: Give<m.ClientId & m.Fields, m.Client>;
  update: Change<m.ClientId, m.ClientUpdate, m.Client>;
  delete: Delete<m.ClientId>;
  rotateClientSecret: Give<m.ClientId, m.Client>;
}
type CredentialId = m.ClientId & { readonly credential_id: string };
export interface ClientCredentialsMethods {
  create: Change<m.ClientId, Data, m.Entity>;
  getAll: Give<m.ClientId, m.Entity[]>;
  get: Give<CredentialId, m.Entity>;
  delete: Delete<CredentialId>;
}
export interface ClientGrantsMethods {
  create: Give<m.ClientGrantCreate, m.ClientGrant>;
  getAll: List<m.ClientGrantQuery, m.ClientGrant, 'client_grants'>;
  update: Change<m.Id, m.ClientGrantUpdate, m.ClientGrant>;
  delete: Delete<m.Id>;
}
type GrantQuery = m.Paging & { readonly user_id?: string; readonly client_id?: string; readonly audience?: string };
export interface GrantsMethods {
  getAll: List<GrantQuery, m.Entity, 'grants'>;
  delete: Delete<m.Id>;
}
export interface UserBlocksMethods {
  get: Give<m.Id, m.UserBlocks>;
  delete: Delete<m.Id>;
  getByIdentifier: Give<{ readonly identifier: string }, m.UserBlocks>;
  deleteByIdentifier: Delete<{ readonly identifier: string }>;
}
type Factor = { readonly name: string };
type FactorProvider = Factor & { readonly provider: string };
export interface GuardianMethods {
  getGuardianEnrollment: Give<m.Id, m.Enrollment>;
  deleteGuardianEnrollment: Delete<m.Id>;
  createEnrollmentTicket: Give<
    { readonly user_id: string } & Json,
    { readonly ticket_id: string; readonly ticket_url: string }
  >;
  getFactors: Ask<Json, Json[]>;
  getFactorSettings: Give<Factor, Json>;
  updateFactorSettings: Change<Factor, Data, Json>;
  getFactorProvider: Give<FactorProvider, Json>;
  updateFactorProvider: Change<FactorProvider, Data, Json>;
  getFactorTemplates: Give<Factor, Json>;
  updateFactorTemplates: Change<Factor, Data, Json>;
  updateFactor: Change<Factor, { readonly enabled: boolean }, Json>;
  getPolicies: Ask<Json, string[]>;
  updatePolicies: Change<Json, readonly string[], string[]>;
  getPhoneFactorSelectedProvider: Ask<Json, Json>;
  updatePhoneFactorSelectedProvider: Change<Json, Data, Json>;
  getPhoneFactorMessageTypes: Ask<Json, Json>;
  updatePhoneFactorMessageTypes: Change<Json, Data, Json>;
}
export interface CustomDomainsMethods {
  create: Give<{ readonly domain: string; readonly type: string } & Json, m.Entity>;
  getAll: Ask<Json, m.Entity[]>;
  get: Give<m.Id, m.Entity>;
  verify: Give<m.Id, m.Entity>;
  delete: Delete<m.Id>;
}
export interface ConnectionsMethods {
  create: Give<m.ConnectionCreate, m.Connection>;
  getAll: List<m.ConnectionQuery, m.Connection, 'connections'>;
  get: Give<m.Id & m.Fields, m.Connection>;
  update: Change<m.Id, m.ConnectionUpdate, m.Connection>;
  delete: Delete<m.Id>;
  checkStatus: Give<m.Id, Json>;
  deleteUserByEmail: Give<m.Id & { readonly email: string }, m.Empty>;
}
export interface DeviceCredentialsMethods {
  createPublicKey: Give<m.DeviceCredentialCreate, m.Id>;
  getAll: List<m.DeviceCredentialQuery, m.DeviceCredential, 'device_credentials'>;
  delete: Delete<m.Id>;
}
export interface RulesMethods {
  create: Give<m.RuleCreate, m.Rule>;
  getAll: List<m.RuleQuery, m.Rule, 'rules'>;
  get: Give<m.Id & m.Fields, m.Rule>;
  update: Change<m.Id, Partial<m.RuleCreate>, m.Rule>;
  delete: Delete<m.Id>;
}
export interface BlacklistedTokensMethods {
  add: Give<m.BlacklistedToken, m.Empty>;
  getAll: Ask<{ readonly aud?: string | undefined }, m.BlacklistedToken[]>;
}
export interface EmailProviderMethods {
  configure: Give<m.EmailProvider, m.EmailProvider>;
  get: Ask<m.Fields, m.EmailProvider>;
  update: Change<Json, Partial<m.EmailProvider>, m.EmailProvider>;
  delete: Ask<Json, m.Empty>;
}
export interface StatsMethods {
  getDaily: Ask<m.StatsQuery, m.DailyStats[]>;
  /** Users who were active in the last 30 days. */
  getActiveUsersCount: Ask<undefined, number>;
}
export interface TenantMethods {
  updateSettings: Give<m.TenantSettings, m.TenantSettings>;
  getSettings: Ask<m.Fields, m.TenantSettings>;
}
export interface JobsMethods {
  get: Give<m.Id, m.Job>;
  /** Resolves the whole answer. @deprecated importUsersJob resolves the job */
  importUsers: Plain<ImportData, HttpResponse<m.Job>>;
  importUsersJob: Plain<ImportData, m.Job>;
  exportUsers: Give<m.ExportData, m.Job>;
  /** The failures by user; the job itself if all of it failed; `{}` if nothing did. */
  errors: Give<m.Id, m.ImportFailure[] | m.Job | m.Empty>;
  verifyEmail: Give<m.VerificationData, m.Job>;
}
export interface TicketsMethods {
  changePassword: Give<m.PasswordTicketData, m.Ticket>;
  verifyEmail: Give<m.VerifyEmailTicketData, m.Ticket>;
}
export interface LogsMethods {
  getAll: List<m.LogQuery, m.LogEvent, 'logs'>;
  get: Give<m.Id, m.LogEvent>;
}
export interface LogStreamsMethods {
  getAll: Ask<Json, m.Entity[]>;
  get: Give<m.Id, m.Entity>;
  create: Give<Data, m.Entity>;
  update: Change<m.Id, Data, m.Entity>;
  delete: Delete<m.Id>;
}
export interface ResourceServersMethods {
  create: Give<m.ResourceServerCreate, m.ResourceServer>;
  getAll: List<m.ResourceServerQuery, m.ResourceServer, 'resource_servers'>;
  /** By id or by identifier. */
  get: Give<m.Id & { readonly include_fields?: boolean | undefined }, m.ResourceServer>;
  update: Change<m.Id, m.ResourceServerUpdate, m.ResourceServer>;
  delete: Delete<m.Id>;
}
type Template = { readonly name: string };
export interface EmailTemplatesMethods {
  create: Give<Data, Json>;
  get: Give<Template, Json>;
  update: Change<Template, Data, Json>;
}
type Key = { readonly key: string };
export interface RulesConfigsMethods {
  set: Change<Key, { readonly value: string }, Key>;
  getAll: Ask<Json, Key[]>;
  delete: Delete<Key>;
}
type RoleCreate = Pick<m.Role, 'name' | 'description'>;
export interface RolesMethods {
  create: Give<RoleCreate, m.Role>;
  getAll: List<m.Paging & { readonly name_filter?: string | undefined }, m.Role, 'roles'>;
  get: Give<m.Id, m.Role>;
  update: Change<m.Id, Partial<RoleCreate>, m.Role>;
  delete: Delete<m.Id>;
  getPermissions: PartList<m.Id & m.Paging, m.GrantedPermission, 'permissions'>;
  addPermissions: Change<m.Id, m.Permissions, m.Empty>;
  removePermissions: Change<m.Id, m.Permissions, m.Empty>;
  getUsers: PartList<m.Id & m.Paging, m.Member, 'users'>;
  assignUsers: Change<m.Id, { readonly users: readonly string[] }, m.Empty>;
}
type Secrets = Readonly<Record<string, string>>;
export interface HooksMethods {
  create: Give<Data, m.Entity>;
  getAll: List<m.Fields & m.Paging & { readonly triggerId?: string; readonly enabled?: boolean }, m.Entity, 'hooks'>;
  get: Give<m.Id & m.Fields, m.Entity>;
  update: Change<m.Id, Data, m.Entity>;
  delete: Delete<m.Id>;
  getSecrets: Give<m.Id, Secrets>;
  addSecrets: Change<m.Id, Secrets, m.Empty>;
  updateSecrets: Change<m.Id, Secrets, m.Empty>;
  /** Takes the names. */
  removeSecrets: Change<m.Id, readonly string[], m.Empty>;
}
export interface BrandingMethods {
  updateSettings: Change<Json, Data, Json>;
  getSettings: Ask<Json, Json>;
  getUniversalLoginTemplate: Ask<Json, Json>;
  setUniversalLoginTemplate: Change<Json, Data, m.Empty>;
  deleteUniversalLoginTemplate: Ask<Json, m.Empty>;
  getTheme: Give<m.Id, Json>;
  getDefaultTheme: Ask<undefined, Json>;
  createTheme: Give<Data, Json>;
  updateTheme: Change<m.Id, Data, Json>;
  deleteTheme: Delete<m.Id>;
}
export interface MigrationsMethods {
  updateMigrations: Give<{ readonly flags: Readonly<Record<string, boolean>> }, Json>;
  getMigrations: Ask<Json, Json>;
}
type CustomText = { readonly prompt: string; readonly language: string };
export interface PromptsMethods {
  updateSettings: Change<Json, Data, Json>;
  getSettings: Ask<Json, Json>;
  getCustomTextByLanguage: Give<CustomText, Json>;
  updateCustomTextByLanguage: Give<CustomText & { readonly body: Data }, m.Empty>;
}
type VersionId = m.Id & { readonly version_id: string };
type TriggerId = { readonly trigger_id: string };
export interface ActionsMethods {
  create: Give<Data, m.Entity>;
  getAll: Ask<Json, { readonly actions: readonly m.Entity[]; readonly total?: number }>;
  get: Give<m.Id, m.Entity>;
  update: Change<m.Id, Data, m.Entity>;
  delete: Give<m.Id, m.Empty>;
  getAllTriggers: Ask<Json, { readonly triggers: readonly Json[] }>;
  updateTriggerBindings: Change<TriggerId, { readonly bindings: readonly Json[] }, Json>;
  getTriggerBindings: Give<TriggerId, Json>;
  test: Change<m.Id, Data, Json>;
  deploy: Give<m.Id, m.Entity>;
  getVersions: Give<m.Id & m.Paging, { readonly versions: readonly m.Entity[] }>;
  getVersion: Give<VersionId, m.Entity>;
  createVersion: Change<m.Id, Data, m.Entity>;
  deployVersion: Give<VersionId, m.Entity>;
  getExecution: Give<{ readonly execution_id: string }, m.Entity>;
}
type EnabledId = m.Id & { readonly connection_id: string };
type InvitationId = m.Id & { readonly invitation_id: string };
type MemberId = m.Id & { readonly user_id: string };
export interface OrganizationsMethods {
  create: Give<m.OrganizationCreate, m.Organization>;
  getAll: List<m.Paging & m.Checkpoint, m.Organization, 'organizations'>;
  getByID: Give<m.Id, m.Organization>;
  getByName: Give<{ readonly name: string }, m.Organization>;
  update: Change<m.Id, Partial<Omit<m.Organization, 'id'>>, m.Organization>;
  delete: Delete<m.Id>;
  getEnabledConnections: PartList<m.Id & m.Paging, m.EnabledConnection, 'enabled_connections'>;
  getEnabledConnection: Give<EnabledId, m.EnabledConnection>;
  addEnabledConnection: Change<m.Id, m.EnabledConnectionData, m.EnabledConnection>;
  removeEnabledConnection: Give<EnabledId, m.Empty>;
  updateEnabledConnection: Change<EnabledId, { readonly assign_membership_on_login: boolean }, m.EnabledConnection>;
  getMembers: PartList<m.Id & m.Paging & m.Checkpoint, m.Member, 'members'>;
  addMembers: Change<m.Id, m.Members, m.Empty>;
  removeMembers: Change<m.Id, m.Members, m.Empty>;
  getInvitations: PartList<m.Id & m.Paging & m.Fields & { readonly sort?: string }, m.Invitation, 'invitations'>;
  getInvitation: Give<InvitationId & m.Fields, m.Invitation>;
  createInvitation: Change<m.Id, m.InvitationData, m.Invitation>;
  deleteInvitation: Give<InvitationId, m.Empty>;
  getMemberRoles: PartList<MemberId & m.Paging, m.Role, 'roles'>;
  addMemberRoles: Change<MemberId, m.Roles, m.Empty>;
  removeMemberRoles: Change<MemberId, m.Roles, m.Empty>;
}
export interface AttackProtectionMethods {
  getBruteForceConfig: Ask<Json, Json>;
  updateBruteForceConfig: Change<Json, Data, Json>;
  getSuspiciousIpThrottlingConfig: Ask<Json, Json>;
  updateSuspiciousIpThrottlingConfig: Change<Json, Data, Json>;
  getBreachedPasswordDetectionConfig: Ask<Json, Json>;
  updateBreachedPasswordDetectionConfig: Change<Json, Data, Json>;
}

/** Every manager's methods by the property that holds it. */
export interface Methods {
  clients: ClientsMethods;
  clientCredentials: ClientCredentialsMethods;
  clientGrants: ClientGrantsMethods;
  grants: GrantsMethods;
  users: UsersMethods;
  userBlocks: UserBlocksMethods;
  guardian: GuardianMethods;
  customDomains: CustomDomainsMethods;
  connections: ConnectionsMethods;
  deviceCredentials: DeviceCredentialsMethods;
  rules: RulesMethods;
  blacklistedTokens: BlacklistedTokensMethods;
  emailProvider: EmailProviderMethods;
  stats: StatsMethods;
  tenant: TenantMethods;
  jobs: JobsMethods;
  tickets: TicketsMethods;
  logs: LogsMethods;
  logStreams: LogStreamsMethods;
  resourceServers: ResourceServersMethods;
  emailTemplates: EmailTemplatesMethods;
  rulesConfigs: RulesConfigsMethods;
  roles: RolesMethods;
  hooks: HooksMethods;
  branding: BrandingMethods;
  migrations: MigrationsMethods;
  prompts: PromptsMethods;
  actions: ActionsMethods;
  organizations: OrganizationsMethods;
  attackProtection: AttackProtectionMethods;
}
