/**
 * The table that all managers are made from: for each its resources as URL templates, and for each method the resource,
 * the verb, how its arguments are meant, and what is checked before anything is sent. The texts are recorded facts
 * (packages/dialects/auth0/contract). The types that go with it are in types/methods.ts; a test holds the two together.
 */
import type { Verb } from './rest.ts';

/**
 * - `pass`: as the verb itself takes them
 * - `params`: `(params)`; a POST sends `{}`
 * - `none`: nothing but a callback
 * - `data`: `(data)`; a place is never among them
 * - `params+data`: `(params, data = {})`
 * - `user_metadata`, `app_metadata`: `(params, metadata)`, wrapped under that name
 */
export type Form = 'pass' | 'params' | 'none' | 'data' | 'params+data' | 'user_metadata' | 'app_metadata';
/** `given`: not missing or empty; `string`: of that type; `text`: both, with one message. */
export type Rule = 'given' | 'string' | 'text' | 'object';
/** The parameter, its rule, and the message when it is broken. */
export type Check = readonly [name: string, rule: Rule, message: string];

export interface Row {
  readonly resource: string;
  readonly verb: Verb;
  readonly form: Form;
  readonly checks: readonly Check[];
  /** Parameters that are always the same. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** A call without `params` throws a TypeError instead of failing its first check. */
  readonly isStrict?: boolean;
}

/** A method that is more than a row; see special.ts. */
export type Special = 'byEmail' | 'link' | 'deleteAll' | 'import' | 'importJob' | 'customText';
export type Entry = Row | Special;

export interface ManagerTable {
  /** Name of the class, and of its module below `src/management/`. */
  readonly name: string;
  readonly resources: Readonly<Record<string, string>>;
  readonly methods: Readonly<Record<string, Entry>>;
}

type Extra = Partial<Pick<Row, 'fixed' | 'isStrict'>>;
const row = (resource: string, verb: Verb, form: Form = 'pass', checks: readonly Check[] = [], extra: Extra = {}) => ({
  resource,
  verb,
  form,
  checks,
  ...extra,
});
const strict: Extra = { isStrict: true };
const text = (name: string, message: string): Check => [name, 'text', message];
const string = (name: string, message: string): Check => [name, 'string', message];
const given = (name: string, message: string): Check => [name, 'given', message];

const required = (...names: string[]): Check[] => names.map((name) => string(name, `${name} field is required`));
const ofUser = [given('id', 'The user_id cannot be null or undefined'), string('id', 'The user_id has to be a string')];
const ofRole = [
  given('id', 'The roleId passed in params cannot be null or undefined'),
  string('id', 'The role Id has to be a string'),
];
const ofHook = [
  given('id', 'The id passed in params cannot be null or undefined'),
  string('id', 'The hook Id has to be a string'),
];
const passed = (name: string, what: string): Check[] => [
  given(name, `The ${what} ID passed in params cannot be null or undefined`),
  string(name, `The ${what} ID has to be a string`),
];
const ofOrganization = passed('id', 'organization');
const userId = [given('id', 'The userId cannot be null or undefined')];
const jobId = [string('id', 'The id parameter must be a valid job id')];

/** The usual five on one resource. */
const crud = (resource = 'resource') => ({
  create: row(resource, 'create'),
  getAll: row(resource, 'getAll'),
  get: row(resource, 'get'),
  update: row(resource, 'patch'),
  delete: row(resource, 'delete'),
});
const manager = <const Methods extends Readonly<Record<string, Entry>>>(
  name: string,
  resources: Readonly<Record<string, string>>,
  methods: Methods,
) => ({ name, resources, methods });

const { update: _noUpdate, ...createReadDelete } = crud();

