/**
 * Who is signed in: the pair in the store, the claims that were read from it, and the status that follows. Owns two
 * invariants: the status never says more than the store holds, and what began under one identity (a refresh, a list)
 * never writes into the next one's, because each identity has a number of its own.
 */
import { type AccessTokenClaims, claimsOf } from './claims.ts';
import type { AuthStatus, Listeners, LogoutReason, Snapshot } from './events.ts';
import type { TokenPair, User } from './models.ts';
import type { Broadcast, Clock, Logger, StoredTokens, TokenStore } from './ports.ts';
import { keyInPages } from './web.ts';

/** The next one follows from the last, so that tabs which were answered the same pair go on with the same key. */
const renewalKeyAfter = (last: string | undefined): string | undefined => {
  const [secret = keyInPages(), count = '-1'] = last?.split('.') ?? [];
  return secret && `${secret}.${Number(count) + 1}`;
};

export interface SessionSettings {
  readonly tokenStore: TokenStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly broadcast: Broadcast | undefined;
  readonly isOffline: boolean;
}

export class Session {
  readonly #settings: SessionSettings;
  readonly #listeners: Listeners;
  #broadcast: Broadcast | undefined;
  #claims: AccessTokenClaims | null = null;
  /** The access token that the claims are of. */
  #loaded: string | undefined;
  #snapshot: Snapshot;
  #identity = 0;
  #written: Promise<unknown> = Promise.resolve();
  /** Told of each pair that is kept, and of null when there is none any more. */
  onTokens: (tokens: StoredTokens | null) => void = () => {};

  constructor(settings: SessionSettings, listeners: Listeners) {
    this.#settings = settings;
    this.#listeners = listeners;
    const status = settings.isOffline ? 'offline' : 'bootstrapping';
    this.#snapshot = {
      status,
      ready: settings.isOffline,
      user: null,
      claims: null,
      isImpersonating: false,
      error: null,
    };
    this.#broadcast = settings.broadcast;
    this.#broadcast?.subscribe((message) => {
      if (!this.#broadcast) return;
      const work = message?.type === 'logged_out' ? this.#followOut() : this.reload();
      work.catch((error: unknown) => settings.logger.error('another client was not followed', { error }));
    });
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get claims(): AccessTokenClaims | null {
    return this.#claims;
  }

  /** Changes whenever somebody else, or nobody, is signed in. */
  get identity(): number {
    return this.#identity;
  }

  get isAuthenticated(): boolean {
    return this.#claims !== null && this.#claims.exp > this.#settings.clock.nowSeconds();
  }

  stored(): Promise<StoredTokens | null> {
    return this.#settings.tokenStore.get();
  }

  /** Signs in, if the answer is a sign-in; one without user or tokens changes nothing. */
  async begin(answer: { readonly user?: User; readonly tokens?: TokenPair } | undefined): Promise<void> {
    const { user, tokens } = answer ?? {};
    if (!user || !tokens) return;
    this.#identity++;
    if (!(await this.#keep(tokens, renewalKeyAfter(undefined)))) return;
    this.#listeners.emit('authenticated', { user, tokens });
    this.#broadcast?.publish({ type: 'authenticated', user_id: user.id });
  }

  /** Another pair for who is signed in, in place of `before`. */
  async renew(tokens: TokenPair, before: StoredTokens): Promise<void> {
    if (!(await this.#keep(tokens, renewalKeyAfter(before.renewal_key)))) return;
    this.#listeners.emit('token_refreshed', { tokens });
    this.#broadcast?.publish({ type: 'token_refreshed', user_id: this.#claims?.uid });
  }

  /** Forgets who is signed in. */
  async end(reason: Exclude<LogoutReason, 'cross_tab_sync'>): Promise<void> {
    const identity = ++this.#identity;
    this.onTokens(null);
    await this.#write((store) => store.clear());
    if (identity !== this.#identity) return;
    this.#forget(reason);
    if (reason === 'session_expired') this.#listeners.emit('session_expired', {});
    this.#broadcast?.publish({ type: 'logged_out' });
  }

  /** Takes over what another client with the same store has put there. */
  async reload(): Promise<StoredTokens | null> {
    const identity = this.#identity;
    const stored = await this.stored();
    if (!stored || identity !== this.#identity) return stored;
    // Told twice, by the channel and by the storage.
    if (stored.access_token === this.#loaded && this.#snapshot.status === 'authenticated') return stored;
    const { uid } = this.#claims ?? {};
    this.load(stored);
    if (this.#claims?.uid !== uid) this.#identity++;
    this.onTokens(stored);
    this.change(this.isAuthenticated ? 'authenticated' : 'anonymous');
    return stored;
  }

  /** Reads the claims of a pair that is in the store already. */
  load({ access_token }: StoredTokens): void {
    this.#claims = claimsOf(access_token);
    this.#loaded = access_token;
  }

  /** Sets the status, and tells those who listen if there is something to tell. */
  change(status: AuthStatus, error: unknown = null): void {
    const claims = this.#claims;
    const { status: previous } = this.#snapshot;
    this.#snapshot = {
      status,
      ready: this.#snapshot.ready || status !== 'bootstrapping',
      user: claims && { id: claims.uid, email: claims.email },
      claims,
      isImpersonating: claims?.imp_uid !== undefined,
      error,
    };
    this.#listeners.changed(this.#snapshot);
    if (status !== previous) this.#listeners.emit('status_changed', { status, previous });
  }

  /** Hears and tells other clients nothing any more. */
  detach(): void {
    this.#broadcast?.close();
    this.#broadcast = undefined;
  }

  /** Another client signed out. The store is that client's to clear: by now it may hold the next sign-in. */
  async #followOut(): Promise<void> {
    // A sign-in of this client may be on its way into the store.
    await this.#written.catch(() => {});
    const identity = this.#identity;
    if ((await this.reload()) || identity !== this.#identity) return;
    this.#identity++;
    this.onTokens(null);
    this.#forget('cross_tab_sync');
  }

  #forget(reason: LogoutReason): void {
    this.#claims = null;
    this.#loaded = undefined;
    this.change(this.#settings.isOffline ? 'offline' : 'anonymous');
    this.#listeners.emit('logged_out', { reason });
  }

  /** False if somebody else signed in, or this one out, meanwhile. */
  async #keep(tokens: TokenPair, renewalKey: string | undefined): Promise<boolean> {
    const identity = this.#identity;
    const kept = this.#storedOf(tokens);
    const stored = renewalKey === undefined ? kept : { ...kept, renewal_key: renewalKey };
    await this.#write((store) => store.set(stored));
    if (identity !== this.#identity) return false;
    this.load(stored);
    this.onTokens(stored);
    this.change('authenticated');
    return true;
  }

  /** One after another: a slow `set` must not end after the `clear` that follows it. */
  #write(work: (store: TokenStore) => Promise<void>): Promise<void> {
    const run = () => work(this.#settings.tokenStore);
    const done = this.#written.then(run, run);
    this.#written = done;
    return done;
  }

  #storedOf({ access_token, refresh_token, expires_at, expires_in }: TokenPair): StoredTokens {
    const expiresAt = Math.floor(Date.parse(expires_at) / 1000);
    const fallback = this.#settings.clock.nowSeconds() + (expires_in ?? 0);
    return { access_token, refresh_token, expires_at_seconds: Number.isNaN(expiresAt) ? fallback : expiresAt };
  }
}
