/** When tokens are renewed, how often, and what a refusal does. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AuthClient, MemoryTokenStore, type Transport, type TransportResponse } from './index.ts';
import {
  type Answering,
  bearer,
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
let tokenStore: MemoryTokenStore;
beforeEach(async () => {
  upstream = await startUpstream();
  tokenStore = new MemoryTokenStore(stored(generation(0), 'r0'));
});
afterEach(() => upstream[Symbol.asyncDispose]());

const REFRESH = 'POST /auth/refresh';
/** A server as it should be: only the newest access token is good, and each refresh token is so once. */
const rotating = (): Answering => {
  let newest = 0;
  return async ({ url, headers, body }) => {
    if (url === '/auth/refresh') {
      if (JSON.parse(body).refresh_token !== `r${newest}`) return { status: 401 };
      newest++;
      return { body: { tokens: pair(generation(newest), `r${newest}`) } };
    }
    const isGood = newest > 0 && headers.authorization === bearer(generation(newest));
    return isGood ? { body: { user_id: 'u' } } : { status: 401 };
  };
};
const started = async (config = {}): Promise<AuthClient> => {
  const client = clientOf(upstream, { ports: { tokenStore }, ...config });
  await client.ready();
  return client;
};
const twenty = <T>(work: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 20 }, work));

describe('on a 401', () => {
  it('twenty calls at once renew once, and all succeed', async () => {
    upstream.answering = rotating();
    const client = await started();
    const users = await twenty(() => client.auth.whoami());
    expect(users.map(({ id }) => id)).toEqual(Array(20).fill('u'));
    expect(upstream.count(REFRESH)).toBe(1);
    expect(upstream.count('GET /auth/me')).toBe(40);
  });

  it('who comes late with the old token gets the new one', async () => {
    const answer = rotating();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    upstream.answering = async (asked) => {
      const isLate = asked.url === '/me/orgs' && asked.headers.authorization === bearer(generation(0));
      if (isLate) await held;
      return answer(asked);
    };
    const client = await started();
    const late = client.account.getMyOrgs();
    await client.auth.whoami();
    release();
    expect(await late).toEqual([]);
    expect(upstream.count(REFRESH)).toBe(1);
    expect(upstream.asked.at(-1)?.headers.authorization).toBe(bearer(generation(1)));
  });

  it('a refused renewal ends the session once, and the first 401 is what is told', async () => {
    upstream.answering = () => ({ status: 401, body: { error: { code: 'TOKEN_REVOKED', message: 'revoked' } } });
    const client = await started();
    const events = heard(client);
    const outcomes = await twenty(() => client.auth.whoami().catch((error: unknown) => error));
    for (const error of outcomes) expect(error).toMatchObject({ name: 'UnauthenticatedError', message: 'revoked' });
    expect(events).toEqual(['status_changed anonymous', 'logged_out session_expired', 'session_expired']);
    expect(await tokenStore.get()).toBeNull();
    expect(upstream.count(REFRESH)).toBe(1);
  });

  it.each([{ status: 503 }, { status: 429 }, 'cut' as const])(
    'a renewal that fails by %j keeps the session',
    async (answer) => {
      upstream.answering = ({ url }) => (url === '/auth/refresh' ? answer : { status: 401 });
      const client = await started();
      const events = heard(client);
      await expect(client.auth.whoami()).rejects.toMatchObject({ status: 401 });
      expect(events).toEqual([]);
      expect(await tokenStore.get()).toEqual(stored(generation(0), 'r0'));
      // A second use of a refresh token would end the session at the server.
      expect(upstream.count(REFRESH)).toBe(1);
    },
  );

  it('authenticatedRequest resolves with whatever is answered', async () => {
    upstream.answering = rotating();
    const client = await started();
    const request = { method: 'POST', url: '/own', body: { a: 1 } };
    expect(await client.authenticatedRequest(request)).toMatchObject({ status: 200, ok: true, body: { user_id: 'u' } });
    expect(upstream.asked.map(({ url, body }) => [url, body])).toEqual([
      ['/own', '{"a":1}'],
      ['/auth/refresh', '{"refresh_token":"r0"}'],
      ['/own', '{"a":1}'],
    ]);
    upstream.answering = () => ({ status: 401, body: 'no' });
    expect(await client.authenticatedRequest({ method: 'GET', url: `${upstream.url}/whole` })).toMatchObject({
      status: 401,
      ok: false,
      body: 'no',
    });
    expect(upstream.asked.at(-2)?.url).toBe('/whole');
  });

  it.each(['/auth/refresh', '/auth/logout'])('a 401 of %s renews nothing', async (url) => {
    upstream.answering = () => ({ status: 401 });
    const client = await started();
    expect(await client.authenticatedRequest({ method: 'POST', url })).toMatchObject({ status: 401 });
    expect(upstream.asked).toHaveLength(1);
  });

  it('autoRetryOn401: false leaves it to the caller, as does a client without tokens', async () => {
    upstream.answering = () => ({ status: 401 });
    const client = await started({ autoRetryOn401: false });
    await expect(client.auth.whoami()).rejects.toMatchObject({ status: 401 });
    await tokenStore.clear();
    await expect((await started()).auth.whoami()).rejects.toMatchObject({ status: 401 });
    expect(upstream.asked).toHaveLength(2);
  });
});

