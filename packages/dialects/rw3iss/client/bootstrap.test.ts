/** Who is signed in when a client is made, for each way of finding out. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryTokenStore, OfflineModeError, UnauthenticatedError } from './index.ts';
import {
  bearer,
  claims,
  clientOf,
  generation,
  heard,
  jwt,
  pair,
  signIn,
  startUpstream,
  stored,
  type Upstream,
} from './upstream.fixture.ts';

let upstream: Upstream;
beforeEach(async () => {
  upstream = await startUpstream();
});
afterEach(() => upstream[Symbol.asyncDispose]());

const ME = 'GET /auth/me';
const REFRESH = 'POST /auth/refresh';
const me = { status: 200, body: { user_id: claims.uid } };
const urls = () => upstream.asked.map(({ verb, url }) => `${verb} ${url}`);

it('auto asks the server who the stored tokens are', async () => {
  upstream.answering = () => me;
  const client = clientOf(upstream, { bootstrap: 'auto', tokens: stored() });
  expect(client.getSnapshot()).toMatchObject({ status: 'bootstrapping', ready: false });
  expect(client.isReady()).toBe(false);
  expect(await client.ready()).toEqual({
    status: 'authenticated',
    ready: true,
    user: { id: claims.uid, email: claims.email },
    claims,
    isImpersonating: false,
    error: null,
  });
  expect(client.isReady()).toBe(true);
  expect(urls()).toEqual([ME]);
});

it('auto renews first what is about to end', async () => {
  const soon = stored(generation(1), 'r1', Math.floor(Date.now() / 1000) + 60);
  upstream.answering = ({ url }) => (url === '/auth/refresh' ? { body: { tokens: pair(generation(2)) } } : me);
  const client = clientOf(upstream, { bootstrap: 'auto', tokens: soon });
  expect((await client.ready()).status).toBe('authenticated');
  expect(urls()).toEqual([REFRESH, ME]);
  expect(upstream.asked[1]?.headers.authorization).toBe(bearer(generation(2)));
});

it('auto renews once after a 401 and asks again', async () => {
  upstream.answering = ({ url, headers }) => {
    if (url === '/auth/refresh') return { body: { tokens: pair(generation(2)) } };
    return headers.authorization === bearer(generation(2)) ? me : { status: 401 };
  };
  const client = clientOf(upstream, { bootstrap: 'auto', tokens: stored(generation(1)) });
  expect(await client.ready()).toMatchObject({ status: 'authenticated', error: null });
  expect(urls()).toEqual([ME, REFRESH, ME]);
});

it.each(['about to end', 'refused'])('a refused renewal of tokens %s clears the store', async (kind) => {
  upstream.answering = () => ({ status: 401 });
  const tokenStore = new MemoryTokenStore(kind === 'refused' ? stored() : stored(jwt(), 'r1', 1));
  const client = clientOf(upstream, { bootstrap: 'auto', ports: { tokenStore } });
  const events = heard(client);
  expect(await client.ready()).toMatchObject({ status: 'anonymous', ready: true, user: null, claims: null });
  expect(await tokenStore.get()).toBeNull();
  expect(events).toEqual(['status_changed anonymous', 'logged_out session_expired', 'session_expired']);
});

it('a 401 that outlives the renewal leaves the tokens and says why', async () => {
  upstream.answering = ({ url }) => (url === '/auth/refresh' ? { body: { tokens: pair() } } : { status: 401 });
  const tokenStore = new MemoryTokenStore(stored());
  const client = clientOf(upstream, { bootstrap: 'auto', ports: { tokenStore } });
  const { status, error } = await client.ready();
  expect(status).toBe('anonymous');
  expect(error).toBeInstanceOf(UnauthenticatedError);
  expect((await tokenStore.get())?.refresh_token).toBe('r2');
});

it.each([
  ['cut' as const, 'TypeError'],
  [{ status: 403 }, 'ForbiddenError'],
  [{ status: 404, body: 'no such page' }, 'NotFoundError'],
])('what is no refusal of the tokens (%j) keeps them', async (answer, name) => {
  upstream.answering = () => answer;
  const tokenStore = new MemoryTokenStore(stored());
  const client = clientOf(upstream, { bootstrap: 'auto', ports: { tokenStore } });
  const { status, error } = await client.ready();
  expect(status).toBe('authenticated');
  expect((error as Error).name).toBe(name);
  expect(await tokenStore.get()).toEqual(stored());
});

it('a store that fails is told in the snapshot', async () => {
  const failure = new Error('locked');
  const get = () => Promise.reject(failure);
  const client = clientOf(upstream, { ports: { tokenStore: { get, set: async () => {}, clear: async () => {} } } });
  expect(await client.ready()).toMatchObject({ status: 'anonymous', ready: true, error: failure });
});

it('lazy believes tokens that have not ended, and asks nobody', async () => {
  const client = clientOf(upstream, { bootstrap: 'lazy', tokens: stored() });
  expect((await client.ready()).status).toBe('authenticated');
  const ended = clientOf(upstream, { bootstrap: 'lazy', tokens: stored(jwt({ exp: 1 })) });
  expect((await ended.ready()).status).toBe('anonymous');
  expect(ended.auth.isAuthenticated()).toBe(false);
  expect(upstream.asked).toEqual([]);
});

it('offline is ready at once and never sends', async () => {
  const client = clientOf(upstream, { bootstrap: 'offline', tokens: stored() });
  expect(client.getSnapshot()).toMatchObject({ status: 'offline', ready: true });
  expect(client.isOfflineMode()).toBe(true);
  await expect(client.users.list()).rejects.toBeInstanceOf(OfflineModeError);
  await expect(client.auth.login({ email: 'a', password: 'b' })).rejects.toMatchObject({ code: 'offline_mode' });
  await expect(client.auth.logout()).resolves.toBeUndefined();
  expect(client.getStatus()).toBe('offline');
  expect(upstream.asked).toEqual([]);
});

it('who signs in before it is settled stays signed in', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  upstream.answering = async ({ url }) => {
    if (url === '/auth/login') return { body: signIn('second') };
    await held;
    return { status: 401 };
  };
  const client = clientOf(upstream, { bootstrap: 'auto', tokens: stored() });
  await client.auth.login({ email: 'a', password: 'b' });
  release();
  await client.ready();
  expect(client.getSnapshot()).toMatchObject({ status: 'authenticated', user: { id: 'second' } });
});

it.each([undefined, null, {}, { apiBaseUrl: '' }, { apiBaseUrl: 7 }])('apiBaseUrl is asked for, not %j', (config) => {
  expect(() => clientOf(upstream, { ...config, apiBaseUrl: (config as { apiBaseUrl: string })?.apiBaseUrl })).toThrow(
    'apiBaseUrl is required',
  );
});

it.each([
  [{ bootstrap: 'never' as 'lazy' }, 'bootstrap'],
  [{ refreshLeewaySeconds: -1 }, 'refreshLeewaySeconds'],
  [{ idleTimeoutMs: Number.NaN }, 'idleTimeoutMs'],
])('%j is refused by name', (config, name) => {
  expect(() => clientOf(upstream, config)).toThrow(name);
});