/** Every manager by the property that holds it. */
export const tables = {
  clients: manager(
    'ClientsManager',
    { resource: '/clients/:client_id', rotateSecretResource: '/clients/:client_id/rotate-secret' },
    {
      ...crud(),
      rotateClientSecret: row(
        'rotateSecretResource',
        'create',
        'params',
        [given('client_id', 'The client_id cannot be null or undefined')],
        strict,
      ),
    },
  ),
  clientCredentials: manager(
    'ClientCredentialsManager',
    { resource: '/clients/:client_id/credentials/:credential_id' },
    createReadDelete,
  ),
  clientGrants: manager(
    'ClientGrantsManager',
    { resource: '/client-grants/:id' },
    {
      create: row('resource', 'create'),
      getAll: row('resource', 'getAll'),
      update: row('resource', 'patch'),
      delete: row('resource', 'delete'),
    },
  ),
  grants: manager(
    'GrantsManager',
    { resource: '/grants/:id' },
    {
      getAll: row('resource', 'getAll'),
      delete: row('resource', 'delete'),
    },
  ),
  users: manager(
    'UsersManager',
    {
      users: '/users/:id',
      multifactor: '/users/:id/multifactor/:provider',
      identities: '/users/:id/identities/:provider/:user_id',
      linkedIdentities: '/users/:id/identities',
      userLogs: '/users/:id/logs',
      enrollments: '/users/:id/enrollments',
      usersByEmail: '/users-by-email',
      recoveryCodeRegenerations: '/users/:id/recovery-code-regeneration',
      invalidateRememberBrowsers: '/users/:id/multifactor/actions/invalidate-remember-browser',
      roles: '/users/:id/roles',
      permissions: '/users/:id/permissions',
      authenticators: '/users/:id/authenticators',
      organizations: '/users/:id/organizations',
      authenticationMethods: '/users/:id/authentication-methods/:authentication_method_id',
    },
    {
      create: row('users', 'create', 'data'),
      getAll: row('users', 'getAll'),
      getByEmail: 'byEmail',
      get: row('users', 'get'),
      update: row('users', 'patch'),
      updateUserMetadata: row('users', 'patch', 'user_metadata'),
      updateAppMetadata: row('users', 'patch', 'app_metadata'),
      delete: row('users', 'delete', 'pass', [string('id', 'You must provide an id for the delete method')]),
      deleteAll: 'deleteAll',
      deleteMultifactorProvider: row('multifactor', 'delete', 'params', [
        text('id', 'The id parameter must be a valid user id'),
        text('provider', 'Must specify a provider'),
      ]),
      link: 'link',
      unlink: row('identities', 'delete', 'params', required('id', 'user_id', 'provider')),
      logs: row('userLogs', 'get', 'params', required('id')),
      getGuardianEnrollments: row('enrollments', 'get'),
      regenerateRecoveryCode: row('recoveryCodeRegenerations', 'create', 'params', userId),
      invalidateRememberBrowser: row('invalidateRememberBrowsers', 'create', 'params', userId),
      getRoles: row('roles', 'getAll'),
      assignRoles: row('roles', 'create', 'params+data', ofUser, strict),
      removeRoles: row('roles', 'delete', 'params+data', ofUser, strict),
      getPermissions: row('permissions', 'getAll'),
      assignPermissions: row('permissions', 'create', 'params+data', ofUser, strict),
      removePermissions: row('permissions', 'delete', 'params+data', ofUser, strict),
      deleteAllAuthenticators: row('authenticators', 'delete', 'params', ofUser),
      getUserOrganizations: row('organizations', 'getAll'),
      getAuthenticationMethods: row('authenticationMethods', 'getAll'),
      getAuthenticationMethodById: row('authenticationMethods', 'get'),
      createAuthenticationMethod: row('authenticationMethods', 'create'),
      updateAuthenticationMethods: row('authenticationMethods', 'updateAll'),
      updateAuthenticationMethodById: row('authenticationMethods', 'patch'),
      deleteAuthenticationMethods: row('authenticationMethods', 'deleteAll'),
      deleteAuthenticationMethodById: row('authenticationMethods', 'delete'),
    },
  ),
  userBlocks: manager(
    'UserBlocksManager',
    { userBlocksById: '/user-blocks/:id', userBlocksByIdentifier: '/user-blocks' },
    {
      get: row('userBlocksById', 'get', 'pass', [string('id', 'You must provide an user id for the get method')]),
      delete: row('userBlocksById', 'delete', 'pass', [
        string('id', 'You must provide an user id for the delete method'),
      ]),
      getByIdentifier: row('userBlocksByIdentifier', 'get', 'pass', [
        string('identifier', 'You must provide an user identifier for the getByIdentifier method'),
      ]),
      deleteByIdentifier: row('userBlocksByIdentifier', 'delete', 'pass', [
        string('identifier', 'You must provide an user identifier for the deleteByIdentifier method'),
      ]),
    },
  ),
  guardian: manager(
    'GuardianManager',
    {
      enrollments: '/guardian/enrollments/:id',
      tickets: '/guardian/enrollments/ticket',
      factors: '/guardian/factors/:name',
      factorSettings: '/guardian/factors/:name/settings',
      factorsTemplates: '/guardian/factors/:name/templates',
      factorsProviders: '/guardian/factors/:name/providers/:provider',
      policies: '/guardian/policies',
      factorsPhoneSelectedProvider: '/guardian/factors/sms/selected-provider',
      factorsPhoneMessageTypes: '/guardian/factors/phone/message-types',
    },
    {
      getGuardianEnrollment: row('enrollments', 'get'),
      deleteGuardianEnrollment: row('enrollments', 'delete'),
      createEnrollmentTicket: row('tickets', 'create'),
      getFactors: row('factors', 'getAll'),
      getFactorSettings: row('factorSettings', 'get'),
      updateFactorSettings: row('factorSettings', 'update'),
      getFactorProvider: row('factorsProviders', 'get'),
      updateFactorProvider: row('factorsProviders', 'update'),
      getFactorTemplates: row('factorsTemplates', 'get'),
      updateFactorTemplates: row('factorsTemplates', 'update'),
      updateFactor: row('factors', 'update'),
      getPolicies: row('policies', 'get'),
      updatePolicies: row('policies', 'update'),
      getPhoneFactorSelectedProvider: row('factorsPhoneSelectedProvider', 'get'),
      updatePhoneFactorSelectedProvider: row('factorsPhoneSelectedProvider', 'update'),
      getPhoneFactorMessageTypes: row('factorsPhoneMessageTypes', 'get'),
      updatePhoneFactorMessageTypes: row('factorsPhoneMessageTypes', 'update'),
    },
  ),
  customDomains: manager(
    'CustomDomainsManager',
    { resource: '/custom-domains/:id', vefifyResource: '/custom-domains/:id/verify' },
    {
      ...createReadDelete,
      verify: row('vefifyResource', 'create', 'params', [
        given('id', 'The custom domain id cannot be null or undefined'),
      ]),
    },
  ),
  connections: manager(
    'ConnectionsManager',
    { resource: '/connections/:id', status: '/connections/:id/status', user: '/connections/:id/users' },
    {
      ...crud(),
      checkStatus: row('status', 'get'),
      deleteUserByEmail: row('user', 'delete', 'params', [
        text('email', 'You must provide an email for the deleteUserByEmail method'),
        given('id', 'The connection id cannot be null or undefined'),
      ]),
    },
  ),
  deviceCredentials: manager(
    'DeviceCredentialsManager',
    { resource: '/device-credentials/:id' },
    {
      createPublicKey: row('resource', 'create'),
      getAll: row('resource', 'getAll'),
      delete: row('resource', 'delete'),
    },
  ),
  rules: manager('RulesManager', { resource: '/rules/:id' }, crud()),
  blacklistedTokens: manager(
    'BlacklistedTokensManager',
    { resource: '/blacklists/tokens' },
    {
      add: row('resource', 'create'),
      getAll: row('resource', 'getAll'),
    },
  ),
  emailProvider: manager(
    'EmailProviderManager',
    { resource: '/emails/provider' },
    {
      configure: row('resource', 'create'),
      get: row('resource', 'get'),
      update: row('resource', 'patch'),
      delete: row('resource', 'delete'),
    },
  ),
  stats: manager(
    'StatsManager',
    { resource: '/stats/:type' },
    {
      getDaily: row('resource', 'get', 'params', [], { fixed: { type: 'daily' } }),
      getActiveUsersCount: row('resource', 'get', 'none', [], { fixed: { type: 'active-users' } }),
    },
  ),
  tenant: manager(
    'TenantManager',
    { resource: '/tenants/settings' },
    {
      updateSettings: row('resource', 'patch', 'data'),
      getSettings: row('resource', 'get', 'params'),
    },
  ),
  jobs: manager(
    'JobsManager',
    {
      jobs: '/jobs/:id',
      jobErrors: '/jobs/:id/errors',
      usersExports: '/jobs/users-exports',
      verificationEmails: '/jobs/verification-email',
      usersImports: '/jobs/users-imports',
    },
    {
      get: row('jobs', 'get', 'params', jobId, strict),
      importUsers: 'import',
      importUsersJob: 'importJob',
      exportUsers: row('usersExports', 'create', 'data'),
      errors: row('jobErrors', 'get', 'params', jobId, strict),
      verifyEmail: row('verificationEmails', 'create', 'data', [text('user_id', 'Must specify a user ID')], strict),
    },
  ),
  tickets: manager(
    'TicketsManager',
    { resource: '/tickets/:type' },
    {
      changePassword: row('resource', 'create', 'data', [], { fixed: { type: 'password-change' } }),
      verifyEmail: row('resource', 'create', 'data', [], { fixed: { type: 'email-verification' } }),
    },
  ),
  logs: manager(
    'LogsManager',
    { resource: '/logs/:id' },
    {
      getAll: row('resource', 'getAll'),
      get: row('resource', 'get'),
    },
  ),
  logStreams: manager('LogStreamsManager', { resource: '/log-streams/:id' }, crud()),
  resourceServers: manager('ResourceServersManager', { resource: '/resource-servers/:id' }, crud()),
  emailTemplates: manager(
    'EmailTemplatesManager',
    { resource: '/email-templates/:name' },
    {
      create: row('resource', 'create'),
      get: row('resource', 'get'),
      update: row('resource', 'patch'),
    },
  ),
  rulesConfigs: manager(
    'RulesConfigsManager',
    { resource: '/rules-configs/:key' },
    {
      set: row('resource', 'update'),
      getAll: row('resource', 'getAll'),
      delete: row('resource', 'delete'),
    },
  ),
  roles: manager(
    'RolesManager',
    { resource: '/roles/:id', permissions: '/roles/:id/permissions', users: '/roles/:id/users' },
    {
      ...crud(),
      getPermissions: row('permissions', 'getAll'),
      addPermissions: row('permissions', 'create', 'params+data', ofRole),
      removePermissions: row('permissions', 'delete', 'params+data', ofRole),
      getUsers: row('users', 'getAll'),
      assignUsers: row('users', 'create', 'params+data', ofRole),
    },
  ),
  hooks: manager(
    'HooksManager',
    { resource: '/hooks/:id', secrets: '/hooks/:id/secrets' },
    {
      ...crud(),
      getSecrets: row('secrets', 'getAll'),
      addSecrets: row('secrets', 'create', 'params+data', ofHook),
      updateSecrets: row('secrets', 'patch', 'params+data', ofHook),
      removeSecrets: row('secrets', 'delete', 'params+data', ofHook),
    },
  ),
  branding: manager(
    'BrandingManager',
    {
      resource: '/branding',
      brandingTemplates: '/branding/templates/universal-login',
      brandingThemes: '/branding/themes/:id',
    },
    {
      updateSettings: row('resource', 'patch'),
      getSettings: row('resource', 'get'),
      getUniversalLoginTemplate: row('brandingTemplates', 'get'),
      setUniversalLoginTemplate: row('brandingTemplates', 'update'),
      deleteUniversalLoginTemplate: row('brandingTemplates', 'delete'),
      getTheme: row('brandingThemes', 'get'),
      getDefaultTheme: row('brandingThemes', 'get', 'none', [], { fixed: { id: 'default' } }),
      createTheme: row('brandingThemes', 'create'),
      updateTheme: row('brandingThemes', 'patch'),
      deleteTheme: row('brandingThemes', 'delete'),
    },
  ),
  migrations: manager(
    'MigrationsManager',
    { resource: '/migrations' },
    {
      updateMigrations: row('resource', 'patch', 'data'),
      getMigrations: row('resource', 'get', 'params'),
    },
  ),
  prompts: manager(
    'PromptsManager',
    { resource: '/prompts', customTextByLanguage: '/prompts/:prompt/custom-text/:language' },
    {
      updateSettings: row('resource', 'patch'),
      getSettings: row('resource', 'get'),
      getCustomTextByLanguage: row('customTextByLanguage', 'get', 'params', [
        text('prompt', 'The prompt parameter must be a string'),
        text('language', 'The language parameter must be a string'),
      ]),
      updateCustomTextByLanguage: 'customText',
    },
  ),
  actions: manager(
    'ActionsManager',
    {
      resource: '/actions/actions/:id',
      actionsDeploy: '/actions/actions/:id/deploy',
      actionsTest: '/actions/actions/:id/test',
      triggers: '/actions/triggers/:trigger_id',
      triggerBindings: '/actions/triggers/:trigger_id/bindings',
      executions: '/actions/executions/:execution_id',
      actionVersions: '/actions/actions/:id/versions/:version_id',
      actionVersionDeploy: '/actions/actions/:id/versions/:version_id/deploy',
    },
    {
      ...crud(),
      delete: row('resource', 'delete', 'params'),
      getAllTriggers: row('triggers', 'getAll', 'params'),
      updateTriggerBindings: row('triggerBindings', 'patch'),
      getTriggerBindings: row('triggerBindings', 'getAll', 'params'),
      test: row('actionsTest', 'create', 'params+data'),
      deploy: row('actionsDeploy', 'create', 'params'),
      getVersions: row('actionVersions', 'getAll', 'params'),
      getVersion: row('actionVersions', 'get', 'params'),
      createVersion: row('actionVersions', 'create', 'params+data'),
      deployVersion: row('actionVersionDeploy', 'create', 'params'),
      getExecution: row('executions', 'get', 'params'),
    },
  ),
  organizations: manager(
    'OrganizationsManager',
    {
      organizations: '/organizations/:id',
      connections: '/organizations/:id/enabled_connections/:connection_id',
      members: '/organizations/:id/members/:user_id',
      invitations: '/organizations/:id/invitations/:invitation_id',
      roles: '/organizations/:id/members/:user_id/roles',
      organizationsByName: '/organizations/name/:name',
    },
    {
      create: row('organizations', 'create'),
      getAll: row('organizations', 'getAll'),
      getByID: row('organizations', 'get'),
      getByName: row('organizationsByName', 'get'),
      update: row('organizations', 'patch'),
      delete: row('organizations', 'delete'),
      getEnabledConnections: row('connections', 'getAll'),
      getEnabledConnection: row('connections', 'get'),
      addEnabledConnection: row('connections', 'create', 'params+data', ofOrganization),
      removeEnabledConnection: row('connections', 'delete', 'params', [
        ...ofOrganization,
        ...passed('connection_id', 'connection'),
      ]),
      updateEnabledConnection: row('connections', 'patch', 'params+data', [
        ...ofOrganization,
        ...passed('connection_id', 'connection'),
      ]),
      getMembers: row('members', 'getAll'),
      addMembers: row('members', 'create', 'params+data', ofOrganization),
      removeMembers: row('members', 'deleteAll', 'params+data', ofOrganization),
      getInvitations: row('invitations', 'getAll'),
      getInvitation: row(
        'invitations',
        'get',
        'params',
        [...ofOrganization, ...passed('invitation_id', 'invitation')],
        strict,
      ),
      createInvitation: row('invitations', 'create', 'params+data', ofOrganization),
      deleteInvitation: row('invitations', 'delete', 'params', [
        ...ofOrganization,
        ...passed('invitation_id', 'invitation'),
      ]),
      getMemberRoles: row('roles', 'getAll'),
      addMemberRoles: row('roles', 'create', 'params+data', [...ofOrganization, ...passed('user_id', 'user')]),
      removeMemberRoles: row('roles', 'delete', 'params+data', [...ofOrganization, ...passed('user_id', 'user')]),
    },
  ),
  attackProtection: manager(
    'AttackProtectionManager',
    {
      bruteForceProtection: '/attack-protection/brute-force-protection',
      suspiciousIpThrottling: '/attack-protection/suspicious-ip-throttling',
      breachedPasswordDetection: '/attack-protection/breached-password-detection',
    },
    {
      getBruteForceConfig: row('bruteForceProtection', 'get'),
      updateBruteForceConfig: row('bruteForceProtection', 'patch'),
      getSuspiciousIpThrottlingConfig: row('suspiciousIpThrottling', 'get'),
      updateSuspiciousIpThrottlingConfig: row('suspiciousIpThrottling', 'patch'),
      getBreachedPasswordDetectionConfig: row('breachedPasswordDetection', 'get'),
      updateBreachedPasswordDetectionConfig: row('breachedPasswordDetection', 'patch'),
    },
  ),
} as const satisfies Readonly<Record<string, ManagerTable>>;

export type ManagerName = keyof typeof tables;
