/** The parts of an authentication client that get tokens and start sign-ins; each method is a row of grants.ts. */
import type { Callback } from '../callback.ts';
import type { TokenResponse } from '../token.ts';
import type {
  AuthorizationCodeData,
  ChangePasswordData,
  ClientCredentialsData,
  CodeData,
  EmailData,
  PasswordData,
  RefreshTokenData,
  SignInData,
  SignUpData,
  SmsData,
  SocialData,
} from './data.ts';
import { Authenticator, type CallOptions, type Grant, grants } from './grants.ts';

/** A call with data, perhaps options of the call, perhaps a callback. */
export interface Asking<Data, Result> {
  (data: Data, options?: CallOptions): Promise<Result>;
  (data: Data, callback: Callback<Result>): void;
  (data: Data, options: CallOptions | undefined, callback: Callback<Result>): void;
}

type Fields = Readonly<Record<string, unknown>>;
type Grants = Readonly<Record<string, (data: Fields) => Grant>>;

/** Puts the methods on a class: which grant a call is may depend on its data. */
const endow = (Class: { prototype: Authenticator }, methods: Grants): void => {
  for (const [name, grantOf] of Object.entries(methods)) {
    const { [name]: value } = {
      [name](this: Authenticator, ...args: unknown[]) {
        return this.ask(grantOf((args[0] ?? {}) as Fields), args);
      },
    };
    Object.defineProperty(Class.prototype, name, { value, configurable: true, writable: true });
  }
};

/** Tokens by the grants of OAuth 2.0. An ID token in an answer is handed on as it is. */
export class OAuthAuthenticator extends Authenticator {
  declare readonly signIn: Asking<SignInData, TokenResponse>;
  declare readonly passwordGrant: Asking<PasswordData, TokenResponse>;
  declare readonly refreshToken: Asking<RefreshTokenData, TokenResponse>;
  declare readonly socialSignIn: Asking<SocialData, TokenResponse>;
  declare readonly clientCredentialsGrant: Asking<ClientCredentialsData, TokenResponse>;
  declare readonly authorizationCodeGrant: Asking<AuthorizationCodeData, TokenResponse>;
}
endow(OAuthAuthenticator, {
  signIn: () => grants.resourceOwner,
  passwordGrant: ({ realm }) => (realm ? grants.passwordRealm : grants.password),
  refreshToken: () => grants.refreshToken,
  socialSignIn: () => grants.social,
  clientCredentialsGrant: () => grants.clientCredentials,
  authorizationCodeGrant: () => grants.authorizationCode,
});

/** Sign-up and passwords of a database connection. */
export class DatabaseAuthenticator extends Authenticator {
  declare readonly signIn: Asking<SignInData, TokenResponse>;
  declare readonly signUp: Asking<SignUpData, Fields>;
  declare readonly changePassword: Asking<ChangePasswordData & { readonly password: string }, unknown>;
  declare readonly requestChangePasswordEmail: Asking<ChangePasswordData, unknown>;
}
endow(DatabaseAuthenticator, {
  signIn: () => grants.signIn,
  signUp: () => grants.signUp,
  changePassword: () => grants.changePassword,
  requestChangePasswordEmail: () => grants.requestChangePassword,
});

/** Sign-in by a code or a link that is sent. */
export class PasswordlessAuthenticator extends Authenticator {
  declare readonly signIn: Asking<CodeData, TokenResponse>;
  declare readonly sendEmail: Asking<EmailData, Fields>;
  declare readonly sendSMS: Asking<SmsData, Fields>;
}
endow(PasswordlessAuthenticator, {
  signIn: ({ otp }) => (otp ? grants.passwordlessOtp : grants.passwordless),
  sendEmail: () => grants.startEmail,
  sendSMS: () => grants.startSms,
});
