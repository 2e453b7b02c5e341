/**
 * The tables as Kysely sees them. Five column kinds: id and text are strings, flags 0 or 1, instants epoch
 * milliseconds, json opaque text. Beside them stand row numbers: `tenant_id`, `connection_num`, `user_num` and the
 * `num` that they name. They keep the indexes of the large tables narrow (ADR 0003); no number ever leaves the server.
 */
import type { CustomField, mails, Resource } from '@reeve/contract';
import type { Generated } from 'kysely';

type Flag = 0 | 1;
type Id = string;
type Instant = number;
type Json = string;
type Num = number;

export interface TenantTable {
  num: Generated<Num>;
  id: Id;
  name: string;
  display_name: string | null;
  is_default: Flag;
  settings: Json;
  extensions: Generated<Json>;
  created_at: Instant;
  updated_at: Instant;
}
export interface TenantDomainTable {
  domain: string;
  tenant_id: Num;
}
export interface SigningKeyTable {
  id: Id;
  tenant_id: Num;
  state: 'current' | 'retiring';
  public_jwk: Json;
  private_jwk: string;
  created_at: Instant;
  retires_at: Instant | null;
}
export interface ConnectionTable {
  num: Generated<Num>;
  id: Id;
  tenant_id: Num;
  name: string;
  name_key: string;
  display_name: string | null;
  /** `database`, or what only a vendor's dialect knows. */
  strategy: string;
  is_default: Flag;
  is_enabled_for_all: Generated<Flag>;
  password_policy: Json;
  extensions: Json;
  created_at: Instant;
  updated_at: Instant;
}

/** The applications that a connection is enabled for, where it is not for all. */
export interface ConnectionApplicationTable {
  tenant_id: Num;
  connection_num: Num;
  application_id: Id;
}

/**
 * `doc` is the user as the native API shows it, rendered once at write time; it is the store of every field that no
 * query needs. The other columns are keys for filters and sorts, or state that the API never shows.
 */
export interface UserTable {
  /** Creation order: the default sort of lists and the row of the search index. */
  num: Generated<Num>;
  id: Id;
  tenant_id: Num;
  connection_num: Num;
  state: 'active' | 'disabled';
  name_key: string;
  given_name_key: string | null;
  family_name_key: string | null;
  nickname_key: string | null;
  updated_at: Instant;
  /** 0: never. */
  last_sign_in_at: Instant;
  password_must_be_reset: Flag;
  /** Tokens that carry a lower number are refused. */
  token_version: number;
  /** When it has come, it ends tokens and sessions that began before it; 0: none. */
  access_ends_at: Generated<Instant>;
  /** Counts changes: the ETag. Sign-ins are none. */
  version: number;
  search_text: string;
  doc: Json;
  extensions: Json;
}
/**
 * The identity at position 0 is the primary one. `email_key` is never null, so that it sorts and is unique: where there
 * is no address it is a space and the subject, which no address can be.
 */
