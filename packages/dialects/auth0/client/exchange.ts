/**
 * Sends one request and reads its whole answer, by the SDK's Node transport. Owns two invariants: nothing waits for ever,
 * and a redirect never takes the bearer to another origin.
 */
import { STATUS_CODES } from 'node:http';
import { globalAgent } from 'node:https';
import { type NodeTransport, type NodeTransportOptions, nodeTransport } from '@reeve/sdk/node';
import { type FetchAnswer, Limit } from '@reeve/sdk/runtime';

/** How connections are made. */
export interface ConnectionOptions {
  /** Default true: connections are used again. */
  readonly keepAlive?: boolean | undefined;
  /** URL of an HTTP proxy. */
  readonly proxy?: string | undefined;
  /** Longest time for one try (ms); default 60 000. */
  readonly timeout?: number | undefined;
}

export interface Outgoing {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
}

export interface Incoming {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Record<string, string>;
  readonly text: string;
}

const TIMEOUT = 60_000;
const MOST_REDIRECTS = 5;
/** An idle connection is dropped after this (ms), before the usual server does: a change must not meet a closed one. */
const IDLE = 4_000;
const ENCODINGS: readonly string[] = ['gzip', 'deflate'];

/** One pool of connections for all clients that connect alike. */
const transports = new Map<string, NodeTransport>();

const transportOf = ({ keepAlive = true, proxy }: ConnectionOptions): NodeTransport => {
  // What a program sets on Node's own agent is meant for every client in it.
  const { ca, rejectUnauthorized } = globalAgent.options;
  const key = JSON.stringify([keepAlive, proxy, rejectUnauthorized, String(ca ?? '')]);
  let transport = transports.get(key);
  if (!transport) {
    const proxyEnv = proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } };
    const trust = {
      ...(ca === undefined ? {} : { ca }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    };
    transport = nodeTransport({ keepAlive, timeout: IDLE, ...trust, ...proxyEnv } as NodeTransportOptions);
    transports.set(key, transport);
  }
  return transport;
};

/** @throws Error where this Node.js cannot use a proxy */
export const checkConnection = ({ proxy }: ConnectionOptions): void => {
  if (proxy === undefined) return;
  if (!URL.canParse(proxy)) throw new TypeError('proxy must be a URL');
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21)) return;
  throw new Error('proxy needs Node.js 22.21, 24.5 or newer');
};

const bodyOf = async (answer: FetchAnswer): Promise<string> => {
  const encoding = answer.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (!ENCODINGS.includes(encoding) || !answer.body) return answer.text();
  const bytes = answer.body as ReadableStream<Uint8Array<ArrayBuffer>>;
  return new Response(bytes.pipeThrough(new DecompressionStream(encoding as 'gzip' | 'deflate'))).text();
};

const once = async (request: Outgoing, options: ConnectionOptions): Promise<Incoming> => {
  const limit = new Limit(undefined, options.timeout ?? TIMEOUT);
  const { method, url, headers, body } = request;
  const init = { method, headers, redirect: 'manual' as const, ...(body === undefined ? {} : { body }) };
  try {
    const transport = transportOf(options);
    const answer = await (transport.limited as NonNullable<NodeTransport['limited']>)(url, init, limit);
    const text = await bodyOf(answer);
    const { status } = answer;
    const all = Object.fromEntries(answer.headers as unknown as Iterable<[string, string]>);
    return { status, statusText: STATUS_CODES[status] ?? '', headers: all, text };
  } catch (error) {
    throw limit.isOver ? timedOut(method, url) : causeOf(error);
  } finally {
    limit.end();
  }
};

const timedOut = (method: string, url: string): Error =>
  Object.assign(new Error(`${method} ${url.replace(/\?.*/s, '')}: no answer in time`), { code: 'ETIMEDOUT' });

/** What broke the connection, without the wrapping: its `code` is what callers look at. */
const causeOf = (error: unknown): unknown => {
  const cause = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  return cause instanceof AggregateError && !cause.message && cause.errors[0] instanceof Error
    ? cause.errors[0]
    : cause;
};

/** Sends, and follows redirects that stay at the same origin; any other redirect is handed back as it is. */
export const exchange = async (request: Outgoing, options: ConnectionOptions): Promise<Incoming> => {
  let outgoing = { ...request, headers: { 'accept-encoding': ENCODINGS.join(', '), ...request.headers } };
  for (let hops = 0; ; hops++) {
    const incoming = await once(outgoing, options);
    const { location } = incoming.headers;
    const { status } = incoming;
    const isRepeat = status === 307 || status === 308;
    if (!location || !(isRepeat || [301, 302, 303].includes(status)) || hops >= MOST_REDIRECTS) return incoming;
    const from = new URL(outgoing.url);
    const to = URL.canParse(location, from.href) ? new URL(location, from.href) : from;
    if (to.origin !== from.origin || (isRepeat && outgoing.method !== 'GET')) return incoming;
    outgoing = { ...outgoing, method: 'GET', url: to.href, body: undefined };
  }
};