describe('on demand', () => {
  it('twenty refreshes at once are one', async () => {
    upstream.answering = rotating();
    const client = await started();
    const events = heard(client);
    const pairs = await twenty(() => client.auth.refresh());
    expect(new Set(pairs).size).toBe(1);
    expect(upstream.count(REFRESH)).toBe(1);
    expect(events).toEqual(['token_refreshed']);
    expect(await tokenStore.get()).toMatchObject({ access_token: generation(1), refresh_token: 'r1' });
  });

  it('another organization is a refresh of its own, after the one that is on its way', async () => {
    upstream.answering = rotating();
    const client = await started();
    const events = heard(client);
    await Promise.all([client.auth.refresh(), client.auth.switchOrg('o1'), client.auth.refresh()]);
    expect(upstream.asked.map(({ body }) => JSON.parse(body))).toEqual([
      { refresh_token: 'r0' },
      { refresh_token: 'r1', organization_id: 'o1' },
      { refresh_token: 'r2' },
    ]);
    expect(events.filter((event) => event !== 'token_refreshed')).toEqual(['org_switched o1']);
    expect(events).toHaveLength(4);
  });

  it('takes the bare pair that the upstream server answers with', async () => {
    upstream.answering = () => ({ body: pair(generation(1), 'r1') });
    const client = await started();
    expect((await client.auth.refresh()).refresh_token).toBe('r1');
    expect((await tokenStore.get())?.refresh_token).toBe('r1');
  });

  it.each([{ status: 204 }, { body: {} }, { body: { tokens: {} } }])(
    '%j is no pair, and the old one stays',
    async (answer) => {
      upstream.answering = () => answer;
      const client = await started();
      await expect(client.auth.refresh()).rejects.toThrow('no tokens');
      expect(await tokenStore.get()).toEqual(stored(generation(0), 'r0'));
    },
  );

  it('rejects without a request when nobody is signed in', async () => {
    await tokenStore.clear();
    await expect((await started()).auth.refresh()).rejects.toThrow('not signed in');
    expect(upstream.asked).toEqual([]);
  });

  it('getAccessToken renews inside of the leeway, and is null where that fails', async () => {
    upstream.answering = rotating();
    const now = 1_000_000;
    const client = await started({ ports: { tokenStore, clock: { nowSeconds: () => now } } });
    await tokenStore.set(stored(generation(0), 'r0', now + 61));
    expect(await client.auth.getAccessToken()).toBe(generation(0));
    await tokenStore.set(stored(generation(0), 'r0', now + 60));
    expect(await client.auth.getAccessToken()).toBe(generation(1));
    await tokenStore.set(stored(generation(1), 'used', now));
    expect(await client.auth.getAccessToken()).toBeNull();
    expect(await tokenStore.get()).toBeNull();
    expect(await client.auth.getAccessToken()).toBeNull();
    expect(upstream.count(REFRESH)).toBe(2);
  });

  it('a token whose answer was lost is sent again; where the server had it, that ends the session, once', async () => {
    const answer = rotating();
    upstream.answering = async (asked) => {
      await answer(asked);
      return 'cut' as const;
    };
    const client = await started();
    const events = heard(client);
    await expect(client.auth.refresh()).rejects.toThrow('fetch failed');
    expect(events).toEqual([]);
    upstream.answering = answer;
    await expect(client.auth.refresh()).rejects.toMatchObject({ status: 401 });
    expect(events).toEqual(['status_changed anonymous', 'logged_out session_expired', 'session_expired']);
    expect(await tokenStore.get()).toBeNull();
    await expect(client.auth.refresh()).rejects.toThrow('not signed in');
    expect(upstream.asked.map(({ body }) => JSON.parse(body).refresh_token)).toEqual(['r0', 'r0']);
  });

  it('a token whose answer was lost is sent again; where the server had it not, the session goes on', async () => {
    upstream.answering = () => 'cut';
    const client = await started();
    await expect(client.auth.refresh()).rejects.toThrow('fetch failed');
    upstream.answering = rotating();
    expect((await client.auth.refresh()).refresh_token).toBe('r1');
  });

  it('is not refused by a 409: the session stays, and the next refresh sends the same token', async () => {
    upstream.answering = () => ({ status: 409, body: { error: { code: 'CONFLICT', message: 'still running' } } });
    const client = await started();
    const events = heard(client);
    await expect(client.auth.refresh()).rejects.toMatchObject({ status: 409 });
    expect([client.getStatus(), events]).toEqual(['authenticated', []]);
    upstream.answering = rotating();
    expect((await client.auth.refresh()).refresh_token).toBe('r1');
  });

  it.each([
    [401, 'TOKEN_REVOKED', null],
    [403, 'NOT_ORGANIZATION_MEMBER', 'r0'],
  ])('another organization refused with %i %s leaves the token %s', async (status, code, left) => {
    upstream.answering = () => ({ status, body: { error: { code, message: 'no' } } });
    const client = await started();
    await expect(client.auth.switchOrg('o1')).rejects.toMatchObject({ serverCode: code });
    expect((await tokenStore.get())?.refresh_token ?? null).toBe(left);
    expect(client.getStatus()).toBe(left ? 'authenticated' : 'anonymous');
  });

  it('a refusal leaves the pair that another client has put in the place of the refused one', async () => {
    const next = stored(jwt({ uid: 'next' }), 'next');
    upstream.answering = async () => {
      await tokenStore.set(next);
      return { status: 401 };
    };
    const client = await started();
    const events = heard(client);
    await expect(client.auth.refresh()).rejects.toMatchObject({ status: 401 });
    expect(await tokenStore.get()).toEqual(next);
    expect(client.auth.getCurrentUser()?.id).toBe('next');
    expect(events).toEqual([]);
  });
});

