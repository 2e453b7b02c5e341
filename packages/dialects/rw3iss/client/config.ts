/** The options of a client, judged and completed. */

import type { Ports } from './ports.ts';
import { FetchTransport } from './transport.ts';
import { channelOf, consoleLogger, defaultStorage, tokenStoreOf, webCrypto } from './web.ts';

export type BootstrapMode = 'auto' | 'lazy' | 'offline';

export interface AuthClientConfig {
  /** Where the server's API is, e.g. `https://id.example.com/rw3iss/api/v1`. */
  readonly apiBaseUrl: string;
  /** The app that sign-ins and registrations are for. */
  readonly appCode?: string | undefined;
  /** Prefix of everything that is stored; `rw3iss_auth` if not given. */
  readonly storageNamespace?: string | undefined;
  /** Seconds before its end at which an access token is renewed; 60 if not given. */
  readonly refreshLeewaySeconds?: number | undefined;
  /** Whether requests carry the access token; true if not given. */
  readonly attachAuthHeader?: boolean | undefined;
  /** Whether clients with the same store sign in and out together; true if not given. */
  readonly enableCrossTabSync?: boolean | undefined;
  /**
   * `auto`: asks the server who the stored tokens are; `lazy`: believes them; `offline`: never sends anything.
   * `auto` if not given.
   */
  readonly bootstrap?: BootstrapMode | undefined;
  /** Whether `whoami`, `getMyOrgs` and `authenticatedRequest` renew the token on a 401; true if not given. */
  readonly autoRetryOn401?: boolean | undefined;
  /** Whether the token is renewed in the background; true if not given. */
  readonly autoRefresh?: boolean | undefined;
  /** Signs out after so many milliseconds without the user; 0, which is never, if not given. Browsers only. */
  readonly idleTimeoutMs?: number | undefined;
  readonly ports?: { readonly [K in keyof Ports]?: Ports[K] | undefined } | undefined;
}

const modes: readonly unknown[] = ['auto', 'lazy', 'offline', undefined];

/** @throws Error that names the option */
const judge = (config: AuthClientConfig): void => {
  const { apiBaseUrl, bootstrap } = config ?? {};
  if (typeof apiBaseUrl !== 'string' || !apiBaseUrl) throw new Error('createAuthClient: apiBaseUrl is required');
  if (!modes.includes(bootstrap)) throw new Error('createAuthClient: bootstrap is "auto", "lazy" or "offline"');
  for (const name of ['refreshLeewaySeconds', 'idleTimeoutMs'] as const) {
    const value = config[name] ?? 0;
    if (!(Number.isFinite(value) && value >= 0)) throw new Error(`createAuthClient: ${name} is a number from 0`);
  }
};

/** @throws Error that names what is missing or wrong */
export const settingsOf = (config: AuthClientConfig) => {
  judge(config);
  const { storageNamespace: namespace = 'rw3iss_auth', ports = {} } = config;
  const apiBaseUrl = config.apiBaseUrl.replace(/\/+$/, '');
  const { tokenStore, group, storageKey } = tokenStoreOf(ports.tokenStore, namespace, apiBaseUrl);
  const transport = () =>
    new FetchTransport({
      tokenProvider: async () => (await tokenStore.get())?.access_token ?? null,
      attachAuthHeader: config.attachAuthHeader,
    });
  return {
    apiBaseUrl,
    appCode: config.appCode,
    leeway: config.refreshLeewaySeconds ?? 60,
    bootstrap: config.bootstrap ?? 'auto',
    isOffline: config.bootstrap === 'offline',
    isRetrying: config.autoRetryOn401 ?? true,
    isScheduled: config.autoRefresh ?? true,
    idleTimeoutMs: config.idleTimeoutMs ?? 0,
    group,
    tokenStore,
    transport: ports.transport ?? transport(),
    storage: ports.storage ?? defaultStorage(namespace),
    clock: ports.clock ?? { nowSeconds: () => Math.floor(Date.now() / 1000) },
    crypto: ports.crypto ?? webCrypto,
    logger: ports.logger ?? consoleLogger,
    broadcast: config.enableCrossTabSync === false ? undefined : (ports.broadcast ?? channelOf(group, storageKey)),
  };
};

export type Settings = ReturnType<typeof settingsOf>;
