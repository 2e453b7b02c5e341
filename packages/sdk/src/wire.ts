/**
 * What travels: the smallest view of `fetch` that the client needs (so that any implementation fits), and the spelling
 * of paths and queries. Owns the invariant that an id stays one segment of its path.
 */

/** The part of `Headers` that the client reads. */
export interface FetchHeaders {
  get(name: string): string | null;
}

/** The part of a `Request` that the client sends. */
export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  body?: string | ReadableStream<Uint8Array>;
  /** Hand a redirect back, or reject; following one is never right. */
  redirect: 'manual' | 'error';
  signal: AbortSignal;
  duplex?: 'half';
}

/** The part of a `Response` that the client reads. */
export interface FetchAnswer {
  readonly status: number;
  readonly type?: string;
  readonly headers: FetchHeaders;
  readonly body: ReadableStream<Uint8Array> | null;
  text(): Promise<string>;
}

/** What ends a request early, in place of a signal, which costs more to make than the request's own time limit. */
export interface FetchLimit {
  readonly isOver: boolean;
  /** Why; what the signal's reason would be. */
  readonly reason: unknown;
  /** Told once when it is over. */
  onOver: (() => void) | undefined;
}

export type LimitedInit = Omit<FetchInit, 'signal'>;

/** Any `fetch`: the global one, a proxy's, `nodeTransport()`. It has to honour `signal` and `redirect`. */
export interface Fetch {
  (url: string, init: FetchInit): Promise<FetchAnswer>;
  /** The same without a signal, where a transport can do without one; the client then prefers it. */
  limited?(url: string, init: LimitedInit, limit: FetchLimit): Promise<FetchAnswer>;
}

// A dot segment is removed by every URL parser, and a lone surrogate has no encoding.
const isId = (id: unknown): id is string =>
  typeof id === 'string' && id !== '' && id !== '.' && id !== '..' && id.isWellFormed();

/** Cuts a template such as `/groups/{group_id}/members` around its parameters. */
export const cutTemplate = (template: string): string[] => template.split(/\{[a-z_]+\}/);

/** Fills a cut template so that each id is exactly one segment; null where one cannot be. */
export const fillTemplate = (pieces: readonly string[], ids: readonly unknown[]): string | null => {
  let path = pieces[0] as string;
  for (let i = 1; i < pieces.length; i++) {
    const id = ids[i - 1];
    if (!isId(id)) return null;
    path += encodeURIComponent(id) + pieces[i];
  }
  return path;
};

/** `undefined` is absent; `null` is sent empty, so that the server refuses it rather than that a filter falls away. */
const spell = (value: unknown): string =>
  value instanceof Date ? String(value.toJSON()) : Array.isArray(value) ? value.map(spell).join() : String(value ?? '');

/** The query string of an input, with its `?`; arrays are comma-joined, instants RFC 3339. */
export const queryOf = (input: object | undefined): string => {
  let query = '';
  for (const [name, value] of Object.entries(input ?? {})) {
    if (value === undefined) continue;
    query += `${query ? '&' : '?'}${encodeURIComponent(name)}=${encodeURIComponent(spell(value).toWellFormed())}`;
  }
  return query;
};
