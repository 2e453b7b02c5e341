/**
 * Sends one request until it is answered: limits, retries, the replay after a 401, and the translation of everything
 * that can go wrong into one error class. Owns two invariants: the bearer goes to the tenant's own origin and nowhere
 * else (redirects are refused, hooks and errors never see it), and a request body that cannot be repeated is never
 * sent twice.
 */
import { cleanCause, type ErrorClass, type ErrorFields, type ReeveError, recordOf, refusalOf, scrub } from './error.ts';
import { Limit, sleep } from './limit.ts';
import { hintOf, pauseBefore, type RetryOptions } from './retry.ts';
import type { TokenSource } from './token.ts';
import type { Fetch, FetchAnswer, FetchHeaders, LimitedInit } from './wire.ts';

/** What a hook is told: never headers or bodies, which hold secrets. */
export interface HookRequest {
  /** `users.get`, …; `token` for the client's own token requests. */
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  /** From 1. */
  readonly attempt: number;
}
export interface HookResponse extends HookRequest {
  readonly status: number;
  readonly request_id: string | null;
  readonly duration_ms: number;
}
export interface HookRetry extends HookRequest {
  readonly error: ReeveError;
  readonly delay_ms: number;
}

/** Observers of every try. What they throw is ignored: watching a call must not change its outcome. */
export interface Hooks {
  onRequest?(request: HookRequest): void;
  onResponse?(response: HookResponse): void;
  onRetry?(retry: HookRetry): void;
}

/** A request body that arrives in pieces. */
export interface StreamedBody {
  /** Makes a stream of the body from its first byte; an earlier stream ends. */
  open(): ReadableStream<Uint8Array>;
  /** Ends the present stream; true if everything that it took is still held, so that another can be opened. */
  rewind(): boolean;
}

export interface WireRequest {
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string | StreamedBody | undefined;
  /** `json`: an object must come back; `nothing`: what comes back is not read; `stream`: the body is left open. */
  readonly answer: 'json' | 'nothing' | 'stream';
  /** The array that a list's answer must hold. */
  readonly items?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Per try (ms); for a stream: of silence. */
  readonly timeout?: number | undefined;
  /** All tries together (ms). */
  readonly deadline?: number | undefined;
}

/** What came back: the data, and what the headers say about it. */
export class Answer<T> {
  readonly data: T;
  readonly status: number;
  readonly headers: FetchHeaders;

  constructor(data: T, status: number, headers: FetchHeaders) {
    this.data = data;
    this.status = status;
    this.headers = headers;
  }

  /** The version of the resource: pass it as `ifMatch` to change only what was read. */
  get etag(): string | null {
    return this.headers.get('etag');
  }

  /** Finds the request in the audit log. */
  get request_id(): string | null {
    return this.headers.get('x-request-id');
  }
}

/** An answer whose body is still arriving. */
export interface OpenAnswer {
  readonly body: ReadableStream<Uint8Array> | null;
  readonly limit: Limit;
  /** Turns what reading the body threw into the client's error. */
  fault(error: unknown): ReeveError;
}

export interface TransportSettings {
  readonly fetch: Fetch | undefined;
  readonly retry: RetryOptions;
  readonly isPassing: (status: number) => boolean;
  readonly timeout: number;
  readonly deadline: number;
  readonly hooks: Hooks;
  readonly secrets: readonly string[];
  readonly ErrorClass: ErrorClass;
}

interface Failure {
  readonly error: ReeveError;
  readonly isPassing: boolean;
  /** How long the server asks to wait (ms). */
  readonly hint?: number | undefined;
}

interface Try extends HookRequest {
  readonly bearer: string | undefined;
  readonly endsAt: number;
}

const IN_PROGRESS = 'idempotency_in_progress';
/** Pause before asking again for an answer that is still being made (ms), where the server names none. */
const UNHINTED_WAIT = 1000;
const runtimeFetch: Fetch = (url, init) => globalThis.fetch(url, init);

export class Transport {
  readonly #settings: TransportSettings;
  readonly #fetch: Fetch;
  readonly #limited: Fetch['limited'];

  constructor(settings: TransportSettings) {
    this.#settings = settings;
    this.#fetch = settings.fetch ?? runtimeFetch;
    this.#limited = this.#fetch.limited;
  }

  get retry(): RetryOptions {
    return this.#settings.retry;
  }

  /** For all tries of a call together (ms). */
  get deadline(): number {
    return this.#settings.deadline;
  }