export interface IdentityTable {
  tenant_id: Num;
  user_num: Num;
  position: number;
  connection_num: Num;
  provider: string;
  subject: string;
  email_key: string;
  username_key: string | null;
  phone_key: string | null;
  /** What another system calls the user, as it was given: unique in the connection. */
  external_id: string | null;
  profile: Json | null;
}
/** The account that a linked identity was, as it comes back when it is unlinked. */
export interface LinkedAccountTable {
  tenant_id: Num;
  /** Whose identity it is. */
  user_num: Num;
  connection_num: Num;
  subject: string;
  /** Row number, id, document, extensions and versions of the user that it was. */
  account_num: Num;
  user_id: Id;
  doc: Json;
  extensions: Json;
  token_version: number;
  version: number;
  password_hash: string | null;
  password_changed_at: Instant | null;
  linked_at: Instant;
}
export interface MetadataTable {
  tenant_id: Num;
  user_num: Num;
  /** `profile`: of the linked identities; `custom`: values of custom fields. */
  bag: 'user' | 'app' | 'profile' | 'custom';
  path: string;
  position: number;
  text: string;
  number: number | null;
}
/** What a custom field is; `options` of a `select` alone. */
export interface CustomFieldTable {
  id: Id;
  tenant_id: Num;
  target: CustomField['target'];
  key: string;
  type: CustomField['type'];
  label: string;
  options: Json | null;
  version: number;
  created_at: Instant;
  updated_at: Instant;
}
export interface CredentialTable {
  tenant_id: Num;
  user_num: Num;
  password_hash: string;
  changed_at: Instant;
}
export interface AuthenticationMethodTable {
  id: Id;
  tenant_id: Num;
  user_num: Num;
  type: string;
  name: string | null;
  /** Of a TOTP sealed, of a recovery code the digest. */
  secret: string | null;
  confirmed_at: Instant | null;
  last_used_at: Instant | null;
  created_at: Instant;
  phone_number: string | null;
  email: string | null;
  preferred_method: 'sms' | 'voice' | null;
  key_id: string | null;
  public_key: string | null;
  relying_party_identifier: string | null;
  /** Wrong codes in a row. */
  failures: Generated<number>;
  locked_until: Instant | null;
  /** Time step of the last TOTP that was right: that one and earlier ones are refused. */
  last_step: number | null;
}
/** Browsers that need no second factor for a while. `digest`: of the secret in the browser's cookie. */
export interface RememberedBrowserTable {
  tenant_id: Num;
  digest: string;
  user_num: Num;
  user_agent: string | null;
  created_at: Instant;
  expires_at: Instant;
}
export interface DeviceCredentialTable {
  id: Id;
  tenant_id: Num;
  user_id: Id;
  application_id: Id;
  device_id: string;
  device_name: string;
  type: 'public_key';
  value: string;
  created_at: Instant;
}
export interface LockoutTable {
  user_num: Num;
  tenant_id: Num;
  failures: number;
  last_failed_at: Instant;
  locked_until: Instant | null;
}
export interface DeletedUserTable {
  user_id: Id;
  tenant_id: Num;
  doc: string;
  deleted_at: Instant;
  erase_at: Instant;
}
/** How a user who is gone was spelled: the log shows the user so, and is searched by it, as long as it tells of the user. */
export interface DeletedIdentityTable {
  tenant_id: Num;
  provider: string;
  subject: string;
  user_id: Id;
}
export interface CounterTable {
  tenant_id: Num;
  name: string;
  slot: number;
  n: number;
}

/** The pools that a user belongs to beside the home. */
export interface PoolMemberTable {
  tenant_id: Num;
  connection_num: Num;
  user_num: Num;
  added_at: Instant;
}
/** Who may use an application. */
export interface ApplicationUserTable {
  tenant_id: Num;
  application_id: Id;
  user_num: Num;
  added_at: Instant;
}
/** `position` 0: where accounts are made that are registered through the application; the others are read in their order. */
export interface ApplicationPoolTable {
  tenant_id: Num;
  application_id: Id;
  position: number;
  connection_num: Num;
}

export interface GroupTable {
  id: Id;
  tenant_id: Num;
  code: string;
  code_key: string;
  name: string;
  name_key: string;
  description: string | null;
  version: number;
  created_at: Instant;
  updated_at: Instant;
}
export interface GroupMemberTable {
  tenant_id: Num;
  group_id: Id;
  user_num: Num;
  added_at: Instant;
}
export interface RoleTable {
  id: Id;
  tenant_id: Num;
  namespace: string;
  code: string;
  code_key: string;
  name: string;
  name_key: string;
  description: string | null;
  level: number;
  is_built_in: Flag;
  created_at: Instant;
  updated_at: Instant;
}
export interface RoleMemberTable {
  tenant_id: Num;
  role_id: Id;
  user_num: Num;
  added_at: Instant;
}
export interface OrganizationTable {
  id: Id;
  tenant_id: Num;
  name: string;
  name_key: string;
  display_name: string | null;
  display_key: string;
  metadata: Json;
  owner_id: Id | null;
  extensions: Json;
  created_at: Instant;
  updated_at: Instant;
}
export interface OrganizationMemberTable {
  tenant_id: Num;
  organization_id: Id;
  user_num: Num;
  added_at: Instant;
}
export interface OrganizationMemberRoleTable {
  tenant_id: Num;
  organization_id: Id;
  user_num: Num;
  role_id: Id;
}

