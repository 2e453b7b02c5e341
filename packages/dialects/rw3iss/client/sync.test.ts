/** Clients that share a store sign in and out together; others never hear of each other. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type AuthClient,
  type AuthEventType,
  type Broadcast,
  type BroadcastMessage,
  createAuthClient,
  MemoryTokenStore,
  NoOpLogger,
} from './index.ts';
import { clientOf, generation, jwt, pair, signIn, startUpstream, stored, type Upstream } from './upstream.fixture.ts';

let upstream: Upstream;
let clients: AuthClient[];
beforeEach(async () => {
  upstream = await startUpstream();
  upstream.answering = ({ url }) =>
    url === '/auth/refresh' ? { body: { tokens: pair(generation(1), 'r1') } } : { body: signIn('u') };
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  vi.unstubAllGlobals();
  await upstream[Symbol.asyncDispose]();
});
const made = async (config: Parameters<typeof clientOf>[1] = {}): Promise<AuthClient> => {
  const client = clientOf(upstream, config);
  clients.push(client);
  await client.ready();
  return client;
};
const login = (client: AuthClient) => client.auth.login({ email: 'a', password: 'b' });
const next = (client: AuthClient, type: AuthEventType) => new Promise<unknown>((resolve) => client.on(type, resolve));

describe('in Node.js', () => {
  it('two clients with one store sign in, renew and sign out together', async () => {
    const ports = { tokenStore: new MemoryTokenStore() };
    const [one, two] = [await made({ ports }), await made({ ports })];
    const signedIn = next(two, 'status_changed');
    await login(one);
    expect(await signedIn).toMatchObject({ status: 'authenticated' });
    expect(two.auth.getCurrentUser()?.id).toBe('u');

    const renewed = new Promise((resolve) => two.subscribe(resolve));
    await one.auth.refresh();
    await renewed;
    expect(two.auth.getClaims()?.jti).toBe(1);

    const events: unknown[] = [];
    for (const type of ['status_changed', 'session_expired'] as const) two.on(type, (event) => events.push(event));
    const left = next(two, 'logged_out');
    await one.auth.logout();
    expect(await left).toEqual({ type: 'logged_out', reason: 'cross_tab_sync' });
    expect(events).toEqual([{ type: 'status_changed', status: 'anonymous', previous: 'authenticated' }]);
    expect(two.auth.isAuthenticated()).toBe(false);
  });

  it('two clients with one store never use a refresh token twice', async () => {
    const used: string[] = [];
    upstream.answering = ({ url, headers, body }) => {
      if (url !== '/auth/refresh') {
        return headers.authorization?.includes(generation(used.length)) ? { body: { user_id: 'u' } } : { status: 401 };
      }
      used.push(JSON.parse(body).refresh_token);
      return { body: { tokens: pair(generation(used.length), `r${used.length}`) } };
    };
    const ports = { tokenStore: new MemoryTokenStore(stored(jwt(), 'r0')) };
    const [one, two] = [await made({ ports }), await made({ ports })];
    await Promise.all([one, two, one, two].map((client) => client.auth.whoami()));
    expect(used).toEqual(['r0']);
  });

  it('clients with stores of their own stay signed in when another signs out', async () => {
    const shared = { tokenStore: new MemoryTokenStore(stored()) };
    const [leaving, following] = [await made({ ports: shared }), await made({ ports: shared })];
    const others = [await made({ tokens: stored() }), await made({ tokens: stored() })];
    const heard = vi.fn();
    for (const other of others) other.on('logged_out', heard);
    const left = next(following, 'logged_out');
    await leaving.auth.logout();
    await left;
    // A whole round trip: what was sent to the others as well would have arrived by then.
    await login(following);
    expect(heard).not.toHaveBeenCalled();
    for (const other of others) expect(other.getStatus()).toBe('authenticated');
  });

  it('enableCrossTabSync: false and destroy stop it', async () => {
    const ports = { tokenStore: new MemoryTokenStore(stored()) };
    const one = await made({ ports });
    const deaf = [await made({ ports, enableCrossTabSync: false }), await made({ ports })];
    deaf[1]?.destroy();
    const hearing = await made({ ports });
    const left = next(hearing, 'logged_out');
    await one.auth.logout();
    await left;
    for (const client of deaf) expect(client.getStatus()).toBe('authenticated');
    await login(deaf[1] as AuthClient);
  });
});

it('a broadcast port is told of everything, and its sign-outs are followed', async () => {
  const told: BroadcastMessage[] = [];
  let tell: (message: BroadcastMessage) => void = () => {};
  const close = vi.fn();
  const broadcast: Broadcast = {
    publish: (message) => told.push(message),
    subscribe: (listener) => {
      tell = listener;
      return () => {};
    },
    close,
  };
  const tokenStore = new MemoryTokenStore();
  const client = await made({ ports: { tokenStore, broadcast } });
  await login(client);
  await client.auth.refresh();
  const left = next(client, 'logged_out');
  await tokenStore.clear();
  tell({ type: 'logged_out' });
  expect(await left).toEqual({ type: 'logged_out', reason: 'cross_tab_sync' });
  expect(client.getStatus()).toBe('anonymous');
  expect(client.getSnapshot().user).toBeNull();
  await login(client);
  await client.auth.logout();
  const types = ['authenticated', 'token_refreshed', 'authenticated', 'logged_out'];
  expect(told.map(({ type }) => type)).toEqual(types);
  expect(told[0]?.user_id).toBe('u');
  client.destroy();
  expect(close).toHaveBeenCalledTimes(1);
});

/** A broadcast port, and what speaks on it as another client would. */
const channel = () => {
  const listeners: ((message: BroadcastMessage) => void)[] = [];
  const broadcast: Broadcast = {
    publish: () => {},
    subscribe: (listener) => {
      listeners.push(listener);
      return () => {};
    },
    close: () => {},
  };
  return { broadcast, tell: (message: BroadcastMessage) => listeners.map((listener) => listener(message)) };
};

