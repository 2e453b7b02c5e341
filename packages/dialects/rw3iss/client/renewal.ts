/**
 * New pairs for old: when, by whom, and what becomes of a refusal. A refresh token is single-use and a second use ends
 * the session at the server, so this owns the invariant that no refresh token is sent again once it was answered:
 * refreshes run one at a time, also among tabs where the runtime has locks, and who comes late with the old token gets
 * the new one. Where the answer was lost, the next refresh sends the token again: whether the server had it, only the
 * server knows.
 *
 * A browser lets a tab read old tokens for a moment after another has written new ones, whoever has the lock. So all that
 * read a pair there exchange it under one idempotency key, and the server answers all of them the same.
 *
 * A refusal ends the session, whoever asked: on a 401, in the background or by a call. One of another organization or app
 * does so only if it is of the token itself (401). A failure on the way (5xx, 429, no connection, an answer that holds no
 * pair) ends nothing, nor does a 409, which says that the first request under the key has not ended: the pair may still
 * be good.
 */
import { isPassing } from '@reeve/sdk/runtime';
import { AuthError } from './errors.ts';
import type { Listeners } from './events.ts';
import type { TokenPair } from './models.ts';
import type { Clock, Logger, StoredTokens, TransportRequest, TransportResponse } from './ports.ts';
import type { Session } from './session.ts';
import { exclusively } from './web.ts';
import type { Wire } from './wire.ts';

export interface RefreshOptions {
  readonly organizationId?: string | undefined;
  readonly appCode?: string | undefined;
}

export interface RenewalSettings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Seconds before its end at which a pair is renewed. */
  readonly leeway: number;
  readonly isScheduled: boolean;
  readonly isRetrying: boolean;
  /** Those who share the store. */
  readonly group: string | undefined;
}

/** What the end of a session is told as. */
type Ending = 'session_expired' | 'token_revoked';

