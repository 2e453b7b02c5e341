/** The resources of the Management API v2, as far as calling code reads and writes them. */

export type * from './people.ts';

/** A JSON object whose fields are not fixed. */
export type Json = Readonly<Record<string, unknown>>;
/** What a call without an answer resolves. */
export type Empty = Readonly<Record<string, never>>;

/** `fields` is a comma list, or an array that becomes one. */
export interface Fields {
  readonly fields?: string | readonly string[] | undefined;
  /** False: `fields` are left out. */
  readonly include_fields?: boolean | undefined;
}
export interface Paging {
  /** From 0. */
  readonly page?: number | undefined;
  /** Default 50, at most 100. */
  readonly per_page?: number | undefined;
  /** True: an object with `start`, `limit`, `total` around the list. */
  readonly include_totals?: boolean | undefined;
}
export interface Checkpoint {
  readonly from?: string | undefined;
  /** 1 to 100, default 50. */
  readonly take?: number | undefined;
}
export interface Id {
  readonly id: string;
}
export interface ClientId {
  readonly client_id: string;
}

export interface Client {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly tenant?: string;
  readonly global?: boolean;
  readonly name: string;
  readonly description?: string;
  readonly is_first_party?: boolean;
  readonly app_type?: string;
  readonly callbacks?: readonly string[];
  readonly allowed_origins?: readonly string[];
  readonly web_origins?: readonly string[];
  readonly allowed_logout_urls?: readonly string[];
  readonly client_aliases?: readonly string[];
  readonly allowed_clients?: readonly string[];
  readonly grant_types?: readonly string[];
  readonly jwt_configuration?: Json;
  readonly signing_keys?: readonly Json[];
  readonly token_endpoint_auth_method?: string;
  readonly oidc_conformant?: boolean;
  readonly sso_disabled?: boolean;
  readonly cross_origin_authentication?: boolean;
  readonly custom_login_page_on?: boolean;
  readonly custom_login_page?: string;
  readonly addons?: Json;
  readonly client_metadata?: Readonly<Record<string, string>>;
  readonly refresh_token?: Json;
  readonly organization_usage?: string;
  readonly logo_uri?: string;
}
type ClientSettings = Omit<Client, 'client_id' | 'client_secret' | 'tenant' | 'global' | 'signing_keys'> & {
  readonly [setting: string]: unknown;
};
export type ClientCreate = ClientSettings & { readonly name: string };
export type ClientUpdate = { readonly [K in keyof ClientSettings]?: ClientSettings[K] };
export interface ClientQuery extends Fields, Paging, Checkpoint {
  readonly is_global?: boolean | undefined;
  readonly is_first_party?: boolean | undefined;
  readonly app_type?: string | readonly string[] | undefined;
  readonly external_client_id?: string | undefined;
  readonly q?: string | undefined;
}
export interface ClientGrant {
  readonly id: string;
  readonly client_id: string;
  readonly audience: string;
  readonly scope: readonly string[];
  readonly organization_usage?: string;
  readonly allow_any_organization?: boolean;
  readonly subject_type?: string;
}
export type ClientGrantCreate = Omit<ClientGrant, 'id'>;
export type ClientGrantUpdate = Partial<Pick<ClientGrant, 'scope' | 'organization_usage' | 'allow_any_organization'>>;
export interface ClientGrantQuery extends Paging, Checkpoint {
  readonly audience?: string | undefined;
  readonly client_id?: string | undefined;
  readonly allow_any_organization?: boolean | undefined;
  readonly subject_type?: 'client' | 'user' | undefined;
}
export interface Connection {
  readonly id: string;
  readonly name: string;
  readonly strategy: string;
  readonly display_name?: string;
  readonly options?: Json;
  readonly realms?: readonly string[];
  readonly enabled_clients?: readonly string[];
  readonly is_domain_connection?: boolean;
  readonly show_as_button?: boolean;
  readonly metadata?: Json;
}
export type ConnectionCreate = Omit<Connection, 'id'>;
export type ConnectionUpdate = Partial<Omit<Connection, 'id' | 'name' | 'strategy'>>;
export interface ConnectionQuery extends Fields, Paging, Checkpoint {
  readonly strategy?: string | readonly string[] | undefined;
  readonly name?: string | undefined;
}
export interface DeviceCredential {
  readonly id: string;
  readonly device_name?: string;
  readonly device_id?: string;
  readonly type?: 'public_key' | 'refresh_token' | 'rotating_refresh_token';
  readonly user_id?: string;
  readonly client_id?: string;
}
export interface DeviceCredentialCreate {
  readonly device_name: string;
  readonly type: 'public_key';
  readonly value: string;
  readonly device_id: string;
  readonly client_id?: string;
}
export interface DeviceCredentialQuery extends Fields, Paging {
  readonly user_id?: string | undefined;
  readonly client_id?: string | undefined;
  readonly type?: DeviceCredential['type'];
}
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly script: string;
  readonly order?: number;
  readonly enabled?: boolean;
  readonly stage?: string;
}
export type RuleCreate = Pick<Rule, 'name' | 'script' | 'order' | 'enabled'>;
export interface RuleQuery extends Fields, Paging {
  readonly enabled?: boolean | undefined;
}
export interface Scope {
  readonly value: string;
  readonly description?: string;
}
export interface ResourceServer {
  readonly id: string;
  readonly identifier: string;
  readonly name?: string;
  readonly is_system?: boolean;
  readonly scopes?: readonly Scope[];
  readonly signing_alg?: 'HS256' | 'RS256' | 'PS256' | 'RS512';
  readonly signing_secret?: string;
  readonly allow_offline_access?: boolean;
  readonly skip_consent_for_verifiable_first_party_clients?: boolean;
  readonly token_lifetime?: number;
  readonly token_lifetime_for_web?: number;
  readonly enforce_policies?: boolean;
  readonly token_dialect?: string;
}
export type ResourceServerCreate = Omit<ResourceServer, 'id' | 'is_system'>;
export type ResourceServerUpdate = Partial<Omit<ResourceServerCreate, 'identifier'>>;
export interface ResourceServerQuery extends Paging {
  readonly identifiers?: readonly string[] | undefined;
  readonly include_fields?: boolean | undefined;
}
export interface EmailProvider {
  readonly name: string;
  readonly enabled?: boolean;
  readonly default_from_address?: string;
  readonly credentials?: Json;
  readonly settings?: Json;
}
export interface TenantSettings {
  readonly friendly_name?: string;
  readonly picture_url?: string;
  readonly support_email?: string;
  readonly support_url?: string;
  readonly default_audience?: string;
  readonly default_directory?: string;
  readonly default_redirection_uri?: string;
  readonly allowed_logout_urls?: readonly string[];
  /** Hours. */
  readonly session_lifetime?: number;
  /** Hours. */
  readonly idle_session_lifetime?: number;
  readonly sandbox_version?: string;
  readonly flags?: Readonly<Record<string, boolean>>;
  readonly change_password?: Json;
  readonly guardian_mfa_page?: Json;
  readonly error_page?: Json;
  readonly enabled_locales?: readonly string[];
  readonly session_cookie?: Json;
  readonly [setting: string]: unknown;
}
export interface Job {
  readonly id: string;
  readonly type: 'users_import' | 'users_export' | 'verification_email';
  readonly status: 'pending' | 'processing' | 'completed' | 'failed';
  readonly created_at?: string;
  readonly connection_id?: string;
  readonly connection?: string;
  readonly external_id?: string;
  readonly percentage_done?: number;
  readonly time_left_seconds?: number;
  /** Where a finished export is fetched. */
  readonly location?: string;
  readonly format?: 'json' | 'csv';
  readonly limit?: number;
  readonly fields?: readonly ExportField[];
  readonly summary?: {
    readonly failed: number;
    readonly updated: number;
    readonly inserted: number;
    readonly total: number;
  };
  readonly status_details?: string;
}
export interface ExportField {
  readonly name: string;
  readonly export_as?: string;
}
export interface ExportData {
  readonly connection_id?: string;
  readonly format?: 'json' | 'csv';
  readonly limit?: number;
  readonly fields?: readonly ExportField[];
}
export interface ImportFailure {
  readonly user: Json;
  readonly errors: readonly { readonly code: string; readonly message: string; readonly path?: string }[];
}
export interface VerificationData {
  readonly user_id: string;
  readonly client_id?: string;
  readonly organization_id?: string;
  readonly identity?: { readonly user_id: string; readonly provider: string; readonly connection_id?: string };
}
export interface TicketData {
  readonly result_url?: string;
  readonly client_id?: string;
  readonly organization_id?: string;
  /** Default 432 000 (5 days). */
  readonly ttl_sec?: number;
  readonly includeEmailInRedirect?: boolean;
  readonly identity?: VerificationData['identity'];
}
export interface VerifyEmailTicketData extends TicketData {
  readonly user_id: string;
}
export interface PasswordTicketData extends TicketData {
  readonly user_id?: string;
  readonly email?: string;
  readonly connection_id?: string;
  readonly new_password?: string;
  readonly mark_email_as_verified?: boolean;
}
export interface Ticket {
  /** The link. */
  readonly ticket: string;
}
export interface LogEvent {
  readonly _id?: string;
  readonly log_id: string;
  readonly date: string;
  readonly type: string;
  readonly description?: string | null;
  readonly connection?: string;
  readonly connection_id?: string;
  readonly client_id?: string;
  readonly client_name?: string;
  readonly ip?: string;
  readonly user_agent?: string;
  readonly user_id?: string;
  readonly user_name?: string;
  readonly hostname?: string;
  readonly strategy?: string;
  readonly strategy_type?: string;
  readonly audience?: string;
  readonly scope?: string | readonly string[];
  readonly details?: Json;
  readonly isMobile?: boolean;
  readonly location_info?: Json;
}
export interface LogQuery extends Fields, Paging, Checkpoint {
  readonly q?: string | undefined;
  readonly sort?: string | undefined;
}
export interface BlacklistedToken {
  /** A client's id; default: the caller's. */
  readonly aud?: string;
  readonly jti: string;
}
export interface DailyStats {
  readonly date: string;
  readonly logins: number;
  readonly signups?: number;
  readonly leaked_passwords?: number;
  readonly created_at?: string;
  readonly updated_at?: string;
}
export interface StatsQuery {
  /** `YYYYMMDD`. */
  readonly from?: string | undefined;
  /** `YYYYMMDD`. */
  readonly to?: string | undefined;
}
/** A resource with an id and settings that are not fixed here. */
export interface Entity extends Json {
  readonly id: string;
}
