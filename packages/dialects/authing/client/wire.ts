/**
 * Calls to the server, GraphQL and REST, until there is an answer, an error or no time. Owns these invariants: a call
 * that may have been processed is repeated only if it changes nothing; a refused token is renewed once for each call;
 * the token goes to no origin but the server's; a failure never looks like an empty answer.
 */
import { cleanCause, fillTemplate, hintOf, isPassing, Limit, pauseBefore, recordOf, sleep } from '@reeve/sdk/runtime';
import { type AuthingError, errorOf, type Fault, refusal } from './errors.ts';
import { type Operation, operations } from './operations.ts';
import { type Settings, withoutCredentials } from './options.ts';
import { givenToken, ManagementTokens, type TokenSource } from './token.ts';

/** A path, whose holes are named by what fills them: `` path`/api/v2/users/${{ userId }}/orgs` ``. */
export const path = (pieces: TemplateStringsArray, ...holes: readonly Readonly<Record<string, string>>[]): string => {
  const ids = holes.map((hole) => Object.values(hole)[0]);
  const filled = fillTemplate(pieces, ids);
  if (filled !== null) return filled;
  const bad = holes.find((_, at) => fillTemplate(['', ''], [ids[at]]) === null) ?? {};
  throw refusal(`${Object.keys(bad)[0]}: must be a text, and none of "", "." and ".."`);
};

/** The text itself. @throws AuthingError that names the argument */
export const need = (value: string, name: string): string => {
  if (typeof value === 'string' && value !== '') return value;
  throw refusal(`${name}: must be a text, and not empty`);
};

type QueryValue = string | number | boolean | undefined | null | readonly (string | number)[];
/** What is null or undefined is absent; a list repeats its name with `[]`. */
const queryOf = (query: Readonly<Record<string, QueryValue>> = {}): string => {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    const key = Array.isArray(value) ? `${name}[]` : name;
    for (const item of list) if (item !== undefined && item !== null) pairs.append(key, String(item));
  }
  return pairs.size > 0 ? `?${pairs}` : '';
};

export interface RestOptions {
  readonly query?: Readonly<Record<string, QueryValue>> | undefined;
  readonly body?: unknown;
  /** It changes nothing; default: that of its method. */
  readonly isSafe?: boolean | undefined;
  /** Default: the option `host`. */
  readonly base?: string | undefined;
  /** In place of the management token. */
  readonly authorization?: string | undefined;
  /** Texts that must not be in an error. */
  readonly secrets?: readonly string[] | undefined;
}

/** The answer of a REST call, as it stands around `data`. */
export interface Envelope<T = unknown> {
  readonly code?: number;
  readonly statusCode?: number;
  readonly message?: string;
  readonly data?: T;
}

interface Call {
  readonly method: string;
  readonly url: string;
  readonly body?: string | undefined;
  readonly isSafe: boolean;
  /** Where its bearer comes from; null: it has none. */
  readonly tokens: TokenSource | null;
  readonly authorization?: string | undefined;
  readonly secrets: readonly (string | undefined)[];
  readonly read: (body: Record<string, unknown>) => Answer | Failure;
}

interface Answer {
  readonly value: unknown;
}
interface Failure {
  readonly faults: readonly Fault[];
  /** Nothing was done, as the token doesn't hold. */
  readonly isTokenRefused?: boolean;
  /** The same request may succeed. */
  readonly isPassing?: boolean;
  /** Nothing was done, as there were too many requests. */
  readonly isUnprocessed?: boolean;
  /** How long the server asks to wait (ms). */
  readonly hint?: number | undefined;
  readonly bearer?: string | undefined;
}

const ATTEMPTS = 3;
const RETRY = { attempts: ATTEMPTS, baseMs: 200 };
/** Not signed in; sign-in expired; sign-in invalid. */
const refusedToken: readonly unknown[] = [2020, 2206, 2207];
const TIMEOUT: Failure = { faults: [{ message: 'no answer in time', code: 'ECONNABORTED' }] };
const SDK_VERSION = 'js:4.21.8';

const unreadable = (message: string): Failure => ({ faults: [{ message, code: 'ERR_BAD_RESPONSE' }] });

/** One of the errors of a GraphQL answer. Its message is an object; of a server that knows no better, a text. */
const graphqlFault = (error: unknown): Fault => {
  const { message, extensions } = (error ?? {}) as { message?: unknown; extensions?: { code?: string } };
  const said = typeof message === 'string' ? (recordOf(message) ?? { message }) : message;
  const { code = extensions?.code, message: text, data } = (said ?? {}) as Partial<Fault>;
  return { code, message: typeof text === 'string' ? text : 'the server refused and gave no reason', data };
};

