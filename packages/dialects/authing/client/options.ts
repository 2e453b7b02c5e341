/** The options of a client, judged and completed. The caller's object stays as it is. */
import { AuthingError } from './errors.ts';

/** Told of every failure of a request. What it throws is what the call rejects with. */
export type OnError = (code: number | string | undefined, message: string, data?: unknown) => void;

/** Makes what is sent in place of a password. */
export type EncryptFunction = (
  plainText: string,
  publicKey: string,
  encryption?: EncryptionOptions,
) => string | Promise<string>;

/** Handed to `encryptFunction`; this client itself knows RSA alone. */
export interface EncryptionOptions {
  readonly type?: string | undefined;
  readonly publicKey?: string | undefined;
}

/** The names of the headers that say who asks. */
export interface HeaderNames {
  readonly 'userpool-id'?: string | undefined;
  readonly 'app-id'?: string | undefined;
  readonly 'tenant-id'?: string | undefined;
  readonly 'request-from'?: string | undefined;
  readonly 'sdk-version'?: string | undefined;
  readonly lang?: string | undefined;
}

/** A pool or an application, and its secret or a token. */
export interface ManagementClientOptions {
  readonly userPoolId?: string | undefined;
  /** The same as `userPoolId`. */
  readonly accessKeyId?: string | undefined;
  readonly secret?: string | undefined;
  /** The same as `secret`. */
  readonly accessKeySecret?: string | undefined;
  /** A management token: used as it is for every call, also when it has expired; goes before `secret`. */
  readonly accessToken?: string | undefined;
  readonly appId?: string | undefined;
  readonly tenantId?: string | undefined;
  /** Where the server is, e.g. `https://id.example.com/authing`; default `https://core.authing.cn`. */
  readonly host?: string | undefined;
  /** Where the public key is, if not at `host`. */
  readonly appHost?: string | undefined;
  /** The same without a scheme, which is that of `host`; `appHost` goes before it. */
  readonly domain?: string | undefined;
  /** Longest time of a request, with its token and all tries (ms); 0 is none. Default 30 000. */
  readonly timeout?: number | undefined;
  readonly onError?: OnError | undefined;
  /** Default `sdk`. */
  readonly requestFrom?: string | undefined;
  /** Of messages; default `zh-CN`. */
  readonly lang?: Language | undefined;
  readonly headers?: HeaderNames | undefined;
  /** The pool's key for passwords, SPKI as PEM or base64; default: asked for when a password is first sent. */
  readonly publicKey?: string | undefined;
  /** Default: RSA with PKCS#1 v1.5 padding. */
  readonly encryptFunction?: EncryptFunction | undefined;
  readonly encryption?: EncryptionOptions | undefined;
  /** Default: the global one, as it is when a request is sent. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

export type Language = 'zh-CN' | 'en-US' | (string & {});

/** The names that the original takes and this client can't honour. */
const unsupported = ['httpClient', 'fastHttpClient', 'graphqlClient'] as const;

const headerNames = {
  'userpool-id': 'x-authing-userpool-id',
  'app-id': 'x-authing-app-id',
  'tenant-id': 'x-authing-app-tenant-id',
  'request-from': 'x-authing-request-from',
  'sdk-version': 'x-authing-sdk-version',
  lang: 'x-authing-lang',
} as const;

const bad = (message: string, code: number | string = 'ERR_INVALID_ARGUMENT'): AuthingError =>
  new AuthingError(`ManagementClient: ${message}`, { code });
const NO_CREDENTIALS = 1000;
export const withoutCredentials = (): AuthingError =>
  bad('secret (accessKeySecret) or accessToken is required', NO_CREDENTIALS);

const judge = (options: ManagementClientOptions): void => {
  const { userPoolId, accessKeyId, appId, timeout = 0, host, encryption, encryptFunction } = options;
  if (!userPoolId && !accessKeyId && !appId) throw bad('userPoolId (accessKeyId) or appId is required');
  if (!(typeof timeout === 'number' && timeout >= 0)) throw bad('timeout is a number of milliseconds from 0');
  if (host && !URL.canParse(host)) throw bad('host is a URL, e.g. https://id.example.com/authing');
  if (encryption?.type && encryption.type !== 'rsa' && !encryptFunction)
    throw bad('encryption other than RSA needs an encryptFunction');
  for (const name of unsupported) if (name in options) throw bad(`${name} is not supported; use fetch`);
};

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

/** @throws AuthingError that names what is missing or wrong */
export const settingsOf = (given: ManagementClientOptions) => {
  const options = given ?? {};
  judge(options);
  const host = withoutSlash(options.host || 'https://core.authing.cn');
  const { appHost, domain, accessToken, onError } = options;
  const secret = options.secret || options.accessKeySecret || undefined;
  if (!secret && !accessToken) {
    const error = withoutCredentials();
    if (!onError) throw error;
    // It may want to go on, as far as that goes: what needs no server.
    onError(NO_CREDENTIALS, error.message);
  }
  return {
    userPoolId: options.userPoolId || options.accessKeyId || undefined,
    secret,
    accessToken: accessToken || undefined,
    appId: options.appId || undefined,
    tenantId: options.tenantId || undefined,
    host,
    keyHost: appHost ? withoutSlash(appHost) : domain ? `${new URL(host).protocol}//${withoutSlash(domain)}` : host,
    // What is infinite is no timer.
    timeout: options.timeout === 0 ? Number.POSITIVE_INFINITY : (options.timeout ?? 30_000),
    onError,
    requestFrom: options.requestFrom || 'sdk',
    lang: options.lang || 'zh-CN',
    headerNames: { ...headerNames, ...options.headers },
    publicKey: options.publicKey || undefined,
    encryptFunction: options.encryptFunction,
    encryption: options.encryption,
    fetch: options.fetch,
  };
};

export type Settings = ReturnType<typeof settingsOf>;
