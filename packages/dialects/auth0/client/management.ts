/** `ManagementClient`: the managers as properties, and every flat method as an alias of one of theirs. */
import { type Alias, aliases } from './aliases.ts';
import { ArgumentError } from './errors.ts';
import { type ConnectionOptions, checkConnection } from './exchange.ts';
import { managers } from './managers.ts';
import type { RetryOptions, TokenProvider } from './rest.ts';
import type { ManagerName } from './rows.ts';
import { type HeaderOptions, headersOf, type LegacyClientInfo, legacyClientInfo } from './telemetry.ts';
import { ManagementTokenProvider, type TokenProviderOptions } from './token.ts';
import type { Flat, Managers } from './types/client.ts';

interface SharedOptions<IsWithHeaders extends boolean> extends HeaderOptions, ConnectionOptions {
  /** Host of the tenant, e.g. `tenant.example.com`; it may hold a port. The API is `https://<domain>/api/v2`. */
  readonly domain: string;
  readonly retry?: RetryOptions | undefined;
  /** Results become `{ data, headers }`; not those of an import. */
  readonly includeResponseHeaders?: IsWithHeaders | undefined;
}
/** A token, or a function that gives one for each request. */
export interface TokenOptions {
  readonly token: string | (() => string | Promise<string>);
}
/** A machine-to-machine application. */
export interface CredentialOptions {
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  /** PEM; in place of a secret. */
  readonly clientAssertionSigningKey?: string | undefined;
  /** Default `RS256`. */
  readonly clientAssertionSigningAlg?: string | undefined;
  /** Default `https://<domain>/api/v2/`. */
  readonly audience?: string | undefined;
  /** Space-separated; default: everything that is granted. */
  readonly scope?: string | undefined;
  readonly tokenProvider?:
    | { readonly enableCache: boolean; readonly cacheTTLInSeconds?: number | undefined }
    | undefined;
}
export type ManagementClientOptions<IsWithHeaders extends boolean = false> = SharedOptions<IsWithHeaders> &
  (TokenOptions | CredentialOptions);

/**
 * Administers a tenant by the Management API v2. Constructing it sends nothing.
 *
 * @example
 * const client = new ManagementClient({ domain, clientId, clientSecret });
 * const user = await client.getUser({ id: 'auth0|5f7c8ec7c33c6c004bbafe82' });
 */
export type ManagementClient<IsWithHeaders extends boolean = false> = Managers<IsWithHeaders> &
  Flat<IsWithHeaders> & {
    readonly tokenProvider: TokenProvider;
    /** The token that calls are made with. */
    getAccessToken(): Promise<string>;
    /** What the client told about itself up to release 2.17. */
    getClientInfo(): LegacyClientInfo;
  };

type Options = SharedOptions<boolean> & Partial<TokenOptions & CredentialOptions>;

const providerOf = (options: Options): TokenProvider => {
  const { token, tokenProvider } = options;
  if (token === undefined) {
    const { enableCache, cacheTTLInSeconds } = tokenProvider ?? { enableCache: true };
    const audience = options.audience ?? `https://${options.domain}/api/v2/`;
    return new ManagementTokenProvider({
      ...options,
      audience,
      enableCache,
      cacheTTLInSeconds,
    } as TokenProviderOptions);
  }
  if (typeof token !== 'function' && (typeof token !== 'string' || !token)) {
    throw new ArgumentError('Must provide a token');
  }
  const give = async () => (typeof token === 'function' ? token() : token);
  return Object.defineProperty({} as TokenProvider, 'getAccessToken', { value: give });
};

class Client {
  declare readonly tokenProvider: TokenProvider;

  /** @throws ArgumentError that names the wrong option */
  constructor(options: Options) {
    if (!options || typeof options !== 'object') {
      throw new ArgumentError('Management API SDK options must be an object');
    }
    const { domain, retry, includeResponseHeaders, keepAlive, proxy, timeout } = options;
    if (!domain) throw new ArgumentError('Must provide a domain');
    checkConnection(options);
    const tokenProvider = providerOf(options);
    const shared = {
      baseUrl: `https://${domain}/api/v2`,
      headers: headersOf(options),
      tokenProvider,
      retry,
      includeResponseHeaders,
      keepAlive,
      proxy,
      timeout,
    };
    this.tokenProvider = tokenProvider;
    for (const name of Object.keys(managers) as ManagerName[]) {
      const Manager = managers[name] as new (options: typeof shared) => object;
      Object.assign(this, { [name]: new Manager(shared) });
    }
  }

  async getAccessToken(): Promise<string> {
    return this.tokenProvider.getAccessToken();
  }

  getClientInfo(): LegacyClientInfo {
    return legacyClientInfo();
  }
}

type AnyManagers = Readonly<Record<string, Readonly<Record<string, (...args: unknown[]) => unknown>>>>;

for (const alias of Object.keys(aliases) as Alias[]) {
  const [manager, method] = aliases[alias];
  const { [alias]: value } = {
    [alias](this: AnyManagers, ...args: unknown[]) {
      return this[manager]?.[method]?.(...args);
    },
  };
  Object.defineProperty(Client.prototype, alias, { value, configurable: true, writable: true });
}
Object.defineProperty(Client, 'name', { value: 'ManagementClient' });

// The class has the methods that its type says: both are made from the same two tables.
export const ManagementClient = Client as unknown as new <IsWithHeaders extends boolean = false>(
  options: ManagementClientOptions<IsWithHeaders>,
) => ManagementClient<IsWithHeaders>;