export interface ApplicationTable {
  id: Id;
  tenant_id: Num;
  client_id: string;
  client_key: string;
  name: string;
  name_key: string;
  description: string | null;
  type: 'machine_to_machine' | 'web' | 'spa' | 'native';
  enabled: Flag;
  is_first_party: Flag;
  /** Keeps no secret (RFC 6749 §2.1). */
  is_public: Flag;
  /** Tokens of its own that carry a lower number are refused. */
  token_version: number;
  grant_types: Json;
  scopes: Json;
  redirect_uris: Json;
  auto_grant_on_signup: Flag;
  access_token_lifetime: number;
  refresh_token_lifetime: number;
  secret_overlap: number;
  metadata: Json;
  extensions: Json;
  version: number;
  created_at: Instant;
  updated_at: Instant;
}
export interface ApplicationSecretTable {
  id: Id;
  tenant_id: Num;
  application_id: Id;
  digest: string;
  hint: string;
  created_at: Instant;
  expires_at: Instant | null;
  last_used_at: Instant | null;
}

/** An API of the tenant. `subject`: 24 hex digits, by which Auth0 names it. */
export interface ResourceServerTable {
  id: Id;
  tenant_id: Num;
  subject: string;
  identifier: string;
  name: string;
  token_lifetime: number;
  token_lifetime_for_web: number;
  allow_offline_access: Flag;
  enforce_policies: Flag;
  token_dialect: 'access_token' | 'access_token_authz';
  skip_consent: Flag;
  extensions: Json;
  version: number;
  created_at: Instant;
  updated_at: Instant;
}
export interface ResourceServerScopeTable {
  num: Generated<Num>;
  tenant_id: Num;
  resource_server_id: Id;
  value: string;
  description: string | null;
  position: number;
}
export interface RolePermissionTable {
  tenant_id: Num;
  role_id: Id;
  scope_num: Num;
}
export interface UserPermissionTable {
  tenant_id: Num;
  user_num: Num;
  scope_num: Num;
}
export interface ResourceNamespaceTable {
  id: Id;
  tenant_id: Num;
  code: string;
  name: string;
  description: string | null;
  created_at: Instant;
  updated_at: Instant;
}
export interface ResourceTable {
  id: Id;
  tenant_id: Num;
  namespace_id: Id;
  code: string;
  type: Resource['type'];
  /** What it declares, by name and description. */
  actions: Json;
  api_identifier: string | null;
  description: string | null;
  created_at: Instant;
  updated_at: Instant;
}
/** `subject_id`: of whom it is; beside it the same as the key that the row dies with. */
export interface ResourceGrantTable {
  tenant_id: Num;
  resource_id: Id;
  subject_id: Id;
  user_num: Num | null;
  role_id: Id | null;
  group_id: Id | null;
  organization_id: Id | null;
  /** Names in their order; `*` alone: all. */
  actions: Json;
  granted_at: Instant;
}
/** `audience` is the identifier of the resource server, or names the Auth0 Management API, which has no row. */
export interface ClientGrantTable {
  id: Id;
  tenant_id: Num;
  application_id: Id;
  resource_server_id: Id | null;
  audience: string;
  scopes: Json;
  extensions: Json;
  created_at: Instant;
  updated_at: Instant;
}

