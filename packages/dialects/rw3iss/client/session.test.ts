/** Signing in and out, acting as another, and what listeners are told. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AuthClient, type AuthEventType, MemoryTokenStore, NoOpLogger, UnauthenticatedError } from './index.ts';
import {
  bearer,
  claims,
  clientOf,
  generation,
  jwt,
  LATE,
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
  tokenStore = new MemoryTokenStore();
});
afterEach(() => upstream[Symbol.asyncDispose]());

const types: readonly AuthEventType[] = [
  'authenticated',
  'logged_out',
  'token_refreshed',
  'requires_two_factor',
  'session_expired',
  'status_changed',
  'org_switched',
  'error',
];
const heard = (client: AuthClient): unknown[] => {
  const events: unknown[] = [];
  for (const type of types) client.on(type, (event) => events.push(event));
  return events;
};
const login = (client: AuthClient) => client.auth.login({ email: 'a@example.test', password: 'Pw' });

it('a sign-in is kept, then told', async () => {
  const { user, tokens } = signIn();
  upstream.answering = () => ({ body: { user, tokens: { ...tokens, expires_at: '2099-01-01T00:00:00.900Z' } } });
  const client = clientOf(upstream, { ports: { tokenStore } });
  await client.ready();
  const events = heard(client);
  const answer = await login(client);
  expect(events).toEqual([
    { type: 'status_changed', status: 'authenticated', previous: 'anonymous' },
    { type: 'authenticated', user, tokens: answer.tokens },
  ]);
  expect(await tokenStore.get()).toEqual(stored(tokens.access_token, 'r2', LATE));
  expect(client.auth.isAuthenticated()).toBe(true);
  await client.users.lookup({ ids: ['x'] });
  expect(upstream.asked.at(-1)?.headers.authorization).toBe(bearer(tokens.access_token));
});

it('an unreadable expires_at gives way to expires_in', async () => {
  const { user, tokens } = signIn();
  upstream.answering = () => ({ body: { user, tokens: { ...tokens, expires_at: 'soon', expires_in: 900 } } });
  const clock = { nowSeconds: () => 1000 };
  const client = clientOf(upstream, { ports: { tokenStore, clock } });
  await login(client);
  expect((await tokenStore.get())?.expires_at_seconds).toBe(1900);
});

it.each([{ user: { id: 'u' } }, { tokens: pair() }, {}, undefined])('%j is no sign-in', async (body) => {
  upstream.answering = () => ({ body });
  const client = clientOf(upstream, { ports: { tokenStore } });
  await client.ready();
  const events = heard(client);
  expect(await login(client)).toEqual(body);
  expect(events).toEqual([]);
  expect(await tokenStore.get()).toBeNull();
});

it('a second factor is asked for by resolving', async () => {
  upstream.answering = () => ({ status: 401, body: { requires_2fa: true } });
  const client = clientOf(upstream, { ports: { tokenStore } });
  await client.ready();
  const events = heard(client);
  expect(await login(client)).toEqual({ requires_2fa: true });
  expect(events).toEqual([{ type: 'requires_two_factor', email: 'a@example.test' }]);
});

it('a refused sign-in leaves who is signed in', async () => {
  upstream.answering = () => ({ status: 401, body: { error: { code: 'INVALID_CREDENTIALS', message: 'no' } } });
  await tokenStore.set(stored());
  const client = clientOf(upstream, { ports: { tokenStore } });
  await expect(login(client)).rejects.toMatchObject({ serverCode: 'INVALID_CREDENTIALS', status: 401 });
  expect(await tokenStore.get()).toEqual(stored());
});

it('a sign-out is told to the server, kept, then told', async () => {
  await tokenStore.set(stored());
  const client = clientOf(upstream, { ports: { tokenStore } });
  await client.ready();
  const events = heard(client);
  await client.auth.logout();
  expect(upstream.asked).toHaveLength(1);
  expect(await tokenStore.get()).toBeNull();
  expect(events).toEqual([
    { type: 'status_changed', status: 'anonymous', previous: 'authenticated' },
    { type: 'logged_out', reason: 'user_initiated' },
  ]);
  await client.auth.logout();
  expect(upstream.asked).toHaveLength(1);
});

it.each(['logout', 'logoutAll'] as const)(
  '%s never rejects, and is logged when the server was not told',
  async (how) => {
    upstream.answering = () => 'cut';
    await tokenStore.set(stored());
    const warnings: string[] = [];
    class Logger extends NoOpLogger {
      override warn(message?: string) {
        warnings.push(String(message));
      }
    }
    const client = clientOf(upstream, { ports: { tokenStore, logger: new Logger() } });
    await client.ready();
    await client.auth[how]();
    expect(client.getStatus()).toBe('anonymous');
    expect(await tokenStore.get()).toBeNull();
    expect(warnings).toEqual(['the server was not told of the sign-out']);
  },
);

it('acting as another replaces the pair; what follows is the other’s', async () => {
  const target = jwt({ uid: 'target', imp_uid: claims.uid });
  upstream.answering = ({ url }) =>
    url.endsWith('/impersonate') ? { body: signIn('target', target) } : { status: 403, body: {} };
  await tokenStore.set(stored());
  const client = clientOf(upstream, { ports: { tokenStore } });
  await client.ready();
  const events = heard(client);
  await client.users.impersonate({ targetUserId: 'target', reason: 'r' });
  expect(events).toMatchObject([{ type: 'authenticated', user: { id: 'target' } }]);
  expect(client.auth.isImpersonating()).toBe(true);
  expect(client.getSnapshot()).toMatchObject({ isImpersonating: true, user: { id: 'target' } });
  await expect(client.users.hardDelete({ userId: 'u', reason: 'r' })).rejects.toThrow('status 403');
  expect(upstream.asked[1]?.headers.authorization).toBe(bearer(target));
});

it('an impersonation that answers with nothing is an error', async () => {
  const client = clientOf(upstream, { tokens: stored() });
  await expect(client.users.impersonate({ targetUserId: 't', reason: 'r' })).rejects.toBeInstanceOf(TypeError);
});

it('an imp_uid of null counts as acting', async () => {
  const client = clientOf(upstream, { tokens: stored(jwt({ imp_uid: null })) });
  await client.ready();
  expect(client.auth.isImpersonating()).toBe(true);
});

it('tokens that cannot be read are kept, but say nothing', async () => {
  upstream.answering = () => ({ body: signIn('u', 'opaque') });
  const client = clientOf(upstream, { ports: { tokenStore } });
  await login(client);
  expect(client.getStatus()).toBe('authenticated');
  expect(client.auth.isAuthenticated()).toBe(false);
  expect(client.auth.getClaims()).toBeNull();
  expect((await tokenStore.get())?.access_token).toBe('opaque');
});

it('deleting one’s own account signs out; a refusal does not', async () => {
  await tokenStore.set(stored());
  const client = clientOf(upstream, { ports: { tokenStore } });
  await client.ready();
  upstream.answering = () => ({ status: 400 });
  await expect(client.account.deleteMyAccount('pw')).rejects.toThrow('status 400');
  expect(client.getStatus()).toBe('authenticated');
  upstream.answering = () => ({ status: 204 });
  await client.account.deleteMyAccount('pw');
  expect(client.getStatus()).toBe('anonymous');
  expect(await tokenStore.get()).toBeNull();
});

it('a second factor taken away renews the tokens, or ends the session where that is refused', async () => {
  await tokenStore.set(stored(generation(1)));
  const client = clientOf(upstream, { ports: { tokenStore } });
  await client.ready();
  const events = heard(client);
  upstream.answering = ({ url }) => (url === '/auth/refresh' ? { status: 503 } : { status: 204 });
  await client.account.disableTwoFactor({ password: 'p', code: '1' });
  expect(client.getStatus()).toBe('authenticated');
  upstream.answering = ({ url }) => ({ status: url === '/auth/refresh' ? 401 : 204 });
  await client.account.disableTwoFactor({ password: 'p', code: '1' });
  expect(events).toEqual([
    { type: 'status_changed', status: 'anonymous', previous: 'authenticated' },
    { type: 'logged_out', reason: 'token_revoked' },
  ]);
});

it('the snapshot is one object until something changes', async () => {
  upstream.answering = () => ({ body: signIn() });
  const client = clientOf(upstream);
  const before = await client.ready();
  const seen: unknown[] = [];
  const stop = client.subscribe((snapshot) => seen.push(snapshot));
  expect(client.getSnapshot()).toBe(before);
  await login(client);
  expect(client.getSnapshot()).not.toBe(before);
  expect(seen).toEqual([client.getSnapshot()]);
  stop();
  await client.auth.logout();
  expect(seen).toHaveLength(1);
});

it('a listener that throws hurts nobody, and one that is taken off hears nothing', async () => {
  upstream.answering = () => ({ body: signIn() });
  const client = clientOf(upstream);
  const heard: string[] = [];
  const second = () => heard.push('second');
  const third = () => heard.push('third');
  client.on('authenticated', () => {
    throw new Error('of a listener');
  });
  client.on('authenticated', second);
  const off = client.on('authenticated', third);
  await login(client);
  client.off('authenticated', second);
  off();
  await login(client);
  expect(heard).toEqual(['second', 'third']);
});

it('a sign-out during a slow sign-in wins, in the store as well', async () => {
  upstream.answering = () => ({ body: signIn() });
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  class SlowStore extends MemoryTokenStore {
    override async set(tokens: Parameters<MemoryTokenStore['set']>[0]) {
      begun.resolve();
      await held.promise;
      return super.set(tokens);
    }
  }
  const slow = new SlowStore();
  const client = clientOf(upstream, { ports: { tokenStore: slow } });
  await client.ready();
  const events = heard(client);
  const signingIn = login(client);
  await begun.promise;
  const leaving = client.auth.logout();
  await new Promise((resolve) => setImmediate(resolve));
  held.resolve();
  await Promise.all([signingIn, leaving]);
  expect(await slow.get()).toBeNull();
  expect(client.getStatus()).toBe('anonymous');
  expect(events).toEqual([{ type: 'logged_out', reason: 'user_initiated' }]);
});

it('module methods send what is stored, and leave a 401 to the caller', async () => {
  upstream.answering = () => ({ status: 401 });
  const client = clientOf(upstream, { tokens: stored(jwt({ exp: 1 }), 'r1', 1) });
  await expect(client.users.list()).rejects.toBeInstanceOf(UnauthenticatedError);
  expect(upstream.asked).toHaveLength(1);
  expect(upstream.asked[0]?.headers.authorization).toBe(bearer(jwt({ exp: 1 })));
});

it('attachAuthHeader: false sends no token', async () => {
  const client = clientOf(upstream, { tokens: stored(), attachAuthHeader: false });
  await client.sessions.terminate('s');
  expect(upstream.asked[0]?.headers.authorization).toBeUndefined();
});
