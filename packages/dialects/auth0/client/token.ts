/**
 * The bearer of a management client. Owns the invariants that at most one token request is under way, that a failure is
 * not kept, and that a token ends before the server's own end of it.
 */
import { AuthenticationClient, type AuthenticationOptions } from './auth/client.ts';
import { ArgumentError } from './errors.ts';
import { hide, type TokenProvider } from './rest.ts';

export interface TokenProviderOptions extends AuthenticationOptions {
  readonly audience: string;
  readonly scope?: string | undefined;
  /** Default true; false: one token request for each API request. */
  readonly enableCache?: boolean | undefined;
  /** How long a token is kept (s); default: as long as it lasts, less 10 s. */
  readonly cacheTTLInSeconds?: number | undefined;
}

/** An answer of the token endpoint. */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly scope?: string;
  readonly id_token?: string;
  readonly refresh_token?: string;
}

/** A token is not begun with in its last seconds. */
const LEEWAY = 10;
/** A server that states no lifetime (s). */
const UNSTATED = 3600;

const lifetimeOf = (expiresIn: unknown): number => {
  const seconds = Number(expiresIn);
  if (!(seconds > 0)) return UNSTATED;
  return seconds > LEEWAY ? seconds - LEEWAY : seconds;
};

const judge = (options: TokenProviderOptions): void => {
  const { domain, clientId, clientSecret, clientAssertionSigningKey, audience, scope } = options;
  const refuse = (isWrong: unknown, message: string) => {
    if (isWrong) throw new ArgumentError(message);
  };
  refuse(!domain, 'Must provide a domain');
  refuse(!clientId, 'Must provide a clientId');
  refuse(!clientSecret && !clientAssertionSigningKey, 'Must provide a clientSecret or a clientAssertionSigningKey');
  refuse(!audience, 'Must provide a audience');
  const { enableCache, cacheTTLInSeconds: ttl } = options;
  refuse(typeof enableCache !== 'boolean', 'enableCache must be a boolean');
  refuse(enableCache && ttl && typeof ttl !== 'number', 'cacheTTLInSeconds must be a number');
  refuse(enableCache && ttl && ttl < 0, 'cacheTTLInSeconds must be a greater than 0');
  refuse(scope && typeof scope !== 'string', 'scope must be a string');
};

/** Gives the token of a machine-to-machine application, fetched once for as long as it lasts. */
export class ManagementTokenProvider implements TokenProvider {
  declare readonly options: TokenProviderOptions;
  declare readonly authenticationClient: AuthenticationClient;
  declare readonly getCachedAccessToken: () => Promise<string>;

  /** @throws ArgumentError that names the wrong option */
  constructor(given: TokenProviderOptions) {
    if (!given || typeof given !== 'object') throw new ArgumentError('Options must be an object');
    const options = { enableCache: true, ...given };
    judge(options);
    const authenticationClient = new AuthenticationClient(options);
    const ask = () => this.clientCredentialsGrant(options.domain, options.scope, options.audience);
    hide(this, { options, authenticationClient, getCachedAccessToken: cached(ask, options.cacheTTLInSeconds) });
  }

  async getAccessToken(): Promise<string> {
    if (this.options.enableCache) return this.getCachedAccessToken();
    const { domain, scope, audience } = this.options;
    return (await this.clientCredentialsGrant(domain, scope, audience)).access_token;
  }

  /** Fetches a token, whether or not one is at hand. */
  clientCredentialsGrant(_domain: string, scope: string | undefined, audience: string): Promise<TokenResponse> {
    return this.authenticationClient.clientCredentialsGrant({ audience, ...(scope ? { scope } : {}) });
  }
}

// A closure, not fields: a Proxy around the provider must not wrap the promise.
const cached = (ask: () => Promise<TokenResponse>, ttl: number | undefined): (() => Promise<string>) => {
  let held: { readonly token: string; readonly endsAt: number } | undefined;
  let asking: Promise<string> | undefined;
  const refresh = (): Promise<string> =>
    Promise.resolve()
      .then(ask)
      .then(({ access_token, expires_in }) => {
        held = { token: access_token, endsAt: Date.now() + (ttl || lifetimeOf(expires_in)) * 1000 };
        return access_token;
      })
      .finally(() => {
        asking = undefined;
      });
  return async () => {
    if (held && Date.now() < held.endsAt) return held.token;
    asking ??= refresh();
    return asking;
  };
};
