/**
 * A tenant for client tests: a real HTTP server whose answers the test writes. It grants tokens, records what arrived,
 * and answers everything that was not written with a problem, as the real one does.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What arrived. */
interface Seen {
  readonly method: string;
  /** Without the query, not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Visit extends Seen {
  /** How often this route was called, from 1. */
  readonly count: number;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** Sends JSON. */
  json(status: number, body: unknown, headers?: Record<string, string>): void;
  /** Sends a problem as the platform does. */
  problem(status: number, code: string, headers?: Record<string, string>): void;
}

type Handler = (visit: Visit) => unknown;

export interface FakeTenant {
  readonly url: string;
  /** Everything but token requests. */
  readonly seen: Seen[];
  readonly tokenRequests: Seen[];
  /** Answers `METHOD /path` (below `/api/v1`). `raw` handlers read the body themselves. */
  on(target: string, handler: Handler, kind?: 'raw'): void;
  /** Answers the token endpoint; by default tokens `token-1`, `token-2`, … that live an hour. */
  onToken(handler: Handler): void;
  /** Goes away, with every connection; at the end of the test it does so by itself. */
  close(): Promise<void>;
  /** Options of a client of this tenant. */
  readonly options: { tenantUrl: string; clientId: string; clientSecret: string; audience: string };
}

export const clientSecret = `sec/ret+value=with&signs*and "quotes"~`;

const readAll = async (incoming: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

const grant: Handler = ({ count, json }) => {
  json(200, { access_token: `token-number-${count}`, token_type: 'Bearer', expires_in: 3600 });
};

export const startTenant = async (): Promise<FakeTenant> => {
  const handlers = new Map<string, { handler: Handler; kind?: string | undefined; count: number }>();
  const seen: Seen[] = [];
  const tokenRequests: Seen[] = [];
  const sockets = new Set<Socket>();
  handlers.set('POST /oauth/token', { handler: grant, count: 0 });

  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(incoming.url as string, 'http://tenant');
    const method = incoming.method as string;
    const path = pathname.replace(/^\/api\/v1/, '');
    const entry = handlers.get(`${method} ${path}`);
    const body = entry?.kind === 'raw' ? '' : await readAll(incoming);
    const arrival = { method, path, query: searchParams, headers: incoming.headers, body };
    (path === '/oauth/token' ? tokenRequests : seen).push(arrival);
    const json = (status: number, value: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, {
        'content-type': 'application/json',
        'x-request-id': `req_${seen.length}`,
        ...headers,
      });
      response.end(JSON.stringify(value));
    };
    const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
      json(
        status,
        {
          type: 'about:blank',
          title: 'Title',
          status,
          code,
          detail: `Detail of ${code}`,
          request_id: `req_${seen.length}`,
        },
        { 'content-type': 'application/problem+json', ...headers },
      );
    if (!entry) return problem(404, 'route_not_found');
    entry.count++;
    await entry.handler({ ...arrival, count: entry.count, incoming, response, json, problem });
  };

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  onTestFinished(close);
  return {
    url,
    seen,
    tokenRequests,
    on: (target, handler, kind) => void handlers.set(target, { handler, kind, count: 0 }),
    onToken: (handler) => void handlers.set('POST /oauth/token', { handler, count: 0 }),
    close,
    options: { tenantUrl: url, clientId: 'app-under-test', clientSecret, audience: `${url}/api` },
  };
};

/** What a promise was rejected with. */
export const rejectionOf = async (promise: Promise<unknown>): Promise<Error & Record<string, unknown>> => {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('The promise was not rejected');
};
