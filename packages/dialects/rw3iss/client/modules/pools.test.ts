/** The list of pools is kept for a minute, and never longer than it is true for this client. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AuthClient } from '../index.ts';
import { clientOf, signIn, startUpstream, stored, type Upstream } from '../upstream.fixture.ts';

let upstream: Upstream;
let client: AuthClient;
let now: number;
let asked: number;
beforeEach(async () => {
  upstream = await startUpstream();
  now = 1000;
  asked = 0;
  upstream.answering = ({ verb, url }) => {
    if (url.startsWith('/auth')) return { body: signIn('other') };
    return verb === 'GET' ? { body: { namespaces: [{ namespace: `p${++asked}` }] } } : { status: 204 };
  };
  client = clientOf(upstream, { tokens: stored(), ports: { clock: { nowSeconds: () => now } } });
});
afterEach(() => upstream[Symbol.asyncDispose]());
const first = async (options?: { forceRefresh: boolean }) => (await client.pools.list(options))[0]?.namespace;

it('asks again after 60 s, or when told to', async () => {
  expect(await first()).toBe('p1');
  now += 59;
  expect(await first()).toBe('p1');
  now += 1;
  expect(await first()).toBe('p2');
  expect(await first({ forceRefresh: true })).toBe('p3');
  expect(await first()).toBe('p3');
});

it.each([
  ['setUserHome', () => client.pools.setUserHome('u', 'p')],
  ['addUser', () => client.pools.addUser('u', 'p')],
  ['removeUser', () => client.pools.removeUser('u', 'p')],
])('%s makes it ask again, if it succeeds', async (_name, change) => {
  await first();
  const { answering } = upstream;
  upstream.answering = () => ({ status: 409 });
  await expect(change()).rejects.toThrow('409');
  upstream.answering = answering;
  expect(await first()).toBe('p1');
  await change();
  expect(await first()).toBe('p2');
});

it('does not keep what was asked before a change', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { answering } = upstream;
  upstream.answering = async (asked) => {
    const answer = answering(asked);
    if (asked.verb === 'GET') await held;
    return answer;
  };
  const early = first();
  await client.pools.addUser('u', 'p');
  release();
  expect(await early).toBe('p1');
  expect(await first()).toBe('p2');
});

it('is not shown to the next who signs in, nor spoilt by who has it', async () => {
  const pools = (await client.pools.list()) as { namespace: string }[];
  pools.length = 0;
  expect(await first()).toBe('p1');
  await client.auth.login({ email: 'a', password: 'b' });
  expect(await first()).toBe('p2');
});
