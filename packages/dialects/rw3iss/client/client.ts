/** Makes a client: its ports, its session, and the modules on top of them. */
import { bootstrap } from './bootstrap.ts';
import { type AuthClientConfig, settingsOf } from './config.ts';
import { type AuthEventHandler, type AuthEventType, type AuthStatus, Listeners, type Snapshot } from './events.ts';
import { watchIdle } from './idle.ts';
import type { SsoProvider } from './models.ts';
import { type AccountModule, accountOf } from './modules/account.ts';
import { type AppsModule, appsOf, type ServicesModule, servicesOf } from './modules/apps.ts';
import { type AuditModule, auditOf, type SessionsModule, sessionsOf } from './modules/audit.ts';
import { type AuthModule, authOf, leave, type Parts } from './modules/auth.ts';
import { type OrganizationsModule, organizationsOf } from './modules/organizations.ts';
import { type PoolsModule, poolsOf } from './modules/pools.ts';
import { type UsersModule, usersOf } from './modules/users.ts';
import type { TransportRequest, TransportResponse } from './ports.ts';
import { Renewal } from './renewal.ts';
import { Session } from './session.ts';
import { listIn, Wire } from './wire.ts';

export interface AuthClient {
  readonly auth: AuthModule;
  readonly account: AccountModule;
  readonly sessions: SessionsModule;
  readonly users: UsersModule;
  readonly organizations: OrganizationsModule;
  readonly apps: AppsModule;
  readonly services: ServicesModule;
  readonly pools: PoolsModule;
  readonly audit: AuditModule;

  /** Resolves when it is settled who is signed in. Never rejects. */
  ready(): Promise<Snapshot>;
  isReady(): boolean;
  getStatus(): AuthStatus;
  /** The same object until something changes. */
  getSnapshot(): Snapshot;
  /** Tells of each change of the snapshot; returns what ends it. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
  /** Returns what ends it. */
  on<T extends AuthEventType>(type: T, handler: AuthEventHandler<T>): () => void;
  off<T extends AuthEventType>(type: T, handler: AuthEventHandler<T>): void;
  isOfflineMode(): boolean;
  /**
   * Sends a request of your own with the token of the session, renews it on a 401 and sends once more. Resolves with the
   * answer, whatever its status. A `url` that begins with `/` is one below `apiBaseUrl`.
   */
  authenticatedRequest<T = unknown>(request: TransportRequest): Promise<TransportResponse<T>>;
  /** The providers to sign in with; none if they cannot be asked for. */
  getSsoProviders(): Promise<SsoProvider[]>;
  /** Ends timers, listeners and the channel to other clients. The tokens stay where they are. */
  destroy(): void;
}

const providersOf = async ({ wire, settings }: Parts): Promise<SsoProvider[]> => {
  try {
    const body = await wire.call('GET', '/auth/sso/providers', undefined, { skipAuth: true });
    return listIn<SsoProvider>(body, 'providers').map((provider) => ({
      ...provider,
      name: provider.name.toLowerCase(),
    }));
  } catch (error) {
    settings.logger.warn('the providers are not known', { error });
    return [];
  }
};

const modulesOf = (parts: Parts) => ({
  auth: authOf(parts),
  account: accountOf(parts),
  sessions: sessionsOf(parts),
  users: usersOf(parts),
  organizations: organizationsOf(parts),
  apps: appsOf(parts),
  services: servicesOf(parts),
  pools: poolsOf(parts),
  audit: auditOf(parts),
});

/**
 * Makes a client and begins to settle who is signed in. Without ports it keeps the tokens in memory under Node.js, in
 * `localStorage` in a browser; in neither does it keep a process alive.
 *
 * @example
 * const client = createAuthClient({ apiBaseUrl: 'https://id.example.com/rw3iss/api/v1', appCode: 'console' });
 * await client.auth.login({ email, password });
 * const { users } = await client.users.list({ search: 'ann' });
 *
 * @throws Error that names the option that is missing or wrong
 */
export const createAuthClient = (config: AuthClientConfig): AuthClient => {
  const settings = settingsOf(config);
  const listeners = new Listeners(settings.logger);
  const wire = new Wire(settings);
  const session = new Session(settings, listeners);
  const renewal = new Renewal(session, wire, listeners, settings);
  const parts: Parts = { settings, wire, session, renewal, listeners };
  const isSettled = bootstrap(settings.bootstrap, parts);
  const stopWatching = watchIdle(settings.idleTimeoutMs, () => {
    if (!session.isAuthenticated) return;
    leave(parts, 'idle_timeout').catch((error: unknown) => settings.logger.error('the idle user is here', { error }));
  });
  return {
    ...modulesOf(parts),
    ready: async () => {
      await isSettled;
      return session.snapshot;
    },
    isReady: () => session.snapshot.ready,
    getStatus: () => session.snapshot.status,
    getSnapshot: () => session.snapshot,
    subscribe: (listener) => listeners.add('snapshot', listener),
    on: (type, handler) => listeners.add(type, handler),
    off: (type, handler) => listeners.remove(type, handler),
    isOfflineMode: () => settings.isOffline,
    authenticatedRequest: async <T>(request: TransportRequest) => (await renewal.send(request)) as TransportResponse<T>,
    getSsoProviders: () => providersOf(parts),
    destroy() {
      renewal.stop();
      stopWatching();
      session.detach();
      listeners.clear();
    },
  };
};
