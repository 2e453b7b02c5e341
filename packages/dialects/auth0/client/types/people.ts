/** Users, and what they belong to. */
import type { Fields, Id, Json, Paging } from './models.ts';

export interface Identity {
  readonly provider: string;
  readonly user_id: string;
  readonly connection: string;
  readonly isSocial: boolean;
  readonly access_token?: string;
  readonly access_token_secret?: string;
  readonly refresh_token?: string;
  readonly profileData?: Json;
}
export interface User {
  readonly user_id: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly username?: string;
  readonly phone_number?: string;
  readonly phone_verified?: boolean;
  readonly name?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly nickname?: string;
  readonly picture?: string;
  readonly identities?: readonly Identity[];
  readonly user_metadata?: Json;
  readonly app_metadata?: Json;
  readonly multifactor?: readonly string[];
  readonly blocked?: boolean;
  readonly last_ip?: string;
  readonly last_login?: string;
  readonly logins_count?: number;
  readonly last_password_reset?: string;
  readonly created_at?: string;
  readonly updated_at?: string;
}
interface Profile {
  readonly phone_verified?: boolean;
  readonly email_verified?: boolean;
  readonly verify_email?: boolean;
  readonly blocked?: boolean;
  readonly user_metadata?: Json;
  readonly app_metadata?: Json;
}
type ProfileText =
  | 'email'
  | 'password'
  | 'username'
  | 'phone_number'
  | 'name'
  | 'given_name'
  | 'family_name'
  | 'nickname'
  | 'picture';
export interface UserCreate extends Profile, Readonly<Partial<Record<ProfileText, string>>> {
  /** Name of the connection. */
  readonly connection: string;
  /** Without the provider's prefix. */
  readonly user_id?: string;
}
/** Metadata merge at their top level; null removes. */
export interface UserUpdate extends Profile, Readonly<Partial<Record<ProfileText, string | null>>> {
  readonly connection?: string;
  readonly client_id?: string;
  readonly verify_phone_number?: boolean;
}
export interface UserQuery extends Fields, Paging {
  readonly q?: string | undefined;
  readonly search_engine?: 'v1' | 'v2' | 'v3' | undefined;
  /** `field:1` or `field:-1`. */
  readonly sort?: string | undefined;
  readonly connection?: string | undefined;
  readonly primary_order?: boolean | undefined;
}
export type LinkData =
  | { readonly user_id: string; readonly provider?: string; readonly connection_id?: string }
  | { readonly link_with: string };
export interface Enrollment {
  readonly id: string;
  readonly status: string;
  readonly type?: string;
  readonly name?: string;
  readonly identifier?: string;
  readonly phone_number?: string;
  readonly auth_method?: string;
  readonly enrolled_at?: string;
  readonly last_auth?: string;
}
export interface AuthenticationMethod {
  readonly id: string;
  readonly type: string;
  readonly confirmed?: boolean;
  readonly name?: string;
  readonly phone_number?: string;
  readonly email?: string;
  readonly preferred_authentication_method?: 'voice' | 'sms';
  readonly authentication_methods?: readonly { readonly id: string; readonly type: string }[];
  readonly key_id?: string;
  readonly public_key?: string;
  readonly relying_party_identifier?: string;
  readonly link_id?: string;
  readonly created_at?: string;
  readonly enrolled_at?: string;
  readonly last_auth_at?: string;
}
export interface AuthenticationMethodCreate {
  readonly type: 'phone' | 'email' | 'totp' | 'webauthn-roaming' | 'passkey';
  readonly name?: string;
  readonly phone_number?: string;
  readonly email?: string;
  readonly totp_secret?: string;
  readonly key_id?: string;
  readonly public_key?: string;
  readonly relying_party_identifier?: string;
  readonly preferred_authentication_method?: 'voice' | 'sms';
}
export interface AuthenticationMethodUpdate {
  readonly name?: string;
  readonly preferred_authentication_method?: 'voice' | 'sms';
}
export interface AuthenticationMethodId extends Id {
  readonly authentication_method_id: string;
}
export interface Permission {
  readonly permission_name: string;
  readonly resource_server_identifier: string;
}
export interface GrantedPermission extends Permission {
  readonly description?: string;
  readonly resource_server_name?: string;
  readonly sources?: readonly {
    readonly source_id: string;
    readonly source_name: string;
    readonly source_type: string;
  }[];
}
export interface Permissions {
  readonly permissions: readonly Permission[];
}
export interface Role {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
}
export interface Roles {
  /** Ids. */
  readonly roles: readonly string[];
}

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly display_name?: string;
  readonly branding?: Json;
  readonly metadata?: Json;
}
export type OrganizationCreate = Omit<Organization, 'id'> & {
  readonly enabled_connections?: readonly EnabledConnectionData[];
};
export interface EnabledConnectionData {
  readonly connection_id: string;
  readonly assign_membership_on_login?: boolean;
}
export interface EnabledConnection extends EnabledConnectionData {
  readonly connection?: { readonly name: string; readonly strategy: string };
}
export interface Member {
  readonly user_id: string;
  readonly email?: string;
  readonly name?: string;
  readonly picture?: string;
}
export interface Members {
  /** User ids. */
  readonly members: readonly string[];
}
export interface InvitationData {
  readonly inviter: { readonly name: string };
  readonly invitee: { readonly email: string };
  readonly client_id: string;
  readonly connection_id?: string;
  readonly app_metadata?: Json;
  readonly user_metadata?: Json;
  readonly ttl_sec?: number;
  readonly roles?: readonly string[];
  readonly send_invitation_email?: boolean;
}
export interface Invitation extends InvitationData {
  readonly id: string;
  readonly created_at?: string;
  readonly expires_at?: string;
  readonly invitation_url?: string;
  readonly organization_id?: string;
}
export interface UserBlocks {
  readonly blocked_for: readonly { readonly identifier?: string; readonly ip?: string; readonly connection?: string }[];
}