export interface SessionTable {
  id: Id;
  tenant_id: Num;
  user_id: Id;
  application_id: Id | null;
  ip: string | null;
  user_agent: string | null;
  created_at: Instant;
  last_used_at: Instant;
  expires_at: Instant;
  revoked_at: Instant | null;
  /** Who acts as the user: `usr_…` or `app_…`. */
  impersonator_id: Generated<Id | null>;
}
/** What oidc-provider stores. `id` is the digest of the opaque token, or the provider's own id. */
export interface OidcArtifactTable {
  id: string;
  tenant_id: Num;
  kind: string;
  grant_id: string | null;
  user_id: Id | null;
  session_id: Id | null;
  payload: Json;
  consumed_at: Instant | null;
  expires_at: Instant;
}
export interface RevokedTokenTable {
  tenant_id: Num;
  jti: string;
  /** Client id or audience of the token; empty: of any. */
  aud: string;
  expires_at: Instant;
}

export interface EventTable {
  num: Generated<Num>;
  id: Id;
  tenant_id: Num;
  type: string;
  actor_type: 'application' | 'user' | 'system' | 'anonymous';
  actor_id: Id | null;
  application_id: Id | null;
  impersonator_id: Id | null;
  target_type: string | null;
  target_id: Id | null;
  request_id: string | null;
  ip: string | null;
  user_agent: string | null;
  data: Json | null;
  /** The user whom `data` names as `user_id`: kept beside it, so that an index finds it. */
  named_user_id: Generated<Id | null>;
  created_at: Instant;
}

export interface TicketTable {
  id: Id;
  tenant_id: Num;
  kind: 'verify_email' | 'reset_password' | 'invitation' | 'impersonation';
  digest: string;
  user_id: Id | null;
  invitation_id: Id | null;
  email: string;
  created_at: Instant;
  expires_at: Instant;
  consumed_at: Instant | null;
  /** What the ticket is to do beside its kind. */
  options: Generated<Json>;
  /** Of the password that the link sets once it is confirmed. */
  password_hash: Generated<string | null>;
}
export interface InvitationTable {
  id: Id;
  tenant_id: Num;
  email: string;
  email_key: string;
  name: string | null;
  state: 'pending' | 'accepted' | 'revoked';
  connection_id: Id;
  organization_id: Id | null;
  roles: Json;
  groups: Json;
  invited_by: Id | null;
  user_id: Id | null;
  sent_count: number;
  /** Seconds that a link works. */
  lifetime: number;
  /** Set while the invitation can be accepted: unique, so that nobody is invited twice to the same place. */
  open_key: string | null;
  created_at: Instant;
  expires_at: Instant;
  accepted_at: Instant | null;
}
/** The out-box. `payload` is sealed (it holds the link) and emptied once the mail is sent. */
export interface MailTable {
  id: Id;
  tenant_id: Num;
  template: 'verify_email' | 'reset_password' | 'invitation' | 'import_completed';
  recipient: string;
  user_id: Id | null;
  invitation_id: Id | null;
  payload: string | null;
  state: 'pending' | 'sent' | 'failed' | 'cancelled';
  attempts: number;
  next_attempt_at: Instant | null;
  lease_until: Instant | null;
  last_error: string | null;
  created_at: Instant;
  sent_at: Instant | null;
}

export interface RuleTable {
  id: Id;
  tenant_id: Num;
  name: string;
  name_key: string;
  script: string;
  /** Rules run from the least one up. */
  position: number;
  enabled: Flag;
  stage: 'login_success';
  version: number;
  created_at: Instant;
  updated_at: Instant;
}
/** How a tenant's mails go out. `credentials` is sealed. */
export interface MailProviderTable {
  tenant_id: Num;
  name: (typeof mails.mailProviderNames)[number];
  enabled: Flag;
  default_from_address: string | null;
  credentials: string;
  settings: Json;
  created_at: Instant;
  updated_at: Instant;
}

