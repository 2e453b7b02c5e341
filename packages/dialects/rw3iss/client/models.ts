/** What the server sends, and what it takes, in its own spelling. Instants are RFC 3339. */

export interface TokenPair {
  readonly access_token: string;
  /** Single use. */
  readonly refresh_token: string;
  readonly token_type: string;
  /** Seconds. */
  readonly expires_in: number;
  readonly expires_at: string;
}

export type UserStatus = 'pending' | 'active' | 'suspended' | 'deleted';
export type AuthProvider =
  | 'local'
  | 'google'
  | 'apple'
  | 'microsoft'
  | 'github'
  | 'facebook'
  | 'linkedin'
  | 'x'
  | 'custom';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly email_verified: boolean;
  readonly phone?: string;
  readonly phone_verified?: boolean;
  readonly first_name: string;
  readonly last_name: string;
  readonly display_name?: string;
  readonly avatar_url?: string;
  readonly status: UserStatus;
  readonly auth_provider: AuthProvider;
  readonly two_factor_enabled: boolean;
  readonly default_color_mode: 'dark' | 'light';
  readonly last_login_at?: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** By level; in lists only, and absent where there are none. */
  readonly roles?: readonly RoleSummary[];
}

export interface RoleSummary {
  readonly code: string;
  readonly name: string;
}

/** Who is signed in, as `auth.whoami` tells it. */
export type CurrentUser = Pick<User, 'id' | 'email' | 'first_name' | 'last_name'> & Partial<User>;

export interface UserPage {
  readonly users: readonly User[];
  /** All that match, not only this page. */
  readonly total: number;
}

