/** Calls of Auth0's Management API on a booted server. */
import { auth0 } from '@reeve/auth0/server';
import type { TestServer } from './server.ts';

/** Every scope that a row asks for. */
export const auth0Scopes = [...new Set(auth0.rows.flatMap(({ scopes }) => scopes))].filter(
  (scope) => !scope.includes('current_user'),
);

export interface Auth0Answer {
  readonly status: number;
  readonly body: never;
  readonly headers: Headers;
}

export type Auth0Call = (verb: string, path: string, body?: unknown) => Promise<Auth0Answer>;

/** `fetch` on `/api/v2` with a token of these scopes. */
export async function auth0Caller(
  server: TestServer,
  scopes: readonly string[] = auth0Scopes,
  claims: Record<string, unknown> = {},
): Promise<Auth0Call> {
  const token = await server.token(scopes, { aud: `https://${new URL(server.url).host}/api/v2/`, ...claims });
  return async (verb, path, body) => {
    const response = await fetch(`${server.url}/api/v2${path}`, {
      method: verb,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: (text === '' ? undefined : JSON.parse(text)) as never,
      headers: response.headers,
    };
  };
}
