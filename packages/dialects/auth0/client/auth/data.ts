/** What the authentication endpoints are asked with. */

/** Fields that a server may take beside the ones that are named. */
interface More {
  readonly [field: string]: unknown;
}
export interface ClientCredentialsData extends More {
  readonly audience?: string;
  readonly scope?: string;
  readonly client_id?: string;
  readonly client_secret?: string;
}
export interface PasswordData extends More {
  readonly username: string;
  readonly password: string;
  /** A connection's name. */
  readonly realm?: string;
  readonly audience?: string;
  readonly scope?: string;
}
export interface RefreshTokenData extends More {
  readonly refresh_token: string;
  readonly scope?: string;
}
export interface AuthorizationCodeData extends More {
  readonly code: string;
  readonly redirect_uri: string;
}
export interface SignInData extends More {
  readonly username: string;
  readonly password: string;
  readonly connection?: string;
}
export interface SocialData extends More {
  readonly access_token: string;
  readonly connection: string;
}
export interface SignUpData extends More {
  readonly email: string;
  readonly password: string;
  readonly connection: string;
}
export interface ChangePasswordData extends More {
  readonly email: string;
  readonly connection: string;
}
export interface EmailData extends More {
  readonly email: string;
  readonly send: 'link' | 'code';
}
export interface SmsData extends More {
  readonly phone_number: string;
}
export interface CodeData extends More {
  readonly username: string;
  /** The code that was sent. */
  readonly otp?: string;
  /** `email` or `sms`. */
  readonly realm?: string;
}
