/** Calls to the server: paths, queries, and refusals as errors. Owns the invariant that an id is one segment of a path. */
import { fillTemplate } from '@reeve/sdk/runtime';
import { AuthError, OfflineModeError, refusalOf, ValidationError } from './errors.ts';
import type { TokenStore, Transport, TransportRequest, TransportResponse } from './ports.ts';

/** A path, whose holes are named by what fills them: `` path`/admin/users/${{ userId }}/roles` ``. */
export const path = (pieces: TemplateStringsArray, ...holes: readonly Readonly<Record<string, string>>[]): string => {
  const filled = fillTemplate(
    pieces,
    holes.map((hole) => Object.values(hole)[0]),
  );
  if (filled !== null) return filled;
  const [bad = {}] = holes.filter((hole) => fillTemplate(['', ''], Object.values(hole)) === null);
  const [name] = Object.keys(bad);
  throw new ValidationError(`${name}: must be a text, and none of "", "." and ".."`, { details: { field: name } });
};

/** What falls away: undefined, empty and 0, as the server has defaults for all of them. */
type Query = Readonly<Record<string, string | number | undefined>>;
const queryOf = (query: Query): string => {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value ? [[name, String(value)]] : [],
  );
  return given.length > 0 ? `?${new URLSearchParams(given)}` : '';
};

type CallOptions = Pick<TransportRequest, 'skipAuth' | 'isRepeatable' | 'headers'>;

const secretName = /token|verifier/;
/** The tokens that a request carries in its body. */
const secretsIn = (body: unknown): string[] =>
  Object.entries(typeof body === 'object' && body !== null ? body : {}).flatMap(([name, value]) =>
    secretName.test(name) && typeof value === 'string' ? [value] : [],
  );

export interface WireSettings {
  /** Without a slash at its end. */
  readonly apiBaseUrl: string;
  readonly transport: Transport;
  readonly tokenStore: TokenStore;
  readonly isOffline: boolean;
}

export class Wire {
  readonly #settings: WireSettings;
  /** The tokens of the moment in which a request was sent: who is signed out meanwhile still had them. */
  readonly #carried = new WeakMap<TransportResponse, readonly (string | undefined)[]>();

  constructor(settings: WireSettings) {
    this.#settings = settings;
  }

  /** The answer as it is, whatever its status. */
  async request(request: TransportRequest): Promise<TransportResponse> {
    const { apiBaseUrl, transport, tokenStore, isOffline } = this.#settings;
    if (isOffline) throw new OfflineModeError('the client is offline: it was made with bootstrap "offline"');
    const url = request.url.startsWith('/') ? apiBaseUrl + request.url : request.url;
    const stored = await tokenStore.get().catch(() => null);
    const response = await transport.request({ ...request, url });
    this.#carried.set(response, [stored?.access_token, stored?.refresh_token]);
    return response;
  }

  /** The body of an answer. @throws AuthError if it is a refusal */
  async bodyOf<T>(response: TransportResponse, sent?: unknown): Promise<T> {
    if (response.ok) return response.body as T;
    throw refusalOf(response, [...(this.#carried.get(response) ?? []), ...secretsIn(sent)]);
  }

  async call<T>(method: string, url: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    const response = await this.request({ method, url, ...(body === undefined ? {} : { body }), ...options });
    return this.bodyOf<T>(response, body);
  }

  get<T>(url: string, query: Query = {}): Promise<T> {
    return this.call('GET', url + queryOf(query));
  }

  post<T>(url: string, body?: unknown, options?: CallOptions): Promise<T> {
    return this.call('POST', url, body, options);
  }

  put<T>(url: string, body: unknown): Promise<T> {
    return this.call('PUT', url, body);
  }

  /** For what answers with nothing that anybody reads. */
  async command(method: string, url: string, body?: unknown, options?: CallOptions): Promise<void> {
    await this.call(method, url, body, options);
  }

  /** The list that an answer holds under a name, or is; null and absent are the server's words for an empty one. */
  async list<T>(name: string, url: string): Promise<T[]> {
    return listIn(await this.get(url), name);
  }
}

/** A page of a proxy or of an application must never look like an empty list. */
export const listIn = <T>(body: unknown, name: string): T[] => {
  const list = Array.isArray(body) ? body : ((body as Record<string, unknown> | undefined)?.[name] ?? []);
  if (typeof body === 'string' || !Array.isArray(list)) {
    throw new AuthError(`the answer holds no ${name}; is apiBaseUrl the address of the server?`);
  }
  return list;
};
