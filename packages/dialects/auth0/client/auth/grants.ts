/**
 * The table of the authentication endpoints: path, what is required, what is always sent, and who identifies the client.
 * Texts and shapes are what the package that this one stands for was seen to do.
 */

import { type AssertionOptions, assertionOf } from '../assertion.ts';
import { argumentsOf } from '../callback.ts';
import { ArgumentError } from '../errors.ts';
import { Auth0RestClient, hide, type RestOptions, type RetryOptions, RetryRestClient } from '../rest.ts';

/** What the parts of an authentication client are made with. */
export interface AuthenticatorOptions extends RestOptions, AssertionOptions {
  readonly baseUrl: string;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly retry?: RetryOptions | undefined;
}

/** Options of one call. */
export interface CallOptions {
  /** Address of the user for whom a server asks (attack protection). */
  readonly forwardedFor?: string | undefined;
}

export interface Grant {
  readonly path: string;
  /** Message where there are no data. */
  readonly missing: string;
  readonly required: readonly (readonly [field: string, message: string])[];
  /** Sent below the caller's data. */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Sent above them. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Default true: `client_id` is sent. */
  readonly isOfClient?: boolean;
  /** `sent`: where there is one; `needed`: a call without it is refused. */
  readonly secret?: 'sent' | 'needed';
}

type Data = Readonly<Record<string, unknown>>;

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** The data that identify the client: its key comes before its secret. */
const credentialsOf = (options: AuthenticatorOptions, data: Data): Data => {
  const clientId = (data.client_id as string | undefined) ?? options.clientId;
  const { clientSecret, clientAssertionSigningKey: key } = options;
  if (key && clientId && !data.client_secret && !data.client_assertion) return assertionOf(clientId, key, options);
  return !data.client_secret && clientSecret ? { client_secret: clientSecret } : {};
};

/** @throws ArgumentError that names what is missing */
export const bodyOf = (grant: Grant, options: AuthenticatorOptions, given: unknown): Data => {
  if (typeof given !== 'object' || given === null) throw new ArgumentError(grant.missing);
  const data = given as Data;
  for (const [field, message] of grant.required) if (!isGiven(data[field])) throw new ArgumentError(message);
  const { isOfClient = true, secret, defaults, fixed } = grant;
  const body: Data = {
    ...(isOfClient && options.clientId ? { client_id: options.clientId } : {}),
    ...defaults,
    ...data,
    ...(secret ? credentialsOf(options, data) : {}),
    ...fixed,
  };
  if (secret === 'needed' && !body.client_secret && !body.client_assertion) {
    throw new ArgumentError('The client_secret or client_assertion field is required.');
  }
  return body;
};

/** One of the parts of an authentication client. Nothing of it is enumerable: it knows the secret. */
export abstract class Authenticator {
  declare readonly options: AuthenticatorOptions;

  /** @throws ArgumentError without options */
  constructor(options: AuthenticatorOptions) {
    if (!options) throw new ArgumentError('Missing authenticator options');
    if (typeof options !== 'object') throw new ArgumentError('The authenticator options must be an object');
    hide(this, { options });
  }

  /** Sends a grant: `(data[, options][, callback])`. */
  ask(grant: Grant, args: readonly unknown[]): Promise<unknown> | undefined {
    const { given, callback } = argumentsOf(args);
    const body = bodyOf(grant, this.options, given[0]);
    const { forwardedFor } = (given[1] ?? {}) as CallOptions;
    const { baseUrl, retry, ...options } = this.options;
    const headers = { ...options.headers, ...(forwardedFor ? { 'auth0-forwarded-for': forwardedFor } : {}) };
    const client = new Auth0RestClient(baseUrl + grant.path, { ...options, headers, includeResponseHeaders: false });
    return new RetryRestClient(client, retry).create(body, ...(callback ? [callback] : []));
  }
}

const field = (name: string) => [name, `${name} field is required`] as const;
const NO_USER = 'Missing user data object';
const otpFields = [['username', 'username field (phone number) is required']] as const;
const code = ['password', 'password field (verification code) is required'] as const;
const password = { grant_type: 'password', scope: 'openid' };

/** Every endpoint by what it is for. */
export const grants = {
  resourceOwner: { path: '/oauth/ro', missing: NO_USER, required: [field('connection')], defaults: password },
  password: {
    path: '/oauth/token',
    missing: NO_USER,
    required: [field('username'), field('password')],
    defaults: { grant_type: 'password' },
    secret: 'sent',
  },
  passwordRealm: {
    path: '/oauth/token',
    missing: NO_USER,
    required: [field('username'), field('password')],
    defaults: { grant_type: 'http://auth0.com/oauth/grant-type/password-realm' },
    secret: 'sent',
  },
  refreshToken: {
    path: '/oauth/token',
    missing: 'Missing data object',
    required: [['refresh_token', 'refresh_token is required']],
    defaults: { grant_type: 'refresh_token' },
    secret: 'sent',
  },
  social: {
    path: '/oauth/access_token',
    missing: 'Missing user credential objects',
    required: [field('access_token'), field('connection')],
    isOfClient: false,
  },
  clientCredentials: {
    path: '/oauth/token',
    missing: 'Missing options object',
    required: [],
    defaults: { grant_type: 'client_credentials' },
    secret: 'needed',
  },
  authorizationCode: {
    path: '/oauth/token',
    missing: 'Missing options object',
    required: [field('code'), field('redirect_uri')],
    defaults: { grant_type: 'authorization_code' },
    secret: 'sent',
  },
  signIn: {
    path: '/oauth/ro',
    missing: NO_USER,
    required: [field('username'), field('password')],
    defaults: { ...password, connection: 'Username-Password-Authentication' },
  },
  signUp: {
    path: '/dbconnections/signup',
    missing: NO_USER,
    required: [field('email'), field('password'), field('connection')],
  },
  changePassword: {
    path: '/dbconnections/change_password',
    missing: NO_USER,
    required: [field('email'), field('password'), field('connection')],
  },
  requestChangePassword: {
    path: '/dbconnections/change_password',
    missing: NO_USER,
    required: [field('email'), field('connection')],
  },
  startEmail: {
    path: '/passwordless/start',
    missing: NO_USER,
    required: [field('email'), field('send')],
    fixed: { connection: 'email' },
    secret: 'sent',
  },
  startSms: {
    path: '/passwordless/start',
    missing: NO_USER,
    required: [field('phone_number')],
    fixed: { connection: 'sms' },
    secret: 'sent',
  },
  passwordlessOtp: {
    path: '/oauth/token',
    missing: NO_USER,
    required: otpFields,
    defaults: {
      grant_type: 'http://auth0.com/oauth/grant-type/passwordless/otp',
      scope: 'openid',
      realm: 'sms',
    },
    secret: 'sent',
  },
  passwordless: {
    path: '/oauth/ro',
    missing: NO_USER,
    required: [...otpFields, code],
    defaults: password,
    fixed: { connection: 'sms' },
    secret: 'sent',
  },
  tokenInfo: { path: '/tokeninfo', missing: '', required: [], isOfClient: false },
  delegation: {
    path: '/delegation',
    missing: 'Missing token data object',
    required: [field('target'), field('api_type'), field('grant_type')],
  },
  revocation: {
    path: '/oauth/revoke',
    missing: 'Missing token data object',
    required: [['token', 'token property is required']],
    secret: 'sent',
  },
} as const satisfies Readonly<Record<string, Grant>>;