export interface JobTable {
  id: Id;
  tenant_id: Num;
  type: 'users_import' | 'users_export' | 'verification_email';
  state: 'pending' | 'running' | 'interrupted' | 'completed' | 'failed';
  mode: 'insert' | 'upsert' | 'dry_run' | null;
  options: Json;
  actor_id: Id | null;
  idempotency_key: string | null;
  /** Rows that are judged and written; a resumed import skips them. */
  total: number;
  /** Proves that a resumed import reads the same file: of those rows, or of all up to the end of a window that was cut off. */
  digest: string | null;
  /** A window whose rows were being written in another order than the file's: how many they are, and how many are done. */
  window_rows: number;
  window_done: number;
  inserted: number;
  updated: number;
  failed: number;
  detail: string | null;
  lease_until: Instant | null;
  created_at: Instant;
  updated_at: Instant;
  finished_at: Instant | null;
  /** Which kind of runner takes it up; null where a request runs it, or where it has ended. */
  queue: 'import' | 'export' | null;
  /** Percent; null where nothing is known. */
  progress: number | null;
}
export interface JobErrorTable {
  tenant_id: Num;
  job_id: Id;
  line: number;
  position: number;
  /** As the file had it. */
  key: string | null;
  /** The same as identifiers are compared: an erased person's is found by it. */
  folded_key: string | null;
  code: string;
  field: string | null;
  message: string;
  /** A background import's: the row without its secrets, and every rule that it breaks. */
  details: Json | null;
}
/** A file that a job has made, in pieces of base64, so that every node can hand it out. */
export interface JobFileTable {
  tenant_id: Num;
  job_id: Id;
  position: number;
  content: string;
  expires_at: Instant;
}
/** A file that a job is to take in, likewise: any node runs the job. */
export type ImportFileTable = Omit<JobFileTable, 'expires_at'>;
/** What servers of one database count together. Its name tells whom it is about. */
export interface TallyTable {
  name: string;
  used: number;
  expires_at: Instant;
  /** Milliseconds. */
  lifetime: number;
  changed_at: Instant;
}
/** `body` is sealed: an answer may hold a secret that is shown once. */
export interface IdempotencyKeyTable {
  tenant_id: Num;
  actor_id: Id;
  key: string;
  digest: string;
  status: number;
  etag: string | null;
  body: string;
  target_id: Id | null;
  expires_at: Instant;
}

export interface Tables {
  tenants: TenantTable;
  tenant_domains: TenantDomainTable;
  signing_keys: SigningKeyTable;
  connections: ConnectionTable;
  connection_applications: ConnectionApplicationTable;
  users: UserTable;
  identities: IdentityTable;
  linked_accounts: LinkedAccountTable;
  metadata: MetadataTable;
  custom_fields: CustomFieldTable;
  credentials: CredentialTable;
  authentication_methods: AuthenticationMethodTable;
  remembered_browsers: RememberedBrowserTable;
  device_credentials: DeviceCredentialTable;
  lockouts: LockoutTable;
  deleted_users: DeletedUserTable;
  deleted_identities: DeletedIdentityTable;
  counters: CounterTable;
  pool_members: PoolMemberTable;
  application_users: ApplicationUserTable;
  application_pools: ApplicationPoolTable;
  groups: GroupTable;
  group_members: GroupMemberTable;
  roles: RoleTable;
  role_members: RoleMemberTable;
  organizations: OrganizationTable;
  organization_members: OrganizationMemberTable;
  organization_member_roles: OrganizationMemberRoleTable;
  applications: ApplicationTable;
  application_secrets: ApplicationSecretTable;
  resource_servers: ResourceServerTable;
  resource_server_scopes: ResourceServerScopeTable;
  role_permissions: RolePermissionTable;
  user_permissions: UserPermissionTable;
  resource_namespaces: ResourceNamespaceTable;
  resources: ResourceTable;
  resource_grants: ResourceGrantTable;
  client_grants: ClientGrantTable;
  sessions: SessionTable;
  oidc_artifacts: OidcArtifactTable;
  revoked_tokens: RevokedTokenTable;
  events: EventTable;
  tickets: TicketTable;
  invitations: InvitationTable;
  mails: MailTable;
  mail_providers: MailProviderTable;
  rules: RuleTable;
  jobs: JobTable;
  job_errors: JobErrorTable;
  job_files: JobFileTable;
  import_files: ImportFileTable;
  tallies: TallyTable;
  idempotency_keys: IdempotencyKeyTable;
}