describe('what began under one identity', () => {
  it('does not write into the next one’s: a refresh, and acting as another', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    upstream.answering = async ({ url }) => {
      if (url !== '/auth/refresh') return { body: signIn('target') };
      await held;
      return { body: { tokens: pair(generation(9), 'admin') } };
    };
    const client = await started();
    const refresh = client.auth.refresh().catch((error: unknown) => error);
    await client.users.impersonate({ targetUserId: 'target', reason: 'r' });
    release();
    expect(await refresh).toBeInstanceOf(Error);
    expect(client.auth.getCurrentUser()?.id).toBe('target');
    expect((await tokenStore.get())?.refresh_token).toBe('r2');
  });

  it('does not sign in again: a sign-out waits for the refresh and revokes what it brought', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    upstream.answering = async ({ url }) => {
      if (url !== '/auth/refresh') return {};
      await held;
      return { body: { tokens: pair(generation(1), 'r1') } };
    };
    const client = await started();
    const refresh = client.auth.refresh();
    const logout = client.auth.logout();
    release();
    await Promise.all([refresh, logout]);
    expect(upstream.asked.at(-1)).toMatchObject({ url: '/auth/logout', body: '{"refresh_token":"r1"}' });
    expect(await tokenStore.get()).toBeNull();
    expect(client.getStatus()).toBe('anonymous');
  });
});

