/** The authentication side: `new AuthenticationClient({ domain, clientId, clientSecret })`. */
import type { AssertionOptions } from '../assertion.ts';
import type { Callback } from '../callback.ts';
import { ArgumentError } from '../errors.ts';
import { type ConnectionOptions, checkConnection } from '../exchange.ts';
import type { RetryOptions } from '../rest.ts';
import { type HeaderOptions, headersOf } from '../telemetry.ts';
import type { TokenResponse } from '../token.ts';
import { DatabaseAuthenticator, OAuthAuthenticator, PasswordlessAuthenticator } from './authenticators.ts';
import type { ChangePasswordData, ClientCredentialsData, CodeData, PasswordData, RefreshTokenData } from './data.ts';
import type { CallOptions } from './grants.ts';
import { type DelegationData, TokensManager } from './tokens.ts';
import { type UserInfo, UsersManager } from './users.ts';

export interface AuthenticationOptions extends HeaderOptions, ConnectionOptions, AssertionOptions {
  /** Host of the tenant, e.g. `tenant.example.com`; it may hold a port. */
  readonly domain: string;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly retry?: RetryOptions | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
type Tail<Result> =
  | [options?: CallOptions]
  | [callback: Callback<Result>]
  | [CallOptions | undefined, Callback<Result>];
type Outcome<Args extends unknown[], Result> = Args extends [...unknown[], Callback<Result>]
  ? undefined
  : Promise<Result>;

/** Gets tokens, and tells whom they speak for. Constructing it sends nothing. */
export class AuthenticationClient {
  readonly oauth: OAuthAuthenticator;
  readonly database: DatabaseAuthenticator;
  readonly passwordless: PasswordlessAuthenticator;
  readonly users: UsersManager;
  readonly tokens: TokensManager;

  /** @throws ArgumentError that names what is missing */
  constructor(options: AuthenticationOptions) {
    if (!options || typeof options !== 'object') {
      throw new ArgumentError('Authentication Client SDK options must be an object');
    }
    if (!options.domain) throw new ArgumentError('Must provide a domain');
    checkConnection(options);
    const { domain, clientId, clientSecret, clientAssertionSigningKey, clientAssertionSigningAlg } = options;
    const { retry, keepAlive, proxy, timeout } = options;
    const shared = {
      baseUrl: `https://${domain}`,
      headers: headersOf(options),
      domain,
      clientId,
      clientSecret,
      clientAssertionSigningKey,
      clientAssertionSigningAlg,
      retry,
      keepAlive,
      proxy,
      timeout,
    };
    this.oauth = new OAuthAuthenticator(shared);
    this.database = new DatabaseAuthenticator(shared);
    this.passwordless = new PasswordlessAuthenticator(shared);
    this.users = new UsersManager(shared);
    this.tokens = new TokensManager(shared);
  }

  /** A token for the client itself. */
  clientCredentialsGrant<Args extends Tail<TokenResponse>>(
    data: ClientCredentialsData,
    ...rest: Args
  ): Outcome<Args, TokenResponse> {
    return call(this.oauth.clientCredentialsGrant(data, ...(rest as [])));
  }

  /** A token for a user, by password. */
  passwordGrant<Args extends Tail<TokenResponse>>(data: PasswordData, ...rest: Args): Outcome<Args, TokenResponse> {
    return call(this.oauth.passwordGrant(data, ...(rest as [])));
  }

  /** A token by a refresh token. */
  refreshToken<Args extends Tail<TokenResponse>>(data: RefreshTokenData, ...rest: Args): Outcome<Args, TokenResponse> {
    return call(this.oauth.refreshToken(data, ...(rest as [])));
  }

  /** Whom an access token speaks for. */
  getProfile<Args extends [] | [callback: Callback<UserInfo>]>(token: string, ...rest: Args): Outcome<Args, UserInfo> {
    return call(this.users.getInfo(token, ...(rest as [])));
  }

  /** Sets a password, or mails the user a link to confirm that. */
  changePassword<Args extends Tail<unknown>>(
    data: ChangePasswordData & { readonly password: string },
    ...rest: Args
  ): Outcome<Args, unknown> {
    return call(this.database.changePassword(data, ...(rest as [])));
  }

  /** Mails the user a link to set a new password. */
  requestChangePasswordEmail<Args extends Tail<unknown>>(
    data: ChangePasswordData,
    ...rest: Args
  ): Outcome<Args, unknown> {
    return call(this.database.requestChangePasswordEmail(data, ...(rest as [])));
  }

  /** Mails a link that signs in. */
  requestMagicLink<Args extends Tail<Fields>>(
    data: { readonly email: string } & Fields,
    ...rest: Args
  ): Outcome<Args, Fields> {
    return call(this.passwordless.sendEmail({ ...data, send: 'link' }, ...(rest as [])));
  }

  /** Mails a code. */
  requestEmailCode<Args extends Tail<Fields>>(
    data: { readonly email: string } & Fields,
    ...rest: Args
  ): Outcome<Args, Fields> {
    return call(this.passwordless.sendEmail({ ...data, send: 'code' }, ...(rest as [])));
  }

  /** A token by a code that was mailed. */
  verifyEmailCode<Args extends Tail<TokenResponse>>(
    data: { readonly email: string; readonly otp: string },
    ...rest: Args
  ): Outcome<Args, TokenResponse> {
    const { email, ...more } = data;
    const code = { ...more, username: email, realm: 'email' };
    return call(this.passwordless.signIn(code, ...(rest as [])));
  }

  /** Sends a code to a telephone. */
  requestSMSCode<Args extends Tail<Fields>>(
    data: { readonly phone_number?: string; readonly phoneNumber?: string } & Fields,
    ...rest: Args
  ): Outcome<Args, Fields> {
    const { phoneNumber, ...more } = data;
    const phone_number = (more.phone_number ?? phoneNumber) as string;
    return call(this.passwordless.sendSMS({ ...more, phone_number }, ...(rest as [])));
  }

  /** A token by a code that was sent to a telephone. */
  verifySMSCode<Args extends Tail<TokenResponse>>(
    data: { readonly phone_number?: string; readonly phoneNumber?: string } & Partial<CodeData>,
    ...rest: Args
  ): Outcome<Args, TokenResponse> {
    const { phoneNumber, phone_number, ...more } = data;
    const username = (more.username ?? phone_number ?? phoneNumber) as string;
    return call(this.passwordless.signIn({ ...more, username }, ...(rest as [])));
  }

  /** A token for another application. */
  getDelegationToken<Args extends [] | [callback: Callback<Fields>]>(
    data: DelegationData,
    ...rest: Args
  ): Outcome<Args, Fields> {
    return call(this.tokens.getDelegationToken(data, ...(rest as [])));
  }
}

/** With a callback there is no promise; the type of the call says which. */
const call = <Result>(outcome: unknown): Result => outcome as Result;
