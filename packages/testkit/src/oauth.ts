/** Calls to the OAuth endpoints with plain `fetch`, as an application makes them. */
import { decodeJwt } from 'jose';
import { ADMIN_EMAIL, ADMIN_PASSWORD, CLIENT_ID, CLIENT_SECRET, type TestServer } from './server.ts';

export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly scope?: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly error?: string;
  readonly error_description?: string;
  readonly code?: string;
}

export interface OAuthResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: TokenAnswer & Record<string, unknown>;
}

type Parameters = Readonly<Record<string, string>>;

async function send(url: string, init: RequestInit): Promise<OAuthResponse> {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

/** Posts a form. */
export const postForm = (
  { url }: Pick<TestServer, 'url'>,
  path: string,
  parameters: Parameters,
  headers: Parameters = {},
): Promise<OAuthResponse> => send(url + path, { method: 'POST', headers, body: new URLSearchParams(parameters) });

/** Posts JSON. */
export const postJson = (
  { url }: Pick<TestServer, 'url'>,
  path: string,
  body: unknown,
  headers: Parameters = {},
): Promise<OAuthResponse> =>
  send(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

export const managementClient = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET } as const;

/** Asks for a token of the management application itself. */
export const askForToken = (server: Pick<TestServer, 'url'>, more: Parameters = {}): Promise<OAuthResponse> =>
  postForm(server, '/oauth/token', { grant_type: 'client_credentials', ...managementClient, ...more });

/** Signs in with a password, as the administrator unless `more` says otherwise. */
export const signInWith = (server: Pick<TestServer, 'url'>, more: Parameters = {}): Promise<OAuthResponse> =>
  postForm(server, '/oauth/token', {
    grant_type: 'password',
    username: ADMIN_EMAIL,
    password: ADMIN_PASSWORD,
    ...managementClient,
    ...more,
  });

/** Exchanges a refresh token. */
export const refreshWith = (
  server: Pick<TestServer, 'url'>,
  token: string | undefined,
  more: Parameters = {},
): Promise<OAuthResponse> =>
  postForm(server, '/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: token ?? '',
    ...managementClient,
    ...more,
  });

/** The claims of a token, unverified. */
export const claimsIn = (token: string | undefined): Record<string, unknown> => decodeJwt(token ?? '');

/** `fetch` with a bearer token; returns the status and the JSON. */
export async function withBearer(
  { url }: Pick<TestServer, 'url'>,
  token: string | undefined,
  path: string,
  init: RequestInit = {},
): Promise<OAuthResponse> {
  return send(url + path, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
}