const readGraphql = (body: Record<string, unknown>): Answer | Failure => {
  const { errors, data } = body;
  const values = Object.values(data ?? {});
  if (Array.isArray(errors) && errors.length > 0) {
    const faults = errors.map(graphqlFault);
    // Of several mutations in one document the first may have been done.
    const isUntouched = values.every((value) => value === null);
    return { faults, isTokenRefused: isUntouched && refusedToken.includes(faults[0]?.code) };
  }
  return values.length > 0 ? { value: data } : unreadable('the answer holds no data');
};

const readRest = (body: Record<string, unknown>): Answer | Failure => {
  const { code, statusCode, message, data } = body as Envelope;
  if (code === 200 || statusCode === 200) return { value: body };
  if (code === undefined && statusCode === undefined) return unreadable('the answer is not one of this API');
  const known = code ?? statusCode;
  const text = typeof message === 'string' ? message : 'the server refused and gave no reason';
  return { faults: [{ code: known, message: text, data }], isTokenRefused: refusedToken.includes(known) };
};

/** An envelope is the result whatever its code. */
const readEnvelope = (body: Record<string, unknown>): Answer | Failure => {
  const answer = readRest(body);
  return 'faults' in answer && !answer.isTokenRefused && 'code' in body ? { value: body } : answer;
};

/** What the server said with a status that is no success. */
const refusalOf = (call: Call, { status, headers }: Response, text: string): Failure => {
  const said = call.read(recordOf(text) ?? {});
  const known = 'faults' in said && said.faults[0]?.code !== 'ERR_BAD_RESPONSE' ? said : undefined;
  const code = status >= 400 && status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE';
  const faults = known?.faults ?? [{ message: `the server answered ${status}`, code }];
  return {
    faults: faults.map((fault) => ({ ...fault, code: fault.code ?? code, status })),
    isTokenRefused: status === 401 || known?.isTokenRefused === true,
    isPassing: isPassing(status),
    isUnprocessed: status === 429,
    hint: hintOf(status, headers),
  };
};

const connectionFault = (error: unknown, secrets: readonly (string | undefined)[]): Failure => {
  const cause = cleanCause(error, secrets) as { message?: string; cause?: { message?: string; code?: string } };
  const inner = cause.cause ?? (cause as { message?: string; code?: string });
  const message = `the connection failed: ${inner.message || cause.message}`;
  return { faults: [{ message, code: inner.code ?? 'ERR_NETWORK', cause }], isPassing: true };
};

