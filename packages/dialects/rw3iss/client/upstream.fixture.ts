/** A server that answers as a test says, and writes down what it is asked; tokens, and a client of it. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type AuthClient, type AuthClientConfig, createAuthClient, MemoryTokenStore, NoOpLogger } from './index.ts';
import type { StoredTokens } from './ports.ts';

export interface Asked {
  readonly verb: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** As it was sent. */
  readonly body: string;
}
/** `cut`: the connection ends without an answer. */
export type Answer =
  | { readonly status?: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | 'cut';
export type Answering = (asked: Asked) => Answer | Promise<Answer>;

export interface Upstream extends AsyncDisposable {
  readonly url: string;
  readonly asked: Asked[];
  answering: Answering;
  /** How often this was asked for, as `POST /auth/refresh`. */
  count(verbAndUrl: string): number;
}

export const startUpstream = async (): Promise<Upstream> => {
  const asked: Asked[] = [];
  const server = createServer(async (incoming, response) => {
    const { method: verb = '', url = '', headers } = incoming;
    const request = { verb, url, headers, body: await text(incoming) };
    asked.push(request);
    const answer = await upstream.answering(request);
    if (answer === 'cut') return response.destroy();
    const { status = 200, body } = answer;
    const isText = typeof body === 'string';
    const type = body === undefined ? {} : { 'content-type': isText ? 'text/plain' : 'application/json' };
    response.writeHead(status, { ...type, ...answer.headers });
    response.end(body === undefined || isText ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const upstream: Upstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answering: () => ({ status: 204 }),
    count: (verbAndUrl) => asked.filter(({ verb, url }) => `${verb} ${url}` === verbAndUrl).length,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return upstream;
};

const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** 2099-01-01. */
export const LATE = 4_070_908_800;

export const claims = { uid: '11111111-1111-4111-8111-111111111111', email: 'a@example.test', exp: LATE };
export const jwt = (more: object = {}): string =>
  `${segment({ alg: 'HS256', typ: 'JWT' })}.${segment({ ...claims, ...more })}.c2lnbmVk`;

export const stored = (access_token = jwt(), refresh_token = 'r1', expires_at_seconds = LATE): StoredTokens => ({
  access_token,
  refresh_token,
  expires_at_seconds,
});

export const pair = (access_token = jwt(), refresh_token = 'r2', expires_in = 900) => ({
  access_token,
  refresh_token,
  token_type: 'Bearer',
  expires_in,
  expires_at: new Date(Date.now() + expires_in * 1000).toISOString(),
});

export const signIn = (uid = claims.uid, access_token = jwt({ uid })) => ({
  user: { id: uid, email: claims.email },
  tokens: pair(access_token),
});

/** An access token for each generation, so that a test sees which one was sent. */
export const generation = (jti: number): string => jwt({ jti });
export const bearer = (token: string): string => `Bearer ${token}`;

type Options = Partial<AuthClientConfig> & { readonly tokens?: StoredTokens };
/** Signed in with `tokens`, if there are; asks nobody by itself unless told to. */
export const clientOf = (upstream: Upstream, { tokens, ...config }: Options = {}): AuthClient =>
  createAuthClient({
    apiBaseUrl: upstream.url,
    bootstrap: 'lazy',
    autoRefresh: false,
    ...config,
    ports: { tokenStore: new MemoryTokenStore(tokens ?? null), logger: new NoOpLogger(), ...config.ports },
  });

/** What listeners are told from now on, in order. */
export const heard = (client: AuthClient): string[] => {
  const events: string[] = [];
  client.on('status_changed', ({ status }) => events.push(`status_changed ${status}`));
  client.on('logged_out', ({ reason }) => events.push(`logged_out ${reason}`));
  client.on('session_expired', () => events.push('session_expired'));
  client.on('token_refreshed', () => events.push('token_refreshed'));
  client.on('org_switched', ({ organizationId }) => events.push(`org_switched ${organizationId}`));
  return events;
};