const SHORTEST_MS = 1000;
const LONGEST_MS = 6 * 60 * 60 * 1000;
/** After a failure on the way, doubled on each further one. */
const RETRY_MS = 5000;
const LONGEST_RETRY_MS = 5 * 60 * 1000;
/** Their 401 says nothing about the access token. */
const isUnrenewable = (url: string): boolean => /\/auth\/(refresh|logout)([?#]|$)/.test(url);

/** The server said no for good, as opposed to nothing or “not now”. */
const isFinal = (error: unknown, { organizationId, appCode }: RefreshOptions): boolean => {
  const status = error instanceof AuthError ? (error.status ?? 0) : 0;
  if ((organizationId ?? appCode) !== undefined) return status === 401;
  return status >= 400 && status !== 409 && !isPassing(status);
};

export class Renewal {
  readonly #session: Session;
  readonly #wire: Wire;
  readonly #listeners: Listeners;
  readonly #settings: RenewalSettings;
  #flight: { readonly key: string; readonly pair: Promise<TokenPair> } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #isStopped = false;

  constructor(session: Session, wire: Wire, listeners: Listeners, settings: RenewalSettings) {
    this.#session = session;
    this.#wire = wire;
    this.#listeners = listeners;
    this.#settings = settings;
    session.onTokens = (tokens) => this.schedule(tokens);
  }

  /** A new pair, whatever the age of the present one. `ending`: what a refusal is told as. */
  refresh(options: RefreshOptions = {}, ending: Ending = 'session_expired'): Promise<TokenPair> {
    return this.#alone(JSON.stringify([options.organizationId, options.appCode]), () => this.#rotate(options, ending));
  }

  /** A newer pair than the one of this access token: a new one, or what somebody else has fetched meanwhile. */
  renew(usedAccessToken: string): Promise<TokenPair> {
    return this.#alone('[null,null]', async () => {
      const stored = await this.#session.stored();
      if (!stored || stored.access_token === usedAccessToken) return this.#rotate({}, 'session_expired');
      await this.#session.reload();
      return this.#pairOf(stored);
    });
  }

  /** The access token, renewed if it is about to end; null if there is none. */
  async accessToken(): Promise<string | null> {
    const stored = await this.#session.stored();
    if (!stored) return null;
    if (!this.isEnding(stored)) return stored.access_token;
    try {
      return (await this.renew(stored.access_token)).access_token;
    } catch (error) {
      this.#settings.logger.warn('the access token was not renewed', { error });
      return null;
    }
  }

  isEnding({ expires_at_seconds }: StoredTokens): boolean {
    return expires_at_seconds - this.#settings.leeway <= this.#settings.clock.nowSeconds();
  }

  /** Sends with the stored token; on a 401 renews it and sends once more. A failed renewal leaves the first answer. */
  async send(request: TransportRequest): Promise<TransportResponse> {
    const stored = await this.#session.stored();
    const first = await this.#wire.request(request);
    if (first.status !== 401 || !this.#settings.isRetrying || !stored || isUnrenewable(request.url)) return first;
    try {
      await this.renew(stored.access_token);
    } catch (error) {
      this.#settings.logger.warn('the session was not renewed', { error });
      return first;
    }
    return this.#wire.request(request);
  }

  /** Plans the next renewal; null: none. */
  schedule(tokens: StoredTokens | null): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#failures = 0;
    if (!tokens || !this.#settings.isScheduled) return;
    const { clock, leeway } = this.#settings;
    const left = (tokens.expires_at_seconds - leeway - clock.nowSeconds()) * 1000;
    this.#plan(tokens.access_token, Math.min(LONGEST_MS, Math.max(SHORTEST_MS, left)));
  }

  /** Waits for a renewal that is on its way, whatever becomes of it. */
  async settled(): Promise<void> {
    await this.#flight?.pair.catch(() => {});
  }

  /** Plans nothing any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #plan(accessToken: string, delay: number): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renewInBackground(accessToken), delay);
    // Node.js alone has it: nothing there should wait for a token that nobody uses.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  async #renewInBackground(accessToken: string): Promise<void> {
    const { identity } = this.#session;
    try {
      await this.renew(accessToken);
    } catch (error) {
      // A refusal is told by the end of the session.
      if (identity !== this.#session.identity) return;
      this.#settings.logger.warn('the session was not renewed', { error });
      this.#listeners.emit('error', { error });
      this.#plan(accessToken, Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** this.#failures++));
    }
  }

  /** Joins the flight of the same wish; waits for that of another. */
  #alone(key: string, work: () => Promise<TokenPair>): Promise<TokenPair> {
    const before = this.#flight;
    if (before?.key === key) return before.pair;
    const run = () => exclusively(this.#settings.group, work);
    const pair = before ? before.pair.then(run, run) : run();
    const flight = { key, pair };
    this.#flight = flight;
    const land = () => {
      if (this.#flight === flight) this.#flight = undefined;
    };
    pair.then(land, land);
    return pair;
  }

  async #rotate(options: RefreshOptions, ending: Ending): Promise<TokenPair> {
    const { identity } = this.#session;
    const stored = await this.#session.stored();
    if (!stored) throw new Error('not signed in');
    const pair = await this.#exchange(stored, options).catch(async (error: unknown) => {
      if (isFinal(error, options) && identity === this.#session.identity) await this.#giveUp(stored, ending);
      throw error;
    });
    if (identity !== this.#session.identity) throw new Error('somebody else signed in, or out, during the refresh');
    await this.#session.renew(pair, stored);
    return pair;
  }

  async #exchange(
    { refresh_token, renewal_key }: StoredTokens,
    { organizationId, appCode }: RefreshOptions,
  ): Promise<TokenPair> {
    const body = { refresh_token, organization_id: organizationId, app_code: appCode };
    const isPlain = (organizationId ?? appCode) === undefined;
    const headers = isPlain && renewal_key ? { headers: { 'idempotency-key': renewal_key } } : {};
    const options = { skipAuth: true, isRepeatable: false, ...headers };
    const answer = await this.#wire.post<Partial<TokenPair> & { tokens?: TokenPair }>('/auth/refresh', body, options);
    // The upstream server answers with the bare pair.
    const pair = answer?.tokens ?? (answer as TokenPair | undefined);
    if (pair?.access_token && pair.refresh_token) return pair;
    throw new AuthError('the refresh answered with no tokens', { status: 200 });
  }

  /** Ends the session of a pair that was refused, unless another client has put the next one into the store. */
  async #giveUp(refused: StoredTokens, ending: Ending): Promise<void> {
    const stored = await this.#session.stored();
    if (stored && stored.refresh_token !== refused.refresh_token) await this.#session.reload();
    else await this.#session.end(ending);
  }

  #pairOf({ access_token, refresh_token, expires_at_seconds }: StoredTokens): TokenPair {
    return {
      access_token,
      refresh_token,
      token_type: 'Bearer',
      expires_in: expires_at_seconds - this.#settings.clock.nowSeconds(),
      expires_at: new Date(expires_at_seconds * 1000).toISOString(),
    };
  }
}
