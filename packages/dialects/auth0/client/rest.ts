/**
 * One resource of the API by its verbs: what the managers are made of, and what their subclasses use directly. Owns two
 * invariants: a call on one member never becomes a call on the whole collection, and what is repeated is only what a
 * second arrival cannot change: a refusal for the rate, or a read.
 */
import { hintOf, pauseBefore } from '@reeve/sdk/runtime';
import { bodyOf, send } from './answer.ts';
import { argumentsOf, settle } from './callback.ts';
import { ArgumentError, SanitizedError } from './errors.ts';
import type { ConnectionOptions } from './exchange.ts';
import { type Params, placeOf, queryOf } from './spelling.ts';

/** Gives the bearer of a request. */
export interface TokenProvider {
  getAccessToken(): Promise<string>;
}

/** When a call is repeated. */
export interface RetryOptions {
  /** Default true. */
  readonly enabled?: boolean | undefined;
  /** Repetitions after the first try, on 429; default 10. A read that never arrived is repeated twice at most. */
  readonly maxRetries?: number | undefined;
  /** Growth of the pause where the server names none; default 2. */
  readonly factor?: number | undefined;
  /** First pause where the server names none (ms); default 1000. */
  readonly minTimeout?: number | undefined;
  /** Longest pause (ms). Without it a server that asks for more than 5 minutes gets no further try. */
  readonly maxTimeout?: number | undefined;
  /** Multiplies the pause by 1 to 2; default true. */
  readonly randomize?: boolean | undefined;
}

export interface RestOptions extends ConnectionOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Results become `{ data, headers }`. */
  readonly includeResponseHeaders?: boolean | undefined;
}

/** `isOpen`: the call may concern the collection, so that the last id of the template may be missing. */
const verbs = {
  getAll: { method: 'GET', isOpen: true, body: 'none' },
  get: { method: 'GET', isOpen: false, body: 'none' },
  create: { method: 'POST', isOpen: true, body: 'required' },
  patch: { method: 'PATCH', isOpen: false, body: 'required' },
  update: { method: 'PUT', isOpen: false, body: 'required' },
  updateAll: { method: 'PUT', isOpen: true, body: 'required' },
  delete: { method: 'DELETE', isOpen: false, body: 'optional' },
  deleteAll: { method: 'DELETE', isOpen: true, body: 'optional' },
} as const;
export type Verb = keyof typeof verbs;
/** What the managers call the verbs; for messages. */
const names: Partial<Record<Verb, string>> = { patch: 'update', updateAll: 'update', deleteAll: 'delete' };

type Arguments = readonly unknown[];
type Result = Promise<unknown> | undefined;

/** The verbs as methods; `params` fill the template and the query. A last argument that is a function is the callback. */
abstract class VerbClient {
  /** @internal */
  protected abstract perform(verb: Verb, given: Arguments): Promise<unknown>;

  /** Performs a verb and hands its outcome to the promise or the callback. */
  invoke(verb: Verb, args: Arguments): Result {
    const { given, callback } = argumentsOf(args);
    return settle(this.perform(verb, given), callback);
  }

  /** GET: `([params][, callback])`. */
  getAll(...args: unknown[]): Result {
    return this.invoke('getAll', args);
  }
  /** GET of one: `([params][, callback])`. */
  get(...args: unknown[]): Result {
    return this.invoke('get', args);
  }
  /** POST: `([params, ]data[, callback])`. */
  create(...args: unknown[]): Result {
    return this.invoke('create', args);
  }
  /** PATCH: `(params, data[, callback])`. */
  patch(...args: unknown[]): Result {
    return this.invoke('patch', args);
  }
  /** PUT: `(params, data[, callback])`. */
  update(...args: unknown[]): Result {
    return this.invoke('update', args);
  }
  /** PUT of a whole collection: `(params, data[, callback])`. */
  updateAll(...args: unknown[]): Result {
    return this.invoke('updateAll', args);
  }
  /** DELETE: `([params][, body][, callback])`. */
  delete(...args: unknown[]): Result {
    return this.invoke('delete', args);
  }
  /** DELETE of a whole collection: `([params][, body][, callback])`. */
  deleteAll(...args: unknown[]): Result {
    return this.invoke('deleteAll', args);
  }
}

const paramsOf = (value: unknown): Params => (typeof value === 'object' && value !== null ? (value as Params) : {});

/** What of the arguments is the place, and what the body. */
const partsOf = (verb: Verb, given: Arguments): { params: Params; data: unknown } => {
  if (verb === 'create' && given.length < 2) return { params: {}, data: given[0] };
  const data = verbs[verb].body === 'optional' ? (given[1] ?? {}) : given[1];
  return { params: paramsOf(given[0]), data };
};

const jsonOf = (data: unknown): string => {
  if (typeof data === 'string') return data;
  if (typeof data === 'object') return JSON.stringify(data);
  throw new ArgumentError('The data must be an object or a serialized json');
};

