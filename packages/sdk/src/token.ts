/**
 * Where the bearer comes from. Owns two invariants: a token is used while its expiry is more than 60 s away and never
 * later, and at most one token request is under way, however many calls wait for it.
 */
import type { Transport } from './transport.ts';

/** A source of bearers. */
export interface TokenSource {
  /** The token at hand, if it is usable: spares the ordinary call a turn of the event loop. */
  ready(): string | undefined;
  /** A usable token. */
  get(): Promise<string>;
  /** A token instead of one that was answered 401; undefined if there is no other. */
  renew(refused: string): Promise<string | undefined>;
  /** Fetches a token whether or not one is at hand. */
  refresh(): Promise<void>;
  /** Forgets the token. */
  clear(): Promise<void>;
}

/** What a token cache keeps. `expires_at` is in epoch milliseconds. */
export interface CachedToken {
  readonly access_token: string;
  readonly expires_at: number;
}

/** A place outside the process (Redis, a file) where several clients share a token. What it throws counts as a miss. */
export interface TokenCache {
  get(key: string): CachedToken | null | undefined | Promise<CachedToken | null | undefined>;
  set(key: string, token: CachedToken): unknown;
  delete(key: string): unknown;
}

/** A machine-to-machine application (RFC 6749 §4.4). */
export interface ClientCredentials {
  readonly tenantUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly audience: string;
  readonly scope: string;
  readonly headers: Record<string, string>;
}

/** A token is not begun with in its last minute (ms). */
const LEEWAY = 60_000;
/** A server that states no lifetime: keep the token until it is refused. */
const UNSTATED = 3_153_600_000;

const isUsable = (token: CachedToken | null | undefined): token is CachedToken =>
  typeof token?.access_token === 'string' && token.expires_at - Date.now() > LEEWAY;

export class CredentialsTokens implements TokenSource {
  readonly #transport: Transport;
  readonly #credentials: ClientCredentials;
  readonly #cache: TokenCache | undefined;
  readonly #key: string;
  #token: CachedToken | undefined;
  #refused: string | undefined;
  #loading: Promise<string> | undefined;
  #asking: Promise<string> | undefined;

  constructor(transport: Transport, credentials: ClientCredentials, cache: TokenCache | undefined) {
    const { tenantUrl, clientId, audience, scope } = credentials;
    this.#transport = transport;
    this.#credentials = credentials;
    this.#cache = cache;
    this.#key = `reeve:${JSON.stringify([tenantUrl, clientId, audience, scope])}`;
  }

  ready(): string | undefined {
    return isUsable(this.#token) ? this.#token.access_token : undefined;
  }

  async get(): Promise<string> {
    const token = this.ready();
    if (token !== undefined) return token;
    if (!this.#cache) return this.#ask();
    const loading = this.#loading ?? this.#load(this.#cache);
    this.#loading = loading;
    try {
      return await loading;
    } finally {
      if (this.#loading === loading) this.#loading = undefined;
    }
  }

  async renew(refused: string): Promise<string> {
    if (this.#token?.access_token === refused) this.#token = undefined;
    this.#refused = refused;
    return this.get();
  }

  async refresh(): Promise<void> {
    await this.#ask();
  }

  async clear(): Promise<void> {
    this.#token = undefined;
    this.#loading = undefined;
    this.#asking = undefined;
    try {
      await this.#cache?.delete(this.#key);
    } catch {}
  }

  async #load(cache: TokenCache): Promise<string> {
    try {
      const token = await cache.get(this.#key);
      if (isUsable(token) && token.access_token !== this.#refused) {
        this.#token = token;
        return token.access_token;
      }
    } catch {}
    return this.#ask();
  }

  #ask(): Promise<string> {
    if (this.#asking) return this.#asking;
    const asking: Promise<string> = this.#request().then(
      async (token) => {
        // Cleared in the meantime: whoever waited gets the token, nobody else does.
        if (this.#asking !== asking) return token.access_token;
        this.#asking = undefined;
        this.#token = token;
        try {
          await this.#cache?.set(this.#key, token);
        } catch {}
        return token.access_token;
      },
      (error) => {
        if (this.#asking === asking) this.#asking = undefined;
        throw error;
      },
    );
    this.#asking = asking;
    return asking;
  }

  async #request(): Promise<CachedToken> {
    const { tenantUrl, clientId, clientSecret, audience, scope, headers } = this.#credentials;
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, audience });
    form.set('client_secret', clientSecret);
    if (scope) form.set('scope', scope);
    const askedAt = Date.now();
    const answer = await this.#transport.send(
      {
        operation: 'token',
        method: 'POST',
        url: `${tenantUrl}/oauth/token`,
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
        answer: 'json',
      },
      null,
    );
    const { access_token, expires_in } = answer.data as { access_token?: unknown; expires_in?: unknown };
    if (typeof access_token !== 'string' || !access_token) {
      const fields = { status: answer.status, code: 'unexpected_answer', request_id: answer.request_id };
      throw this.#transport.error('token', 'The answer holds no access_token', fields);
    }
    const lifetime = Number(expires_in);
    return { access_token, expires_at: askedAt + (lifetime > 0 ? lifetime * 1000 : UNSTATED) };
  }
}

/** A token that the caller has, or a function that gives one. The function is asked for each call and keeps its own cache. */
export class GivenToken implements TokenSource {
  readonly #give: string | (() => string | Promise<string>);

  constructor(give: string | (() => string | Promise<string>)) {
    this.#give = give;
  }

  ready(): string | undefined {
    return typeof this.#give === 'string' ? this.#give : undefined;
  }

  async get(): Promise<string> {
    return typeof this.#give === 'string' ? this.#give : this.#give();
  }

  async renew(refused: string): Promise<string | undefined> {
    const token = await this.get();
    return token === refused ? undefined : token;
  }

  async refresh(): Promise<void> {}

  async clear(): Promise<void> {}
}