describe('in the background', () => {
  const now = 1_000_000;
  const clock = { nowSeconds: () => now };
  let clients: AuthClient[];
  let sent: string[];
  let answer: () => Promise<TransportResponse>;
  const transport: Transport = {
    request: async ({ method, url, body }) => {
      sent.push(`${method} ${new URL(url).pathname} ${JSON.stringify(body ?? null)}`);
      return answer();
    },
  };
  const pairIn = (seconds: number, token = 'r1') => ({
    ...pair(generation(1), token),
    expires_at: new Date((now + seconds) * 1000).toISOString(),
  });
  const login = async (seconds: number, config = {}): Promise<AuthClient> => {
    answer = async () => ({ status: 200, ok: true, headers: {}, body: { user: { id: 'u' }, tokens: pairIn(seconds) } });
    const client = clientOf(upstream, { autoRefresh: true, ports: { tokenStore, clock, transport }, ...config });
    clients.push(client);
    await client.auth.login({ email: 'a', password: 'b' });
    sent = [];
    answer = async () => ({ status: 200, ok: true, headers: {}, body: { tokens: pairIn(900, 'r9') } });
    return client;
  };
  beforeEach(async () => {
    clients = [];
    sent = [];
    await tokenStore.clear();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    // One that lived on would hear the others late, and plan within the next test.
    for (const client of clients) client.destroy();
    vi.useRealTimers();
  });

  it.each([
    [900, 840],
    [61, 1],
    [60, 1],
    [10, 1],
    [60 + 21_600, 21_600],
    [1_000_000, 21_600],
  ])('tokens of %i s are renewed after %i s', async (lifetime, delay) => {
    await login(lifetime);
    await vi.advanceTimersByTimeAsync(delay * 1000 - 1);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toEqual(['POST /auth/refresh {"refresh_token":"r1"}']);
    expect((await tokenStore.get())?.refresh_token).toBe('r9');
    await vi.advanceTimersByTimeAsync(840_000);
    expect(sent).toHaveLength(2);
  });

  it('refreshLeewaySeconds moves it', async () => {
    await login(900, { refreshLeewaySeconds: 300 });
    await vi.advanceTimersByTimeAsync(599_999);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toHaveLength(1);
  });

  it('autoRefresh: false, a sign-out and destroy plan nothing', async () => {
    await login(900, { autoRefresh: false });
    expect(vi.getTimerCount()).toBe(0);
    const client = await login(900);
    expect(vi.getTimerCount()).toBe(1);
    await client.auth.logout();
    expect(vi.getTimerCount()).toBe(0);
    const other = await login(900);
    other.destroy();
    expect(vi.getTimerCount()).toBe(0);
    await other.auth.refresh();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('what fails on the way is tried again, later each time; a refusal ends the session, and no more is planned', async () => {
    const client = await login(900);
    const errors: unknown[] = [];
    client.on('error', ({ error }) => errors.push(error));
    const events = heard(client);
    answer = () => Promise.reject(new TypeError('fetch failed'));
    await vi.advanceTimersByTimeAsync(840_000);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(9999);
    expect(sent).toHaveLength(2);
    expect(client.getStatus()).toBe('authenticated');
    answer = async () => ({ status: 401, ok: false, headers: {}, body: {} });
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toHaveLength(3);
    expect(errors).toMatchObject([{ message: 'fetch failed' }, { message: 'fetch failed' }]);
    expect(events).toEqual(['status_changed anonymous', 'logged_out session_expired', 'session_expired']);
    expect(await tokenStore.get()).toBeNull();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a pair that another client has renewed meanwhile is taken over', async () => {
    const client = await login(900);
    await tokenStore.set(stored(jwt({ uid: 'u', jti: 'other' }), 'other', now + 900));
    await vi.advanceTimersByTimeAsync(840_000);
    expect(sent).toEqual([]);
    expect(client.auth.getClaims()?.jti).toBe('other');
    expect(vi.getTimerCount()).toBe(1);
  });

  it('auto plans for stored tokens, lazy only for what it gets itself', async () => {
    await tokenStore.set(stored(generation(0), 'r0', now + 900));
    answer = async () => ({ status: 200, ok: true, headers: {}, body: { user_id: 'u' } });
    const ports = { tokenStore, clock, transport };
    await clientOf(upstream, { autoRefresh: true, bootstrap: 'lazy', ports }).ready();
    expect(vi.getTimerCount()).toBe(0);
    await clientOf(upstream, { autoRefresh: true, bootstrap: 'auto', ports }).ready();
    expect(vi.getTimerCount()).toBe(1);
  });
});