export interface Role {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly description?: string;
  readonly type: 'system' | 'custom';
  /** Lower is stronger. */
  readonly level: number;
  readonly is_org_role: boolean;
  readonly organization_id?: string;
  readonly permissions?: readonly Permission[];
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Permission {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly description?: string;
  readonly resource: string;
  readonly action: string;
  readonly category: string;
  readonly org_assignable: boolean;
}

export interface Session {
  readonly id: string;
  readonly device_info?: string;
  readonly ip_address?: string;
  readonly user_agent?: string;
  readonly location?: string;
  readonly last_activity_at: string;
  readonly created_at: string;
  /** Only among one's own. */
  readonly is_current?: boolean;
}

/** What a sign-in answers. */
export interface AuthResponse {
  readonly user: User;
  readonly tokens: TokenPair;
  readonly organization?: Organization;
  /** Codes. */
  readonly roles?: readonly string[];
  /** Codes. */
  readonly permissions?: readonly string[];
  readonly requires_2fa?: undefined;
}

/** What a sign-in answers when a second factor is asked for: sign in again with `twoFactorCode`. */
export interface TwoFactorChallenge {
  readonly requires_2fa: true;
  readonly user?: undefined;
  readonly tokens?: undefined;
}

export interface Registration {
  readonly user: User;
  readonly organization?: Organization;
  readonly verification_email_sent: boolean;
  readonly logged_in?: boolean;
  readonly tokens?: TokenPair;
}

export interface RegistrationPolicy {
  readonly code: string;
  readonly name: string;
  readonly allowed_email_domains: readonly string[];
  readonly allowed_auth_methods: readonly string[];
  readonly has_default_organization: boolean;
  readonly default_organization_name?: string;
}

export interface AppWebhook {
  readonly name?: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly enabled: boolean;
}

export interface App {
  readonly id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly deleted_at?: string;
  readonly code: string;
  readonly name: string;
  readonly description: string;
  readonly allowed_redirect_urls: readonly string[];
  readonly service_codes: readonly string[];
  /** Whether a sign-in makes the grant that it lacks. */
  readonly auto_grant_on_signup: boolean;
  /** Only `active` lets anybody in. */
  readonly status: string;
  readonly allowed_email_domains: readonly string[];
  readonly allowed_auth_methods: readonly string[];
  readonly default_organization_id?: string;
  readonly frontend_url?: string;
  readonly registration_namespace?: string;
  readonly registration_namespaces: readonly string[];
  readonly read_namespaces: readonly string[];
  readonly webhooks: readonly AppWebhook[];
  readonly default_role_code?: string;
  readonly linked_app_codes: readonly string[];
}

type AppSettings = Omit<App, 'id' | 'created_at' | 'updated_at' | 'deleted_at' | 'code' | 'name' | 'status'>;
export type NewApp = Pick<App, 'code' | 'name'> & Partial<AppSettings>;
/** What is absent stays; `""` clears `frontend_url`, `default_organization_id` and `default_role_code`. */
export type AppChange = Partial<AppSettings & Pick<App, 'name' | 'status'>>;

/** A pool of users: a home for some, a tag of others, or only named by an app. */
export interface NamespaceInfo {
  readonly namespace: string;
  /** Users with it as home or tag. */
  readonly user_count: number;
  readonly home_count: number;
  readonly tag_count: number;
  readonly app_codes: readonly string[];
}

export interface UserNamespaces {
  /** The home. */
  readonly namespace: string;
  /** The tags, without the home. */
  readonly namespaces: readonly string[];
}

interface OrganizationTexts {
  readonly description?: string;
  readonly website?: string;
  readonly contact_email?: string;
  readonly contact_phone?: string;
  readonly address?: string;
  readonly city?: string;
  readonly state?: string;
  readonly country?: string;
  readonly postal_code?: string;
}

export interface Organization extends OrganizationTexts {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly status: string;
  readonly owner_id: string;
  readonly sso_enabled: boolean;
  readonly plan?: string;
  readonly logo_url?: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface NewOrganization extends OrganizationTexts {
  readonly name: string;
}
/** What is absent stays; another name makes another slug. */
export interface OrganizationChange extends OrganizationTexts {
  readonly name?: string;
  readonly logo_url?: string;
}

export interface Membership {
  readonly organization: Organization;
  readonly status?: string;
  readonly joined_at?: string;
  readonly roles?: readonly Role[];
}

export interface OrgMember {
  readonly id: string;
  readonly user_id: string;
  readonly organization_id: string;
  readonly status: string;
  readonly joined_at: string;
  readonly user?: User;
  readonly roles?: readonly Role[];
}
export type OrgMemberStatus = 'pending' | 'active' | 'suspended' | 'removed';

export interface NewRole {
  readonly code: string;
  readonly name: string;
  readonly description?: string;
  readonly level?: number;
  readonly permission_codes?: readonly string[];
}
/** What is absent stays; `permission_codes` replaces the whole set. */
export type RoleChange = Partial<Omit<NewRole, 'code'>>;

export interface Invitation {
  readonly id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly organization_id: string;
  readonly email: string;
  /** Six characters. */
  readonly code: string;
  readonly role_ids: readonly string[] | null;
  readonly invited_by: string;
  readonly expires_at: string;
  readonly status: 'pending' | 'accepted' | 'declined' | 'expired' | 'revoked';
  readonly accepted_at?: string;
  readonly accepted_by?: string;
}
export interface NewInvitation {
  readonly email: string;
  readonly role_ids?: readonly string[];
}

/** A service that signs in as itself. */
export interface M2MClient {
  readonly id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly client_id: string;
  readonly name: string;
  readonly description: string;
  readonly scopes: readonly string[] | null;
  readonly allowed_audiences: readonly string[] | null;
  readonly status: 'active' | 'disabled';
  readonly last_used_at?: string;
  readonly revoked_at?: string;
  readonly created_by?: string;
}
export interface NewM2MClient {
  /** 3 to 100 characters; kept in lower case. */
  readonly client_id: string;
  /** 1 to 200 characters. */
  readonly name: string;
  /** Up to 2000 characters. */
  readonly description?: string;
  readonly scopes?: readonly string[];
  readonly allowed_audiences?: readonly string[];
}
export interface CreatedM2MClient {
  readonly client: M2MClient;
  /** Shown here only. */
  readonly client_secret: string;
}

export interface AuditEntry {
  readonly id: string;
  /** Who did it. */
  readonly user_id?: string;
  readonly organization_id?: string;
  readonly action: string;
  readonly resource_type?: string;
  readonly resource_id?: string;
  readonly ip_address?: string;
  readonly user_agent?: string;
  /** `subject_user_id` where it is another one than who did it. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly created_at: string;
}
export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly page: number;
  readonly page_size: number;
  readonly total: number;
}

export interface SsoProvider {
  /** In lower case. */
  readonly name: string;
  readonly type: string;
  readonly enabled: boolean;
}
