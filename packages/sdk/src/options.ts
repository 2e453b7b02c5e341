/**
 * What a client is made with, and how that becomes its wiring. Owns the invariant that making a client only remembers:
 * no network, no timer, and the secret in no property that a log prints.
 */
import type { ErrorClass } from './error.ts';
import type { Wiring } from './operations.ts';
import type { RetryOptions } from './retry.ts';
import { CredentialsTokens, GivenToken, type TokenCache } from './token.ts';
import { type Hooks, Transport } from './transport.ts';
import { version } from './version.ts';
import type { Fetch } from './wire.ts';

/** Options that every client of this runtime has. */
export interface ClientOptions {
  /** Base URL of the tenant, e.g. `https://id.example.com`. */
  readonly tenantUrl: string;
  /** Used for every request, the token's included; default: the global `fetch` at the time of the call. */
  readonly fetch?: Fetch | undefined;
  /** Default `{ attempts: 3, baseMs: 200 }`. */
  readonly retry?: Partial<RetryOptions> | undefined;
  /** Longest time for one try (ms); default 30 000. */
  readonly timeout?: number | undefined;
  /** Longest time for all tries of a call together, pauses included (ms); default 120 000. */
  readonly deadline?: number | undefined;
  /** Shares the token between processes. */
  readonly tokenCache?: TokenCache | undefined;
  readonly hooks?: Hooks | undefined;
  /** Prepended to the client's own `User-Agent`. */
  readonly userAgent?: string | undefined;
}

/** A machine-to-machine application. */
export interface CredentialOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The API that the token is for; default `<tenantUrl>/api`. */
  readonly audience?: string | undefined;
  /** Space-separated; default: everything that the application is granted. */
  readonly scope?: string | undefined;
}

/** A signed-in administrator. */
export interface TokenOptions {
  /** An access token, or a function that gives one; it is called for each request and again after a 401. */
  readonly token: string | (() => string | Promise<string>);
}

export type AnyOptions = ClientOptions & Partial<CredentialOptions & TokenOptions>;

/** How a kind of client differs from the next: everything else is the same runtime. */
export interface Dialect {
  readonly name: string;
  /** The options that must not be missing, given the others. */
  required(options: Partial<AnyOptions>): readonly (keyof AnyOptions)[];
  readonly ErrorClass: ErrorClass;
  /** Statuses after which the same request may succeed. */
  readonly isPassing: (status: number) => boolean;
}

const originOf = (name: string, tenantUrl: string): string => {
  const url = URL.canParse(tenantUrl) ? new URL(tenantUrl) : undefined;
  const isUsable = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  if (!isUsable)
    throw new TypeError(`${name}: tenantUrl must be an http(s) URL without credentials, query or fragment`);
  return url.href.replace(/\/+$/, '');
};

/** Checks that nothing is missing and puts the parts together. */
export const wire = (dialect: Dialect, given: AnyOptions | undefined): Wiring => {
  const options = given ?? ({} as AnyOptions);
  const missing = dialect.required(options).filter((name) => !options[name]);
  if (missing.length > 0) throw new TypeError(`${dialect.name}: missing ${missing.join(', ')}`);
  const origin = originOf(dialect.name, options.tenantUrl);
  const { clientId = '', clientSecret = '', token, userAgent } = options;
  const transport = new Transport({
    fetch: options.fetch,
    retry: { attempts: options.retry?.attempts ?? 3, baseMs: options.retry?.baseMs ?? 200 },
    isPassing: dialect.isPassing,
    timeout: options.timeout ?? 30_000,
    deadline: options.deadline ?? 120_000,
    hooks: options.hooks ?? {},
    secrets: [clientSecret, encodeURIComponent(clientSecret), `${new URLSearchParams([['', clientSecret]])}`.slice(1)],
    ErrorClass: dialect.ErrorClass,
  });
  const own = `reeve-sdk/${version}`;
  const headers = { accept: 'application/json', 'user-agent': userAgent ? `${userAgent} ${own}` : own };
  const { audience = `${origin}/api`, scope = '' } = options;
  const credentials = { tenantUrl: origin, clientId, clientSecret, audience, scope, headers };
  const tokens = token ? new GivenToken(token) : new CredentialsTokens(transport, credentials, options.tokenCache);
  return { base: `${origin}/api/v1`, transport, tokens, headers };
};
