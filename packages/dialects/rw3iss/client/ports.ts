/**
 * What the client needs of its surroundings, each replaceable. Without any, it has what the runtime offers: memory in
 * Node.js, `localStorage` and a channel between tabs in a browser.
 */

/** What is kept of a pair of tokens. */
export interface StoredTokens {
  readonly access_token: string;
  readonly refresh_token: string;
  /** Seconds since 1970. */
  readonly expires_at_seconds: number;
  /** In a browser: the idempotency key under which whoever shares the store exchanges this pair for the next. */
  readonly renewal_key?: string | undefined;
}

/** Where the tokens are between two calls. */
export interface TokenStore {
  get(): Promise<StoredTokens | null>;
  set(tokens: StoredTokens): Promise<void>;
  clear(): Promise<void>;
}

/** Short texts that have to outlive a redirect: what a sign-in elsewhere has to be completed with. */
export interface Storage {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
}

export interface TransportRequest {
  readonly method: string;
  /** Whole, or a path below `apiBaseUrl` that begins with `/`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON, unless it is a text, a `FormData` or a `Blob`. */
  readonly body?: unknown;
  /** Sends no bearer. */
  readonly skipAuth?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether a second arrival changes nothing more. Not given: true for GET, HEAD, OPTIONS, PUT and DELETE. */
  readonly isRepeatable?: boolean | undefined;
}

/** Headers by their names in lower case, or a `Headers`. */
export type AnswerHeaders = Readonly<Record<string, string>> | { get(name: string): string | null };

export interface TransportResponse<T = unknown> {
  readonly status: number;
  /** `status` is 200 to 299. */
  readonly ok: boolean;
  /** Parsed JSON; a text where the content type is another; undefined where there is none. */
  readonly body: T;
  readonly headers: AnswerHeaders;
}

/** Sends one request. Refusals are answers; it rejects only where none arrived. */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
}

export interface Clock {
  /** Seconds since 1970. */
  nowSeconds(): number;
}

export interface Crypto {
  randomBytes(length: number): Uint8Array;
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What clients with the same store tell each other. */
export interface BroadcastMessage {
  readonly type: 'authenticated' | 'token_refreshed' | 'logged_out';
  readonly user_id?: string | undefined;
}

export interface Broadcast {
  publish(message: BroadcastMessage): void;
  /** Returns what ends it. */
  subscribe(listener: (message: BroadcastMessage) => void): () => void;
  close(): void;
}

export interface Ports {
  readonly tokenStore: TokenStore;
  readonly transport: Transport;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly logger: Logger;
  readonly broadcast: Broadcast;
}
