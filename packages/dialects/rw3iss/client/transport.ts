/**
 * Sends requests by `fetch`, and sends one again where that can do no harm. Owns the invariant that no mutation happens
 * twice: a request that may have been processed (5xx, a broken connection, an answer that cannot be read) is repeated
 * only if a second arrival changes nothing more. That is so for GET, HEAD, OPTIONS, PUT and DELETE (RFC 9110 §9.2.2),
 * and where the caller says otherwise, for what the caller says: a lookup or a grant is repeated though it is a POST, an
 * erasure with its reason is not though it is a DELETE. No answer of 4xx is ever asked for again.
 *
 * A browser repeats by itself, whatever the method, what it sent on a kept connection that then ends without an answer.
 * There a request that must not happen twice carries a key, by which the server knows the second one.
 */
import { AuthError } from './errors.ts';
import type { Transport, TransportRequest, TransportResponse } from './ports.ts';
import { keyInPages } from './web.ts';

/** Pauses grow by 2 from `baseDelayMs` to `maxDelayMs`, each with up to 50 ms more. */
export interface RetryOptions {
  /** All tries, the first included; 3 if not given. */
  readonly attempts?: number | undefined;
  /** 200 if not given. */
  readonly baseDelayMs?: number | undefined;
  /** 2000 if not given. */
  readonly maxDelayMs?: number | undefined;
}

export interface FetchTransportOptions {
  /** The access token of the moment. */
  readonly tokenProvider: () => Promise<string | null> | string | null;
  /** Whether requests carry it; true if not given. */
  readonly attachAuthHeader?: boolean | undefined;
  /** The global one, as it is when the transport is made, if not given. */
  readonly fetchImpl?: typeof globalThis.fetch | undefined;
  readonly retry?: RetryOptions | undefined;
}

const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const JITTER_MS = 50;

export class FetchTransport implements Transport {
  readonly #options: FetchTransportOptions;
  readonly #fetch: typeof globalThis.fetch;

  constructor(options: FetchTransportOptions) {
    this.#options = options;
    this.#fetch = options.fetchImpl ?? globalThis.fetch.bind(globalThis);
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const isRepeatable = request.isRepeatable ?? repeatable.has(request.method.toUpperCase());
    const attempts = isRepeatable ? (this.#options.retry?.attempts ?? 3) : 1;
    const key = isRepeatable ? undefined : keyInPages();
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.#send(request, key);
        if (response.status < 500 || attempt >= attempts) return response;
      } catch (error) {
        if (attempt >= attempts || isAborted(request, error)) throw error;
      }
      await this.#pause(attempt, request.signal);
    }
  }

  async #send(request: TransportRequest, key: string | undefined): Promise<TransportResponse> {
    const { method, url, body, signal } = request;
    const isRaw = typeof body === 'string' || body instanceof FormData || body instanceof Blob;
    const response = await this.#fetch(url, {
      method,
      headers: await this.#headersOf(request, key, isRaw && typeof body !== 'string'),
      ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
      // Passwords and refresh tokens are in bodies, which a redirect would take along to wherever it leads.
      redirect: 'manual',
    });
    return answerOf(response);
  }

  async #headersOf(request: TransportRequest, key: string | undefined, isTyped: boolean): Promise<Headers> {
    const headers = new Headers({ accept: 'application/json' });
    if (key !== undefined) headers.set('idempotency-key', key);
    if (request.body !== undefined && !isTyped) headers.set('content-type', 'application/json');
    const token =
      request.skipAuth || this.#options.attachAuthHeader === false ? null : await this.#options.tokenProvider();
    if (token) headers.set('authorization', `Bearer ${token}`);
    for (const [name, value] of Object.entries(request.headers ?? {})) headers.set(name, value);
    return headers;
  }

  #pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    const { baseDelayMs = 200, maxDelayMs = 2000 } = this.#options.retry ?? {};
    const delay = Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1)) + Math.random() * JITTER_MS;
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, delay);
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop, { once: true });
    });
  }
}

const isAborted = ({ signal }: TransportRequest, error: unknown): boolean =>
  signal?.aborted === true || (error as Error | undefined)?.name === 'AbortError';

const answerOf = async (response: Response): Promise<TransportResponse> => {
  const { status, ok } = response;
  const headers = Object.fromEntries(response.headers);
  const text = status === 204 ? '' : await response.text();
  if (!text) return { status, ok, body: undefined, headers };
  if (!headers['content-type']?.includes('application/json')) return { status, ok, body: text, headers };
  try {
    return { status, ok, body: JSON.parse(text), headers };
  } catch {
    if (!ok) return { status, ok, body: text, headers };
    // Not the cause: it quotes the answer, and that may hold tokens.
    throw new AuthError('the answer is not valid JSON', { status, requestId: headers['x-request-id'] });
  }
};
