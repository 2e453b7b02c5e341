/**
 * The tables as Kysely sees them. Five column kinds: id and text are strings, flags 0 or 1, instants epoch
 * milliseconds, json opaque text. Beside them stand row numbers: `tenant_id`, `connection_num`, `user_num` and the
 * `num` that they name. They keep the indexes of the large tables narrow (ADR 0003); no number ever leaves the server.
 */
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
  strategy: 'database';
  is_default: Flag;
  password_policy: Json;
  extensions: Json;
  created_at: Instant;
  updated_at: Instant;
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
  updated_at: Instant;
  /** 0: never. */
  last_sign_in_at: Instant;
  password_must_be_reset: Flag;
  /** Tokens that carry a lower number are refused. */
  token_version: number;
  /** Counts changes: the ETag. */
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
  profile: Json | null;
}
export interface MetadataTable {
  tenant_id: Num;
  user_num: Num;
  bag: 'user' | 'app';
  path: string;
  position: number;
  text: string;
  number: number | null;
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
  secret: string | null;
  confirmed_at: Instant | null;
  last_used_at: Instant | null;
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
export interface CounterTable {
  tenant_id: Num;
  name: string;
  slot: number;
  n: number;
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
  created_at: Instant;
}

export interface TicketTable {
  id: Id;
  tenant_id: Num;
  kind: 'verify_email' | 'reset_password' | 'invitation';
  digest: string;
  user_id: Id | null;
  invitation_id: Id | null;
  email: string;
  created_at: Instant;
  expires_at: Instant;
  consumed_at: Instant | null;
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
  template: 'verify_email' | 'reset_password' | 'invitation';
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

export interface JobTable {
  id: Id;
  tenant_id: Num;
  type: 'users_import';
  state: 'running' | 'interrupted' | 'completed' | 'failed';
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
  users: UserTable;
  identities: IdentityTable;
  metadata: MetadataTable;
  credentials: CredentialTable;
  authentication_methods: AuthenticationMethodTable;
  lockouts: LockoutTable;
  deleted_users: DeletedUserTable;
  counters: CounterTable;
  groups: GroupTable;
  group_members: GroupMemberTable;
  roles: RoleTable;
  role_members: RoleMemberTable;
  organizations: OrganizationTable;
  organization_members: OrganizationMemberTable;
  organization_member_roles: OrganizationMemberRoleTable;
  applications: ApplicationTable;
  application_secrets: ApplicationSecretTable;
  sessions: SessionTable;
  oidc_artifacts: OidcArtifactTable;
  revoked_tokens: RevokedTokenTable;
  events: EventTable;
  tickets: TicketTable;
  invitations: InvitationTable;
  mails: MailTable;
  jobs: JobTable;
  job_errors: JobErrorTable;
  idempotency_keys: IdempotencyKeyTable;
}