export class Wire {
  readonly #settings: Settings;
  readonly #tokens: TokenSource;
  /** Of messages. */
  lang: string;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.lang = settings.lang;
    const { accessToken, secret } = settings;
    this.#tokens = accessToken ? givenToken(accessToken) : new ManagementTokens(() => this.#fetchToken(secret));
  }

  get userPoolId(): string {
    return this.#settings.userPoolId ?? '';
  }

  /** Sends an operation of the table. Resolves with its root field. */
  async ask<T>({ text, root, isSafe }: Operation<T>, variables: object, secrets: readonly string[] = []): Promise<T> {
    const data = await this.#send(this.#graphql(text, variables, isSafe, secrets));
    return (data as Record<string, T>)[root] as T;
  }

  /** Sends any document. Resolves with `data`. */
  async graphql(query: string, variables: object | undefined): Promise<unknown> {
    return this.#send(this.#graphql(query, variables, !/\b(mutation|subscription)\b/.test(query), []));
  }

  /** Resolves with `data` of the envelope. */
  async rest<T>(method: string, target: string, options: RestOptions = {}): Promise<T> {
    return ((await this.#send(this.#rest(method, target, options, readRest))) as Envelope<T>).data as T;
  }

  /** Resolves with the whole envelope, also of a refusal. */
  async envelope<T>(method: string, target: string, options: RestOptions = {}): Promise<Envelope<T>> {
    return (await this.#send(this.#rest(method, target, options, readEnvelope))) as Envelope<T>;
  }

  #graphql(query: string, variables: object | undefined, isSafe: boolean, secrets: readonly string[]): Call {
    const url = `${this.#settings.host}/graphql/v2`;
    const body = JSON.stringify({ query, variables });
    return { method: 'POST', url, body, isSafe, tokens: this.#tokens, secrets, read: readGraphql };
  }

  #rest(method: string, target: string, options: RestOptions, read: Call['read']): Call {
    const { query, body, authorization, base = this.#settings.host, isSafe = method === 'GET' } = options;
    return {
      method,
      url: `${base}${target}${queryOf(query)}`,
      body: body === undefined ? undefined : JSON.stringify(body),
      isSafe,
      tokens: authorization === undefined ? this.#tokens : null,
      authorization,
      secrets: [...(options.secrets ?? []), authorization],
      read,
    };
  }

  async #fetchToken(secret: string | undefined): Promise<string> {
    if (!secret) throw withoutCredentials();
    const { text, isSafe } = operations.accessToken;
    const call = this.#graphql(text, { userPoolId: this.#settings.userPoolId, secret }, isSafe, []);
    const { accessToken } = (await this.#send({ ...call, tokens: null })) as {
      accessToken: { accessToken?: string } | null;
    };
    if (accessToken?.accessToken) return accessToken.accessToken;
    throw this.#reported(unreadable('the answer holds no accessToken'), []);
  }

  /** @throws AuthingError, or what `onError` throws */
  async #send(call: Call): Promise<unknown> {
    const limit = new Limit(undefined, this.#settings.timeout);
    let outcome: Answer | Failure;
    try {
      outcome = await this.#settle(call, limit);
    } catch (error) {
      // Anything else is the refusal of a token, which is told already.
      if (!limit.isOver) throw error;
      outcome = TIMEOUT;
    } finally {
      limit.end();
    }
    if ('value' in outcome) return outcome.value;
    throw this.#reported(outcome, [...call.secrets, outcome.bearer]);
  }

  async #settle(call: Call, limit: Limit): Promise<Answer | Failure> {
    const endsAt = Date.now() + this.#settings.timeout;
    let renewed: string | undefined;
    for (let failures = 0; ; ) {
      const bearer = renewed ?? (call.tokens ? await limit.hold(call.tokens.get()) : undefined);
      const outcome = await this.#try(call, bearer, limit);
      if ('value' in outcome) return outcome;
      if (outcome.isTokenRefused && call.tokens && bearer !== undefined && renewed === undefined) {
        renewed = await limit.hold(call.tokens.renew(bearer));
        if (renewed !== undefined) continue;
      }
      failures++;
      const canRepeat = outcome.isUnprocessed || (outcome.isPassing && call.isSafe);
      const pause = (outcome.hint ?? 0) + pauseBefore(failures, RETRY);
      if (!canRepeat || failures >= ATTEMPTS || Date.now() + pause >= endsAt) return { ...outcome, bearer };
      await sleep(pause, limit);
    }
  }

  async #try(call: Call, bearer: string | undefined, limit: Limit): Promise<Answer | Failure> {
    const { method, url, body } = call;
    const send = this.#settings.fetch ?? globalThis.fetch;
    try {
      const headers = this.#headersOf(call, bearer);
      const init = { method, headers, ...(body === undefined ? {} : { body }) };
      const answer = await send(url, { ...init, redirect: 'manual', signal: limit.signal });
      const text = await answer.text();
      // A body that could be repeated elsewhere holds passwords, and the headers the token.
      if (answer.status === 0 || (answer.status >= 300 && answer.status < 400)) {
        return unreadable('the server redirects, which is not followed; is host right?');
      }
      if (answer.status < 200 || answer.status > 299) return refusalOf(call, answer, text);
      const record = recordOf(text);
      return record ? call.read(record) : unreadable('the answer is not JSON; is host right?');
    } catch (error) {
      if (limit.isOver) return TIMEOUT;
      return connectionFault(error, [...this.#secrets, ...call.secrets, bearer]);
    }
  }

  #headersOf(call: Call, bearer: string | undefined): Record<string, string> {
    const { userPoolId, appId, tenantId, requestFrom, headerNames } = this.#settings;
    const told = {
      'userpool-id': userPoolId,
      'app-id': appId,
      'tenant-id': tenantId,
      'request-from': requestFrom,
      'sdk-version': SDK_VERSION,
      lang: this.lang,
    };
    const headers: Record<string, string> = { accept: 'application/json, text/plain, */*' };
    for (const [key, value] of Object.entries(told)) {
      const name = headerNames[key as keyof typeof told];
      if (value && name) headers[name] = value;
    }
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    const authorization = call.authorization ?? (bearer === undefined ? undefined : `Bearer ${bearer}`);
    if (authorization) headers.authorization = authorization;
    return headers;
  }

  get #secrets(): readonly (string | undefined)[] {
    return [this.#settings.secret, this.#settings.accessToken];
  }

  /** The first error; with `onError`, which is told of all, the last. */
  #reported({ faults }: Failure, secrets: readonly (string | undefined)[]): AuthingError {
    const errors = faults.map((fault) => errorOf(fault, [...this.#secrets, ...secrets])) as [AuthingError];
    const { onError } = this.#settings;
    if (!onError) return errors[0];
    for (const { code, message, data } of errors) onError(code, message, data);
    return errors.at(-1) as AuthingError;
  }
}