it('a sign-out that is heard late leaves the next sign-in in the store, and follows that', async () => {
  const tokenStore = new MemoryTokenStore();
  const { broadcast, tell } = channel();
  const frozen = await made({ ports: { tokenStore, broadcast } });
  await login(frozen);
  const left = vi.fn();
  frozen.on('logged_out', left);
  // What another client did while this one could not hear: it signed out, and somebody else in.
  const next = stored(jwt({ uid: 'next' }), 'next');
  await tokenStore.set(next);
  const followed = new Promise((resolve) => frozen.subscribe(resolve));
  tell({ type: 'logged_out' });
  expect(await followed).toMatchObject({ status: 'authenticated', user: { id: 'next' } });
  expect(await tokenStore.get()).toEqual(next);
  expect(left).not.toHaveBeenCalled();
});

it('a sign-out that is heard during a sign-in of one’s own does not undo it', async () => {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  class SlowStore extends MemoryTokenStore {
    override async set(tokens: Parameters<MemoryTokenStore['set']>[0]) {
      begun.resolve();
      await held.promise;
      return super.set(tokens);
    }
  }
  const { broadcast, tell } = channel();
  const client = await made({ ports: { tokenStore: new SlowStore(), broadcast } });
  const signedIn = next(client, 'authenticated');
  const signingIn = login(client);
  await begun.promise;
  tell({ type: 'logged_out' });
  held.resolve();
  await Promise.all([signingIn, signedIn]);
  expect(await client.auth.getAccessToken()).toBe(jwt({ uid: 'u' }));
  expect(client.getStatus()).toBe('authenticated');
});

/** As much of a browser as the client looks at. */
class Page extends EventTarget {
  readonly values = new Map<string, string>();
  isFull = false;
  readonly localStorage = {
    getItem: (key: string) => this.values.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (this.isFull) throw new DOMException('full', 'QuotaExceededError');
      this.values.set(key, value);
    },
    removeItem: (key: string) => this.values.delete(key),
  };
}

