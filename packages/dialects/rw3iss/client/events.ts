/** What a client tells those who listen. Told at once and in order; what a listener throws changes nothing. */
import type { AccessTokenClaims } from './claims.ts';
import type { TokenPair, User } from './models.ts';
import type { Logger } from './ports.ts';

export type AuthStatus = 'bootstrapping' | 'authenticated' | 'anonymous' | 'offline';

export type LogoutReason = 'user_initiated' | 'session_expired' | 'token_revoked' | 'cross_tab_sync' | 'idle_timeout';

/** What is known without asking; the same object until something changes. */
export interface Snapshot {
  readonly status: AuthStatus;
  /** Whether it is settled who is signed in. */
  readonly ready: boolean;
  readonly user: { readonly id: string; readonly email: string } | null;
  readonly claims: AccessTokenClaims | null;
  readonly isImpersonating: boolean;
  /** What kept the client from settling who is signed in. */
  readonly error: unknown;
}

/** What each event carries. */
export interface AuthEvents {
  /** Somebody signed in; after `users.impersonate`, the target. */
  authenticated: { readonly user: User; readonly tokens: TokenPair };
  logged_out: { readonly reason: LogoutReason };
  token_refreshed: { readonly tokens: TokenPair };
  requires_two_factor: { readonly email: string };
  session_expired: Record<never, never>;
  status_changed: { readonly status: AuthStatus; readonly previous: AuthStatus };
  org_switched: { readonly organizationId: string; readonly tokens: TokenPair };
  /** What happened in the background; who called is told by a rejection instead. */
  error: { readonly error: unknown };
}
export type AuthEventType = keyof AuthEvents;
export type AuthEvent<T extends AuthEventType = AuthEventType> = {
  [K in T]: { readonly type: K } & AuthEvents[K];
}[T];
export type AuthEventHandler<T extends AuthEventType = AuthEventType> = (event: AuthEvent<T>) => void;

type Listener = (fact: never) => void;

export class Listeners {
  readonly #logger: Logger;
  readonly #byType = new Map<AuthEventType | 'snapshot', Set<Listener>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Returns what ends it. */
  add(type: AuthEventType | 'snapshot', listener: Listener): () => void {
    const listeners = this.#byType.get(type) ?? new Set();
    this.#byType.set(type, listeners.add(listener));
    return () => this.remove(type, listener);
  }

  remove(type: AuthEventType | 'snapshot', listener: Listener): void {
    this.#byType.get(type)?.delete(listener);
  }

  emit<T extends AuthEventType>(type: T, fact: AuthEvents[T]): void {
    this.#tell(type, { type, ...fact });
  }

  changed(snapshot: Snapshot): void {
    this.#tell('snapshot', snapshot);
  }

  clear(): void {
    this.#byType.clear();
  }

  #tell(type: AuthEventType | 'snapshot', fact: unknown): void {
    for (const listener of [...(this.#byType.get(type) ?? [])]) {
      try {
        (listener as (fact: unknown) => void)(fact);
      } catch (error) {
        this.#logger.error(`a listener of ${type} failed`, { error });
      }
    }
  }
}
