/** Calls of the GraphQL door, as the pool of the first start and as others. */
import { createPublicKey } from 'node:crypto';
import { CLIENT_ID, CLIENT_SECRET, type TestServer } from '@reeve/testkit';
import { expect } from 'vitest';

export interface Answer {
  readonly status: number;
  readonly data?: Readonly<Record<string, never>> | null;
  readonly errors?: readonly { readonly message: { readonly code: number; readonly message: string } }[];
}

export const CREATE = 'mutation ($info: CreateUserInput!) { createUser(userInfo: $info) { id username email } }';
export const UPDATE =
  'mutation ($id: String, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { id tokenExpiredAt } }';
const TOKEN =
  'query ($id: String!, $secret: String!) { accessToken(userPoolId: $id, secret: $secret) { accessToken exp iat } }';

/** What a defect is told as. */
export const DEFECT = /The server failed/;

export const codeOf = ({ errors }: Answer): number | undefined => errors?.[0]?.message.code;

/** The door of a server, and a management token for it. */
export async function openDoor(server: TestServer) {
  let count = 0;
  const ask = async (query: string, variables: object = {}, bearer: string | null = token): Promise<Answer> => {
    const response = await fetch(`${server.url}/authing/graphql/v2`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    return { status: response.status, ...((await response.json()) as object) };
  };
  const askToken = (id: string, secret: string) => ask(TOKEN, { id, secret }, null);
  const tokenFor = async (id: string, secret: string) => {
    const { data } = await askToken(id, secret);
    return (data as unknown as { accessToken: { accessToken: string } }).accessToken.accessToken;
  };
  const get = async (path: string, bearer?: string) => {
    const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const response = await fetch(`${server.url}/authing${path}`, { headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const token: string = await tokenFor(CLIENT_ID, CLIENT_SECRET);
  return {
    token,
    ask,
    askToken,
    get,
    /** A management token of a new application that holds these scopes. */
    async narrow(scopes: readonly string[]): Promise<string> {
      const name = `Narrow ${++count}`;
      const { body } = await server.api('POST', '/applications', { name, type: 'machine_to_machine', scopes });
      const { client_id, client_secret } = body as { client_id: string; client_secret: string };
      return tokenFor(client_id, client_secret);
    },
    async newUser(info: object = {}): Promise<{ id: string; username: string }> {
      const { data, errors } = await ask(CREATE, { info: { username: `u${++count}`, ...info } });
      expect(errors).toBeUndefined();
      return (data as unknown as { createUser: { id: string; username: string } }).createUser;
    },
    async key() {
      const { body } = await get('/api/v2/.well-known');
      return createPublicKey((body.data as { publicKey: string }).publicKey);
    },
  };
}
export type Door = Awaited<ReturnType<typeof openDoor>>;