describe('in a browser', () => {
  let page: Page;
  beforeEach(() => {
    page = new Page();
    vi.stubGlobal('window', page);
  });
  const tab = async (config = {}): Promise<AuthClient> => {
    const ports = { logger: new NoOpLogger() };
    const client = createAuthClient({
      apiBaseUrl: upstream.url,
      bootstrap: 'lazy',
      autoRefresh: false,
      ports,
      ...config,
    });
    clients.push(client);
    await client.ready();
    return client;
  };

  it('tokens are in localStorage, and the next page finds them', async () => {
    await login(await tab());
    expect([...page.values.keys()]).toEqual(['rw3iss_auth:tokens']);
    expect(JSON.parse(page.values.get('rw3iss_auth:tokens') ?? '')).toEqual({
      access_token: jwt({ uid: 'u' }),
      refresh_token: 'r2',
      expires_at_seconds: expect.any(Number),
      renewal_key: expect.stringMatching(/^[0-9a-f]{32}\.0$/),
    });
    expect((await tab()).auth.getCurrentUser()?.id).toBe('u');
    expect((await tab({ storageNamespace: 'other' })).getStatus()).toBe('anonymous');
  });

  it('what has to outlive a redirect is there, too', async () => {
    upstream.answering = () => ({ body: { auth_url: 'a', state: 's' } });
    await (await tab()).auth.startSso({ provider: 'p', redirectUrl: 'r' });
    expect(page.values.get('rw3iss_auth:sso:state')).toBe('s');
  });

  it('tabs follow each other; another namespace is another world', async () => {
    const [one, two, other] = [await tab(), await tab(), await tab({ storageNamespace: 'other' })];
    await login(other);
    const signedIn = next(two, 'status_changed');
    await login(one);
    await signedIn;
    const left = next(two, 'logged_out');
    await one.auth.logout();
    await left;
    expect(two.getStatus()).toBe('anonymous');
    expect(other.getStatus()).toBe('authenticated');
  });

  /** What a browser tells of a change by another tab, once it shows it. */
  const show = (newValue: string | null, key: string | null = 'rw3iss_auth:tokens') => {
    if (newValue === null) page.values.delete('rw3iss_auth:tokens');
    else page.values.set('rw3iss_auth:tokens', newValue);
    page.dispatchEvent(Object.assign(new Event('storage'), { key, newValue }));
  };

  it('a tab follows what its storage shows, whether it has heard of it or will', async () => {
    const [one, two] = [await tab(), await tab()];
    const signedIn = next(two, 'status_changed');
    await login(one);
    await signedIn;
    const text = page.values.get('rw3iss_auth:tokens') as string;
    const snapshot = two.getSnapshot();
    show(text);
    await two.auth.getAccessToken();
    expect(two.getSnapshot()).toBe(snapshot);
    const left = next(two, 'logged_out');
    show(null);
    expect(await left).toEqual({ type: 'logged_out', reason: 'cross_tab_sync' });
    const back = next(two, 'status_changed');
    show(text);
    expect(await back).toMatchObject({ status: 'authenticated' });
    const leftAgain = next(two, 'logged_out');
    show(null, null);
    await leftAgain;
    two.destroy();
    const last = two.getSnapshot();
    show(text);
    await two.auth.getAccessToken();
    expect(two.getSnapshot()).toBe(last);
  });

  it('tabs that read the same pair exchange it under one key, and what must not happen twice has a key of its own', async () => {
    await login(await tab());
    const [one, two] = [await tab(), await tab()];
    const keys = () => upstream.asked.map(({ url, headers }) => [url, headers['idempotency-key']] as const);
    upstream.asked.length = 0;
    const { renewal_key } = JSON.parse(page.values.get('rw3iss_auth:tokens') as string) as { renewal_key: string };
    const before = page.values.get('rw3iss_auth:tokens') as string;
    await one.auth.refresh();
    const after = page.values.get('rw3iss_auth:tokens') as string;
    expect(JSON.parse(after)).toMatchObject({ renewal_key: renewal_key.replace('.0', '.1') });
    // The other tab is shown the old pair for a while.
    page.values.set('rw3iss_auth:tokens', before);
    await two.auth.refresh();
    await one.auth.refresh({ organizationId: 'o' });
    await one.apps.create({ code: 'a', name: 'A' });
    await one.users.setRoles('u', []);
    const [first, second, third, made, roles] = keys();
    expect([first?.[1], second?.[1]]).toEqual([renewal_key, renewal_key]);
    for (const key of [third, made]) expect(key?.[1]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set([renewal_key, third?.[1], made?.[1]]).size).toBe(3);
    expect(roles?.[1]).toBeUndefined();
  });

  it.each(['no json', '{"access_token":1}', '{}', 'null'])('%s in the store is no session', async (text) => {
    page.values.set('rw3iss_auth:tokens', text);
    expect((await tab({ bootstrap: 'auto' })).getStatus()).toBe('anonymous');
    expect(upstream.asked).toEqual([]);
  });

  it('a storage that cannot be written gives way to memory', async () => {
    page.isFull = true;
    const client = await tab();
    await login(client);
    expect(await client.auth.getAccessToken()).toBe(jwt({ uid: 'u' }));
  });

  it('who is idle is signed out; who is not stays', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    try {
      page.values.set('rw3iss_auth:tokens', JSON.stringify(stored()));
      const client = await tab({ idleTimeoutMs: 60_000 });
      await vi.advanceTimersByTimeAsync(50_000);
      page.dispatchEvent(new Event('keydown'));
      await vi.advanceTimersByTimeAsync(59_999);
      expect(client.getStatus()).toBe('authenticated');
      const left = next(client, 'logged_out');
      await vi.advanceTimersByTimeAsync(1);
      expect(await left).toEqual({ type: 'logged_out', reason: 'idle_timeout' });
      expect(upstream.count('POST /auth/logout')).toBe(1);
      client.destroy();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
