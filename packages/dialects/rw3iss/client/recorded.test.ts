/** The recorded calls of the contract, replayed: what is sent, what comes back, and what the session is afterwards. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AuthClient, createAuthClient, MemoryTokenStore, NoOpLogger } from './index.ts';
import { type Answer, claims, jwt, startUpstream, stored, type Upstream } from './upstream.fixture.ts';

interface Row {
  readonly id: string;
  readonly surface: string;
  readonly example?: {
    readonly signed_in: boolean;
    readonly args: readonly unknown[];
    readonly requests: readonly {
      readonly verb: string;
      readonly url: string;
      readonly auth: boolean;
      readonly body: unknown;
    }[];
    readonly responses: readonly { readonly status: number; readonly body?: unknown }[];
    readonly returns: unknown;
    readonly after?: Readonly<Record<string, unknown>>;
  };
}
const { methods } = JSON.parse(readFileSync(new URL('../contract/rw3iss.json', import.meta.url), 'utf8')) as {
  methods: Row[];
};
const recorded = methods.filter(({ example }) => example);

const JWT = jwt();
const places: Readonly<Record<string, unknown>> = {
  $JWT: JWT,
  $IMPJWT: jwt({ imp_uid: 'admin' }),
  $CLAIMS: claims,
};
/** Puts in what the contract has names for. */
const filled = (value: unknown): unknown => {
  if (typeof value === 'string') return places[value] ?? value;
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== 'object' || value === null) return value;
  if ('$undefined' in value) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner)]));
};

/** Calls `client.users.list` and the like. */
const call = (client: AuthClient, surface: string, args: readonly unknown[]): unknown => {
  const path = surface.replace(/^client\./, '').split('.');
  const method = path.pop() as string;
  const holder = path.reduce((object, name) => (object as Record<string, unknown>)[name], client as unknown) as Record<
    string,
    (...args: readonly unknown[]) => unknown
  >;
  return holder[method]?.(...args);
};

/** What `fetch` of Node.js adds by itself. */
const ofFetch = /^(host|connection|accept-language|sec-fetch-mode|user-agent|accept-encoding|content-length)$/;

let upstream: Upstream;
let replayed = 0;
beforeAll(async () => {
  upstream = await startUpstream();
});
beforeEach(() => {
  upstream.asked.length = 0;
});
afterAll(() => upstream[Symbol.asyncDispose]());

describe('each recorded call', () => {
  it.each(recorded.map((row) => [row.id, row] as const))('%s', async (_id, { surface, example }) => {
    if (!example) throw new Error('no example');
    const answers = [...example.responses];
    upstream.answering = () => filled(answers.shift()) as Answer;
    const client = createAuthClient({
      apiBaseUrl: `${upstream.url}/api/v1//`,
      appCode: 'demo',
      bootstrap: example.signed_in ? 'lazy' : 'auto',
      ports: { tokenStore: new MemoryTokenStore(example.signed_in ? stored(JWT) : null), logger: new NoOpLogger() },
    });
    await client.ready();

    expect(await call(client, surface, example.args)).toStrictEqual(filled(example.returns));

    expect(upstream.asked).toHaveLength(example.requests.length);
    for (const [at, { verb, url, auth, body }] of example.requests.entries()) {
      const asked = upstream.asked[at];
      expect({ verb: asked?.verb, url: asked?.url }).toEqual({ verb, url: `/api/v1${url}` });
      expect(asked?.body).toBe(body === null ? '' : JSON.stringify(body));
      const sent = Object.entries(asked?.headers ?? {}).filter(([name]) => !ofFetch.test(name));
      expect(Object.fromEntries(sent)).toEqual({
        accept: 'application/json',
        ...(body === null ? {} : { 'content-type': 'application/json' }),
        ...(auth ? { authorization: `Bearer ${JWT}` } : {}),
      });
      if (verb === 'POST' && body === null) expect(asked?.headers['content-length']).toBe('0');
    }
    expect(answers).toEqual([]);
    for (const [name, value] of Object.entries(example.after ?? {})) expect(call(client, name, [])).toEqual(value);
    client.destroy();
    replayed++;
  });
});

it('replays every call that was recorded, and knows every method', () => {
  expect(recorded).toHaveLength(85);
  expect(replayed).toBe(85);
  const client = createAuthClient({ apiBaseUrl: upstream.url, bootstrap: 'offline' });
  const found = methods.filter(({ surface }) => {
    const path = surface.replace(/^client\./, '').split('.');
    const method = path.reduce((object, name) => (object as Record<string, unknown>)[name], client as unknown);
    return typeof method === 'function' || surface === 'createAuthClient';
  });
  expect(found).toHaveLength(methods.length);
});
