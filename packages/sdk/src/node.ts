/**
 * A `fetch` over Node's own HTTP client: what an API client needs of the semantics at about half the CPU of the global
 * one, whose web streams and header objects cost more than the request itself. For Node only; everything else in this
 * package runs anywhere. Owns the invariant that nobody is left waiting: whatever ends the connection ends the answer.
 */
import {
  type AgentOptions,
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { type Duplex, pipeline, Readable } from 'node:stream';
import type { Fetch, FetchAnswer, FetchHeaders, FetchInit, FetchLimit, LimitedInit } from './wire.ts';

/** Options of the keep-alive agents, e.g. `maxSockets` or `ca`. */
export type NodeTransportOptions = AgentOptions & HttpsAgentOptions;

/** For the client's `fetch` option. Redirects are handed back, never followed. */
export interface NodeTransport extends Fetch {
  /** Ends the idle connections. */
  close(): void;
}

class NodeAnswer implements FetchAnswer, FetchHeaders {
  readonly #incoming: IncomingMessage;
  #body: ReadableStream<Uint8Array> | undefined;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
  }

  get status(): number {
    return this.#incoming.statusCode as number;
  }

  get headers(): FetchHeaders {
    return this;
  }

  get(name: string): string | null {
    const value = this.#incoming.headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : (value ?? null);
  }

  /** All of them, as of a `Headers`; names in lower case. */
  *[Symbol.iterator](): Iterator<[string, string]> {
    for (const name in this.#incoming.headers) yield [name, this.get(name) as string];
  }

  get body(): ReadableStream<Uint8Array> {
    this.#body ??= Readable.toWeb(this.#incoming) as ReadableStream<Uint8Array>;
    return this.#body;
  }

  /** Not by way of `body`: this is the common case, and a web stream is what makes it dear. */
  text(): Promise<string> {
    const incoming = this.#incoming;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve((chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString()),
      );
      incoming.on('error', reject);
    });
  }
}

/** What Node.js has beside its types, since 0.11: how a request comes to its connection. */
interface Connecting {
  addRequest?: (request: ClientRequest, options: RequestOptions) => void;
}

interface Kept {
  readonly socket: Socket;
  /** How long it may be idle (ms; 0: for ever), as the agent has set it; undefined until it has. */
  timeout: number | undefined;
  isIdle: boolean;
}

const originKeyOf = ({ host, port }: RequestOptions): string => `${host}:${port}`;

/**
 * Hands a connection that is idle straight to the next request. The agent by itself names, copies and registers the
 * connection anew each time, which is a third of what a small call costs. All else stays with the agent: new
 * connections, limits, requests that wait for one, how long a connection is kept.
 */
const shortenReuse = (agent: HttpAgent, { keepAlive, scheduling }: AgentOptions): HttpAgent => {
  const { addRequest } = agent as Connecting;
  const [release] = agent.listeners('free');
  // A Node.js that does it in another way keeps its own.
  if (!addRequest || !release || keepAlive === false) return agent;
  const known = new WeakMap<Duplex, Kept>();
  const idle = new Map<string, Kept[]>();

  const keep = (socket: Socket, among: Kept[]): Kept => {
    const kept: Kept = { socket, timeout: undefined, isIdle: false };
    const drop = () => kept.isIdle && socket.destroy();
    // What comes while nobody has asked would be taken for the answer to the next request.
    socket.on('data', drop).on('timeout', drop).on('error', drop);
    socket.on('close', () => {
      if (kept.isIdle) among.splice(among.indexOf(kept), 1);
    });
    known.set(socket, kept);
    return kept;
  };

  agent.removeAllListeners('free').on('free', (socket: Duplex, options: RequestOptions) => {
    const key = originKeyOf(options);
    let sockets = idle.get(key);
    if (!sockets) {
      sockets = [];
      idle.set(key, sockets);
    }
    const isFull = sockets.length >= agent.maxFreeSockets;
    for (const _waiting in agent.requests) return release.call(agent, socket, options);
    const kept = known.get(socket) ?? keep(socket as Socket, sockets);
    // The agent reads all headers of the answer for the server's hint, which is the same each time: not while its limit stands.
    const stands = kept.timeout !== undefined && kept.timeout === kept.socket.timeout;
    if (stands) kept.socket.unref();
    const isRefused = !stands && (agent.keepSocketAlive(socket) as unknown) === false;
    // Its type says nothing of the answer.
    if (isFull || isRefused || !socket.writable || socket.readableLength > 0) return socket.destroy();
    kept.timeout = kept.socket.timeout;
    kept.isIdle = true;
    sockets.push(kept);
  });

  const take = (sockets: Kept[]): Duplex | undefined => {
    for (;;) {
      const kept = scheduling === 'fifo' ? sockets.shift() : sockets.pop();
      if (!kept) return undefined;
      kept.isIdle = false;
      if (kept.socket.writable) return kept.socket;
    }
  };
  (agent as Connecting).addRequest = (request, options) => {
    const sockets = idle.get(originKeyOf(options));
    const socket = sockets && take(sockets);
    if (!socket) return addRequest.call(agent, request, options);
    agent.reuseSocket(socket, request);
    request.onSocket(socket as Socket);
  };
  return agent;
};