/** Marks an error that arose before the request itself was sent: repeating it repeats nothing. */
const unsent = Symbol('unsent');

/** Properties that a log of a client must not show: they hold headers, tokens, secrets. */
export const hide = (target: object, values: Record<string, unknown>): void => {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  }
};

/** A resource by its URL template, e.g. `https://…/api/v2/users/:id`; each call is one try. */
export class Auth0RestClient extends VerbClient {
  declare readonly url: string;
  declare readonly options: RestOptions;
  declare readonly provider: TokenProvider | undefined;

  /** @throws ArgumentError without a URL */
  constructor(url: string, options: RestOptions = {}, provider?: TokenProvider) {
    super();
    if (!url) throw new ArgumentError('Must provide a Resource Url');
    hide(this, { url, options, provider });
  }

  protected override async perform(verb: Verb, given: Arguments): Promise<unknown> {
    const { method, isOpen, body } = verbs[verb];
    const { params, data } = partsOf(verb, given);
    const text = body === 'none' ? undefined : jsonOf(data);
    const { path, query } = placeOf(this.url, params, names[verb] ?? verb, isOpen);
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    for (const [name, value] of Object.entries(this.options.headers ?? {})) headers[name.toLowerCase()] = value;
    headers.accept = 'application/json';
    const { provider } = this;
    if (provider) headers.authorization = `Bearer ${await tokenOf(provider)}`;
    const outgoing = { method, url: path + queryOf(query), headers, body: text };
    const incoming = await send(outgoing, this.options);
    const result = bodyOf(incoming, outgoing);
    return this.options.includeResponseHeaders ? { data: result, headers: incoming.headers } : result;
  }
}

const tokenOf = async (provider: TokenProvider): Promise<string> => {
  try {
    return await provider.getAccessToken();
  } catch (error) {
    if (error instanceof SanitizedError) Object.defineProperty(error, unsent, { value: true, configurable: true });
    throw error;
  }
};

const DEFAULT_RETRIES = 10;
/** Repetitions of what never arrived. */
const NETWORK_RETRIES = 2;
/** A server that asks for more gets no further try (ms). */
const LONGEST_HINT = 300_000;
/** Callers that wait for the same instant do not come back in step (ms). */
const JITTER = 100;

/** Milliseconds until the next try; undefined: there is none. */
const pauseAfter = (error: unknown, verb: Verb, failures: number, options: RetryOptions): number | undefined => {
  if (!(error instanceof SanitizedError)) return undefined;
  const { maxRetries = DEFAULT_RETRIES, factor = 2, minTimeout = 1000, maxTimeout, randomize = true } = options;
  const isUnsent = unsent in error;
  if (error.statusCode === 429) {
    // The token's own request has been repeated already.
    if (isUnsent || failures > maxRetries) return undefined;
    const headers = error.originalError.response?.headers ?? {};
    const hint = hintOf(429, { get: (name) => headers[name] ?? null });
    const chance = randomize ? 1 + Math.random() : 1;
    if (hint === undefined) return Math.min(chance * minTimeout * factor ** (failures - 1), maxTimeout ?? LONGEST_HINT);
    if (maxTimeout === undefined && hint > LONGEST_HINT) return undefined;
    return Math.min(hint + Math.random() * JITTER, maxTimeout ?? Number.POSITIVE_INFINITY);
  }
  const isSafe = verbs[verb].method === 'GET' || isUnsent;
  const isLost = typeof error.statusCode === 'string' && isSafe;
  if (!isLost || failures > Math.min(maxRetries, NETWORK_RETRIES)) return undefined;
  return pauseBefore(failures, { attempts: NETWORK_RETRIES, baseMs: 200 });
};

/** A resource whose calls are repeated where that is right. */
export class RetryRestClient extends VerbClient {
  declare readonly restClient: VerbClient;
  declare readonly enabled: boolean;
  declare readonly retryOptions: RetryOptions;

  /** @throws ArgumentError that names the wrong option */
  constructor(restClient: VerbClient, options: RetryOptions = {}) {
    super();
    if (!restClient) throw new ArgumentError('Must provide RestClient');
    const { enabled = true, maxRetries = DEFAULT_RETRIES, ...rest } = options;
    if (typeof enabled !== 'boolean') throw new ArgumentError('Must provide enabled boolean value');
    if (typeof maxRetries !== 'number' || !(maxRetries > 0)) {
      throw new ArgumentError('Must provide maxRetries as a positive number');
    }
    hide(this, { restClient, enabled, retryOptions: { maxRetries, ...rest } });
  }

  protected override async perform(verb: Verb, given: Arguments): Promise<unknown> {
    for (let failures = 1; ; failures++) {
      try {
        return await this.restClient[verb](...given);
      } catch (error) {
        const pause = this.enabled ? pauseAfter(error, verb, failures, this.retryOptions) : undefined;
        if (pause === undefined) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }
}