  /** The client's error, with every secret taken out of its texts. */
  error(operation: string, message: string, fields: ErrorFields, bearer?: string): ReeveError {
    const secrets = [...this.#settings.secrets, bearer];
    const status = fields.status ? `${fields.status} ` : '';
    const { code, request_id, errors } = fields;
    const said = JSON.stringify({ code, request_id, errors });
    const clean = JSON.parse(said, (_key, value) => (typeof value === 'string' ? scrub(value, secrets) : value));
    return new this.#settings.ErrorClass(`${operation}: ${scrub(message, secrets)} (${status}${clean.code})`, {
      ...fields,
      ...clean,
    });
  }

  /** Sends until there is an answer, an error that does not pass, or no time. `tokens` null: without a bearer. */
  async send(request: WireRequest, tokens: TokenSource | null): Promise<Answer<unknown>> {
    const { operation, method, url, signal } = request;
    const endsAt = Date.now() + (request.deadline ?? this.#settings.deadline);
    let renewed: string | undefined;
    let failures = 0;
    for (let attempt = 1; ; attempt++) {
      const bearer = renewed ?? tokens?.ready() ?? (await this.#bearer(request, tokens, endsAt));
      const outcome = await this.#try(request, { operation, method, url, attempt, bearer, endsAt });
      if (outcome instanceof Answer) return outcome;
      const { error } = outcome;
      if (error.status === 401 && tokens && bearer !== undefined && renewed === undefined) {
        renewed = await this.wait(operation, signal, endsAt, () => tokens.renew(bearer));
        if (renewed === undefined || (typeof request.body === 'object' && !request.body.rewind())) throw error;
        continue;
      }
      const isWaiting = error.status === 409 && error.code === IN_PROGRESS;
      if (!isWaiting) failures++;
      const pause = this.#pauseAfter(request, outcome, isWaiting, failures);
      if (pause === undefined || Date.now() + pause >= endsAt) throw error;
      this.#tell('onRetry', { operation, method, url, attempt, error, delay_ms: pause });
      await this.wait(operation, signal, endsAt, (limit) => sleep(pause, limit));
    }
  }

  async #bearer(request: WireRequest, tokens: TokenSource | null, endsAt: number): Promise<string | undefined> {
    return tokens ? this.wait(request.operation, request.signal, endsAt, () => tokens.get()) : undefined;
  }

  /** How long to wait before the next try (ms); undefined: there is none. */
  #pauseAfter(request: WireRequest, failure: Failure, isWaiting: boolean, failures: number): number | undefined {
    const { retry } = this.#settings;
    if (typeof request.body === 'object') return undefined;
    // The first arrival of this very request is still at work: its answer is ours, however long it takes.
    if (isWaiting) return (failure.hint ?? UNHINTED_WAIT) + pauseBefore(1, retry);
    if (!failure.isPassing || failures >= retry.attempts) return undefined;
    return (failure.hint ?? 0) + pauseBefore(failures, retry);
  }

  /** Waits for something other than an answer, under the caller's signal and the deadline. */
  async wait<T>(
    operation: string,
    signal: AbortSignal | undefined,
    endsAt: number,
    work: (limit: Limit) => Promise<T>,
  ): Promise<T> {
    const limit = new Limit(signal, endsAt - Date.now());
    try {
      return await limit.hold(work(limit));
    } catch (error) {
      if (limit.isOver) throw this.#stopped(operation, signal, limit, true);
      if (error instanceof this.#settings.ErrorClass) throw error;
      const fields = { code: 'token_failed', cause: cleanCause(error, this.#settings.secrets) };
      throw this.error(operation, 'The token function failed', fields);
    } finally {
      limit.end();
    }
  }

  async #try(request: WireRequest, attempt: Try): Promise<Answer<unknown> | Failure> {
    const left = attempt.endsAt - Date.now();
    const timeout = request.timeout ?? this.#settings.timeout;
    const limit = new Limit(request.signal, Math.min(timeout, left));
    let isOpen = false;
    try {
      if (limit.isOver) throw limit.reason;
      const { hooks } = this.#settings;
      if (hooks.onRequest) this.#tell('onRequest', factsOf(attempt));
      const startedAt = hooks.onResponse ? performance.now() : 0;
      const init = initOf(request, attempt.bearer);
      const answer = await (this.#limited
        ? this.#limited(request.url, init, limit)
        : this.#fetch(request.url, Object.assign(init, { signal: limit.signal })));
      if (hooks.onResponse) this.#tellResponse(attempt, answer, startedAt);
      if (answer.status < 200 || answer.status > 299) return await this.#refused(request, attempt, answer);
      if (request.answer !== 'stream') return this.#read(request, attempt, answer, await answer.text());
      isOpen = true;
      return this.#opened(request, attempt, answer, limit, timeout);
    } catch (error) {
      if (error instanceof this.#settings.ErrorClass) return { error, isPassing: false };
      return this.#broken(request, attempt, limit, left < timeout, error);
    } finally {
      if (!isOpen) limit.end();
    }
  }

  #read(request: WireRequest, attempt: Try, answer: FetchAnswer, text: string): Answer<unknown> {
    const { status, headers } = answer;
    if (request.answer === 'nothing') return new Answer(undefined, status, headers);
    const data = recordOf(text);
    const { items } = request;
    // A failure must never look like an empty list.
    if (data && (items === undefined || Array.isArray(data[items]))) return new Answer(data, status, headers);
    const type = text ? (headers.get('content-type') ?? 'no content type') : 'an empty body';
    const message = data
      ? `The answer holds no ${items}`
      : `Expected a JSON object, got ${type}; is tenantUrl the address of the server?`;
    const fields = { status, code: 'unexpected_answer', request_id: headers.get('x-request-id') };
    throw this.error(request.operation, message, fields, attempt.bearer);
  }

  async #refused(request: WireRequest, attempt: Try, answer: FetchAnswer): Promise<Failure> {
    const { status, headers } = answer;
    const requestId = headers.get('x-request-id');
    if (answer.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
      await answer.body?.cancel().catch(() => {});
      const fields = { status, code: 'redirect_refused', request_id: requestId };
      const message = 'The server redirects, and the access token must not follow; is tenantUrl right?';
      return { error: this.error(request.operation, message, fields, attempt.bearer), isPassing: false };
    }
    const { message, fields } = refusalOf(status, await answer.text(), requestId);
    const error = this.error(request.operation, message, fields, attempt.bearer);
    return { error, isPassing: this.#settings.isPassing(status), hint: hintOf(status, headers) };
  }

  #opened(request: WireRequest, attempt: Try, answer: FetchAnswer, limit: Limit, timeout: number): Answer<OpenAnswer> {
    limit.limitSilence(timeout);
    const open: OpenAnswer = {
      body: answer.body,
      limit,
      fault: (error) => this.#broken(request, attempt, limit, false, error).error,
    };
    return new Answer(open, answer.status, answer.headers);
  }

  #broken(request: WireRequest, attempt: Try, limit: Limit, isLast: boolean, error: unknown): Failure {
    if (limit.isOver) {
      return {
        error: this.#stopped(request.operation, request.signal, limit, isLast),
        isPassing: limit.expired && !isLast,
      };
    }
    const secrets = [...this.#settings.secrets, attempt.bearer];
    const cause = cleanCause(error, secrets) as Error;
    const reason = (cause.cause instanceof Error && cause.cause.message) || cause.message || String(cause);
    const fields = { code: 'connection_failed', cause };
    return { error: this.error(request.operation, `The connection failed: ${reason}`, fields), isPassing: true };
  }

  #stopped(operation: string, signal: AbortSignal | undefined, limit: Limit, isLast: boolean): ReeveError {
    if (!limit.expired) {
      return this.error(operation, 'The caller aborted', { code: 'aborted', cause: signal?.reason });
    }
    return isLast
      ? this.error(operation, 'The deadline passed', { code: 'deadline_exceeded' })
      : this.error(operation, 'No answer in time', { code: 'timeout' });
  }

  #tellResponse(attempt: Try, answer: FetchAnswer, startedAt: number): void {
    const { status, headers } = answer;
    const duration_ms = performance.now() - startedAt;
    this.#tell('onResponse', { ...factsOf(attempt), status, request_id: headers.get('x-request-id'), duration_ms });
  }

  #tell<K extends keyof Hooks>(name: K, fact: Parameters<NonNullable<Hooks[K]>>[0]): void {
    try {
      (this.#settings.hooks[name] as ((fact: unknown) => void) | undefined)?.(fact);
    } catch {}
  }
}

const factsOf = ({ operation, method, url, attempt }: Try): HookRequest => ({ operation, method, url, attempt });

const initOf = (request: WireRequest, bearer: string | undefined): LimitedInit => {
  const { method, body } = request;
  const headers = bearer === undefined ? request.headers : { ...request.headers, authorization: `Bearer ${bearer}` };
  if (body === undefined) return { method, headers, redirect: 'manual' };
  if (typeof body === 'string') return { method, headers, body, redirect: 'manual' };
  // Any other redirect mode has fetch keep a copy of the body (Fetch §4.6, "clone"), which then grows to its full size.
  return { method, headers, body: body.open(), duplex: 'half', redirect: 'error' };
};