/** The parts of an origin, parsed once. */
interface Origin {
  readonly length: number;
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: string;
  readonly hostHeader: string;
}

const originOf = (url: string): Origin => {
  const { origin, protocol, host: hostHeader, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return { length: origin.length, isSecure: protocol === 'https:', host, port, hostHeader };
};

/** A flat list is written as it stands; from an object Node would build and check a second one. */
const headersOf = ({ hostHeader }: Origin, { method, headers, body }: LimitedInit): string[] => {
  const list = ['host', hostHeader];
  for (const name in headers) list.push(name, headers[name] as string);
  if (typeof body === 'string') list.push('content-length', String(Buffer.byteLength(body)));
  else if (body) list.push('transfer-encoding', 'chunked');
  else if (method !== 'GET') list.push('content-length', '0');
  return list;
};

/** Makes a transport with its own keep-alive connections. */
export const nodeTransport = (options: NodeTransportOptions = {}): NodeTransport => {
  const settings = { keepAlive: true, ...options };
  const agents = {
    http: shortenReuse(new HttpAgent(settings), options),
    https: shortenReuse(new HttpsAgent(settings), options),
  };
  const origins = new Map<string, Origin>();
  const send = (url: string, init: LimitedInit): ClientRequest => {
    const key = url.slice(0, url.indexOf('/', 8));
    let origin = origins.get(key);
    if (!origin) {
      origin = originOf(url);
      origins.set(key, origin);
    }
    const { isSecure, host, port, length } = origin;
    const target = { host, port, method: init.method, headers: headersOf(origin, init), path: url.slice(length) };
    return isSecure
      ? httpsRequest({ ...target, agent: agents.https })
      : httpRequest({ ...target, agent: agents.http, servername: '' } as RequestOptions);
  };
  const transport = (url: string, init: FetchInit): Promise<FetchAnswer> => {
    const { signal } = init;
    const request = send(url, init);
    const limit: FetchLimit = {
      get isOver() {
        return signal.aborted;
      },
      get reason() {
        return signal.reason;
      },
      onOver: undefined,
    };
    const onAbort = () => limit.onOver?.();
    signal.addEventListener('abort', onAbort, { once: true });
    request.on('close', () => signal.removeEventListener('abort', onAbort));
    return exchange(request, init, limit);
  };
  const limited = (url: string, init: LimitedInit, limit: FetchLimit) => exchange(send(url, init), init, limit);
  const close = () => {
    agents.http.destroy();
    agents.https.destroy();
  };
  return Object.assign(transport, { limited, close });
};

const exchange = (request: ClientRequest, { body, redirect }: LimitedInit, limit: FetchLimit): Promise<FetchAnswer> =>
  new Promise((resolve, reject) => {
    let incoming: IncomingMessage | undefined;
    const end = () => (incoming ?? request).destroy(limit.reason as Error);
    if (limit.isOver) end();
    limit.onOver = end;
    request.on('response', (message) => {
      incoming = message;
      const answer = new NodeAnswer(message);
      if (redirect === 'manual' || answer.status < 300 || answer.status > 399) return resolve(answer);
      reject(new TypeError('fetch failed', { cause: new Error('unexpected redirect') }));
      request.destroy();
    });
    request.on('error', (cause) => reject(limit.isOver ? limit.reason : new TypeError('fetch failed', { cause })));
    if (body === undefined || typeof body === 'string') request.end(body);
    // An answer may come before the body has ended; then the rest of the body has no reader, and its error no meaning.
    else pipeline(Readable.fromWeb(body as never), request, (error) => error && !incoming && request.destroy(error));
  });
