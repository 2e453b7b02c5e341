/** Calls of the rw3iss dialect, as strangers and as people who signed in. */
import { uuidOf } from '@reeve/core';
import { ADMIN_EMAIL, ADMIN_PASSWORD, type TestServer } from './server.ts';

export interface Rw3issAnswer {
  readonly status: number;
  readonly body: never;
  readonly headers: Headers;
}
export type Rw3issCall = (
  verb: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Rw3issAnswer>;

/** Who is signed in. */
export interface Rw3issPerson {
  readonly call: Rw3issCall;
  readonly id: string;
  readonly tokens: { readonly access_token: string; readonly refresh_token: string };
}

/** `fetch` below `/rw3iss/api/v1`, with a bearer where there is one; a body is sent as JSON. */
export const rw3issCaller =
  (server: Pick<TestServer, 'url'>, bearer?: string): Rw3issCall =>
  async (verb, path, body, headers = {}) => {
    const response = await fetch(`${server.url}/rw3iss/api/v1${path}`, {
      method: verb,
      headers: {
        accept: 'application/json',
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
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

/** Signs somebody in; default: the administrator. */
export async function rw3issPerson(
  server: Pick<TestServer, 'url'>,
  login: Record<string, unknown> = { email: ADMIN_EMAIL, password: ADMIN_PASSWORD },
): Promise<Rw3issPerson> {
  const { status, body } = await rw3issCaller(server)('POST', '/auth/login', login);
  if (status !== 200) throw new Error(`The sign-in was answered ${status}: ${JSON.stringify(body)}`);
  const { user, tokens } = body as { user: { id: string }; tokens: Rw3issPerson['tokens'] };
  return { call: rw3issCaller(server, tokens.access_token), id: user.id, tokens };
}

/** What people of tests sign in with; it keeps the rule of this vendor. */
export const RW3ISS_PASSWORD = 'Correct-horse-1';

let people = 0;

/** Somebody new whom the directory knows by a native call, under their native id and the one that this vendor shows. */
export async function rw3issUser(
  server: Pick<TestServer, 'api'>,
  more: object = {},
): Promise<{ readonly email: string; readonly native: string; readonly id: string }> {
  const email = `person${++people}@example.com`;
  const body = { email, email_verified: true, password: RW3ISS_PASSWORD, ...more };
  const made = await server.api('POST', '/users', body);
  if (made.status !== 201) throw new Error(`No user was made: ${JSON.stringify(made.body)}`);
  const native = (made.body as { id: string }).id;
  return { email, native, id: uuidOf(native) };
}

/** The header of a token (RFC 7515 §4). */
export const headerIn = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()) as Record<string, unknown>;
