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
import { pipeline, Readable } from 'node:stream';
import type { Fetch, FetchAnswer, FetchHeaders, FetchInit } from './wire.ts';

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
const headersOf = ({ hostHeader }: Origin, { method, headers, body }: FetchInit): string[] => {
  const list = ['host', hostHeader];
  for (const name in headers) list.push(name, headers[name] as string);
  if (typeof body === 'string') list.push('content-length', String(Buffer.byteLength(body)));
  else if (body) list.push('transfer-encoding', 'chunked');
  else if (method !== 'GET') list.push('content-length', '0');
  return list;
};

/** Makes a transport with its own keep-alive connections. */
export const nodeTransport = (options: NodeTransportOptions = {}): NodeTransport => {
  const agents = {
    http: new HttpAgent({ keepAlive: true, ...options }),
    https: new HttpsAgent({ keepAlive: true, ...options }),
  };
  const origins = new Map<string, Origin>();
  const transport = (url: string, init: FetchInit): Promise<FetchAnswer> => {
    const key = url.slice(0, url.indexOf('/', 8));
    let origin = origins.get(key);
    if (!origin) {
      origin = originOf(url);
      origins.set(key, origin);
    }
    const { isSecure, host, port } = origin;
    const target = {
      host,
      port,
      method: init.method,
      headers: headersOf(origin, init),
      path: url.slice(origin.length),
    };
    const request = isSecure
      ? httpsRequest({ ...target, agent: agents.https })
      : httpRequest({ ...target, agent: agents.http, servername: '' } as RequestOptions);
    return exchange(request, init);
  };
  const close = () => {
    agents.http.destroy();
    agents.https.destroy();
  };
  return Object.assign(transport, { close });
};

const exchange = (request: ClientRequest, { body, redirect, signal }: FetchInit): Promise<FetchAnswer> =>
  new Promise((resolve, reject) => {
    let incoming: IncomingMessage | undefined;
    const onAbort = () => (incoming ?? request).destroy(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    request.on('close', () => signal.removeEventListener('abort', onAbort));
    request.on('response', (message) => {
      incoming = message;
      const answer = new NodeAnswer(message);
      if (redirect === 'manual' || answer.status < 300 || answer.status > 399) return resolve(answer);
      reject(new TypeError('fetch failed', { cause: new Error('unexpected redirect') }));
      request.destroy();
    });
    request.on('error', (cause) => reject(signal.aborted ? signal.reason : new TypeError('fetch failed', { cause })));
    if (body === undefined || typeof body === 'string') request.end(body);
    // An answer may come before the body has ended; then the rest of the body has no reader, and its error no meaning.
    else pipeline(Readable.fromWeb(body as never), request, (error) => error && !incoming && request.destroy(error));
  });
