/** What is sent again and what never is, how bodies travel, and what refusals and broken answers become. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AuthClient, FetchTransport } from './index.ts';
import { type Answer, claims, clientOf, jwt, startUpstream, stored, type Upstream } from './upstream.fixture.ts';

let upstream: Upstream;
let client: AuthClient;
/** Signed in, and without the long pauses between tries. */
const impatient = (tokens = stored()): AuthClient => {
  const tokenProvider = () => tokens.access_token;
  return clientOf(upstream, {
    tokens,
    ports: { transport: new FetchTransport({ tokenProvider, retry: { baseDelayMs: 1 } }) },
  });
};
beforeEach(async () => {
  upstream = await startUpstream();
  client = impatient();
});
afterEach(async () => {
  vi.useRealTimers();
  await upstream[Symbol.asyncDispose]();
});

const broken = { headers: { 'content-type': 'application/json' }, body: '{"users":[' };
const failures: readonly Answer[] = [{ status: 500 }, { status: 503 }, 'cut', broken];
/** Calls that change nothing, or nothing more when they arrive again. */
const repeatable: readonly [string, (client: AuthClient) => Promise<unknown>][] = [
  ['users.list', ({ users }) => users.list()],
  ['users.lookup', ({ users }) => users.lookup({ ids: ['u'] })],
  ['users.setRoles', ({ users }) => users.setRoles('u', ['base_user'])],
  ['users.terminateSession', ({ users }) => users.terminateSession('u', 's')],
  ['apps.grantUser', ({ apps }) => apps.grantUser('u', 'a')],
  ['apps.revokeUser', ({ apps }) => apps.revokeUser('u', 'a')],
  ['pools.addUser', ({ pools }) => pools.addUser('u', 'p')],
  ['pools.setUserHome', ({ pools }) => pools.setUserHome('u', 'p')],
  ['organizations.delete', ({ organizations }) => organizations.delete('o')],
  ['organizations.setMemberRoles', ({ organizations }) => organizations.setMemberRoles('o', 'u', [])],
];
const once: readonly [string, (client: AuthClient) => Promise<unknown>][] = [
  ['auth.login', ({ auth }) => auth.login({ email: 'a', password: 'b' })],
  ['auth.register', ({ auth }) => auth.register({ email: 'a', password: 'b', firstName: 'c', lastName: 'd' })],
  ['auth.refresh', ({ auth }) => auth.refresh()],
  ['auth.requestMagicLink', ({ auth }) => auth.requestMagicLink('a')],
  ['auth.verifyMagicLink', ({ auth }) => auth.verifyMagicLink('t')],
  ['users.impersonate', ({ users }) => users.impersonate({ targetUserId: 't', reason: 'r' })],
  ['users.hardDelete', ({ users }) => users.hardDelete({ userId: 'u', reason: 'r' })],
  ['users.setPassword', ({ users }) => users.setPassword('u', 'Aa345678')],
  ['users.revokeSessions', ({ users }) => users.revokeSessions('u')],
  ['users.resetLockout', ({ users }) => users.resetLockout('u')],
  ['apps.create', ({ apps }) => apps.create({ code: 'c', name: 'n' })],
  ['apps.update', ({ apps }) => apps.update('a', { name: 'n' })],
  ['services.create', ({ services }) => services.create({ client_id: 'abc', name: 'n' })],
  ['organizations.create', ({ organizations }) => organizations.create({ name: 'n' })],
  ['organizations.addMember', ({ organizations }) => organizations.addMember('o', 'u')],
  ['organizations.createRole', ({ organizations }) => organizations.createRole('o', { code: 'c', name: 'n' })],
  ['organizations.createInvitation', ({ organizations }) => organizations.createInvitation('o', { email: 'e' })],
  ['account.resetPassword', ({ account }) => account.resetPassword('t', 'n')],
  ['account.changePassword', ({ account }) => account.changePassword('a', 'b')],
  ['account.acceptInvitation', ({ account }) => account.acceptInvitation('i')],
  ['account.declineInvitation', ({ account }) => account.declineInvitation('i')],
  ['account.deleteMyAccount', ({ account }) => account.deleteMyAccount('p')],
];

describe('a request that may have been processed', () => {
  it.each(repeatable)('%s is sent up to three times', async (_name, call) => {
    for (const failure of failures) {
      upstream.asked.length = 0;
      upstream.answering = () => failure;
      await expect(call(client)).rejects.toBeInstanceOf(Error);
      expect(upstream.asked).toHaveLength(3);
    }
  });

  it.each(once)('%s is sent once', async (_name, call) => {
    for (const failure of failures) {
      upstream.asked.length = 0;
      upstream.answering = () => failure;
      await expect(call(client)).rejects.toBeInstanceOf(Error);
      expect(upstream.asked).toHaveLength(1);
    }
  });

  it('a POST of the caller’s own is sent once, unless the caller says more', async () => {
    upstream.answering = () => ({ status: 503 });
    await client.authenticatedRequest({ method: 'POST', url: '/own' });
    expect(upstream.asked).toHaveLength(1);
    await client.authenticatedRequest({ method: 'POST', url: '/own', isRepeatable: true });
    expect(upstream.asked).toHaveLength(4);
  });

  it.each([400, 401, 403, 404, 409, 422, 429])('no call is sent again after a %i', async (status) => {
    upstream.answering = () => ({ status, headers: { 'retry-after': '0' } });
    await expect(client.users.list()).rejects.toMatchObject({ status });
    expect(upstream.asked).toHaveLength(1);
  });

  it('succeeds with the first answer that does', async () => {
    const answers: Answer[] = ['cut', { status: 502 }, { body: { users: [], total: 7 } }];
    upstream.answering = () => answers.shift() ?? 'cut';
    expect(await client.users.list()).toEqual({ users: [], total: 7 });
  });
});

describe('FetchTransport', () => {
  const transportOf = (fetchImpl?: typeof fetch) => new FetchTransport({ tokenProvider: () => 'tok', fetchImpl });

  it.each([
    [undefined, [200, 400]],
    [{ attempts: 5, baseDelayMs: 1000, maxDelayMs: 3000 }, [1000, 2000, 3000, 3000]],
  ])('with %j waits %j ms, each with up to 50 ms more', async (retry, pauses) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const fetchImpl = vi.fn(async () => new Response('', { status: 503 }));
    const transport = new FetchTransport({ tokenProvider: async () => null, fetchImpl, retry });
    const answer = transport.request({ method: 'GET', url: 'http://a.test/' });
    const waited: number[] = [];
    for (const _pause of pauses) {
      await vi.advanceTimersByTimeAsync(0);
      const before = Date.now();
      await vi.advanceTimersToNextTimerAsync();
      waited.push(Date.now() - before);
    }
    for (const [at, pause] of pauses.entries()) {
      expect(waited[at]).toBeGreaterThanOrEqual(pause);
      expect(waited[at]).toBeLessThanOrEqual(pause + 51);
    }
    expect(fetchImpl).toHaveBeenCalledTimes(pauses.length + 1);
    expect((await answer).status).toBe(503);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks for the token at each try, and lets the caller’s headers win', async () => {
    const sent: (string | null)[] = [];
    let tries = 0;
    const fetchImpl = async (_url: unknown, init?: RequestInit) => {
      sent.push(new Headers(init?.headers).get('authorization'));
      return new Response('', { status: 500 });
    };
    const retry = { baseDelayMs: 1 };
    const transport = new FetchTransport({ tokenProvider: () => `t${++tries}`, fetchImpl, retry });
    await transport.request({ method: 'GET', url: 'http://a.test/' });
    await transport.request({ method: 'POST', url: 'http://a.test/', headers: { Authorization: 'mine' } });
    await transport.request({ method: 'POST', url: 'http://a.test/', skipAuth: true });
    expect(sent).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t3', 'mine', null]);
  });

  it('an abort ends a call and its pauses, and is not tried again', async () => {
    const stop = new AbortController();
    upstream.answering = () => {
      setImmediate(() => stop.abort());
      return { status: 503 };
    };
    const request = { method: 'GET', url: upstream.url, signal: stop.signal };
    await expect(transportOf().request(request)).rejects.toMatchObject({ name: 'AbortError' });
    await expect(transportOf().request(request)).rejects.toMatchObject({ name: 'AbortError' });
    expect(upstream.asked).toHaveLength(1);
  });

  it('sends texts and forms as they are', async () => {
    const form = new FormData();
    form.set('a', 'ä');
    const bodies = ['{"raw":1}', form, new Blob(['b'], { type: 'text/x' }), { json: [1] }];
    for (const body of bodies) await transportOf().request({ method: 'POST', url: upstream.url, body });
    const [raw, multipart, blob, json] = upstream.asked;
    expect(raw).toMatchObject({ body: '{"raw":1}', headers: { 'content-type': 'application/json' } });
    expect(multipart?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(multipart?.body).toContain('ä');
    expect(blob).toMatchObject({ body: 'b', headers: { 'content-type': 'text/x' } });
    expect(json).toMatchObject({ body: '{"json":[1]}', headers: { 'content-type': 'application/json' } });
  });

  it('follows no redirect, which would take passwords and tokens along', async () => {
    const other = await startUpstream();
    try {
      upstream.answering = () => ({ status: 307, headers: { location: other.url } });
      await expect(client.auth.login({ email: 'a', password: 'b' })).rejects.toMatchObject({
        name: 'AuthError',
        code: 'http_error',
        status: 307,
      });
      expect(other.asked).toEqual([]);
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });

  it('reads what is no JSON as a text, and nothing as undefined', async () => {
    const answers: Answer[] = [
      { body: 'text' },
      { headers: { 'content-type': 'application/problem+json' }, body: '{"a":1}' },
      { headers: { 'content-type': 'application/json; charset=utf-8' }, body: '{"a":1}' },
      { headers: { 'content-type': 'application/json' } },
      { status: 204 },
    ];
    upstream.answering = () => answers.shift() ?? 'cut';
    const bodies = [];
    while (answers.length > 0) bodies.push((await transportOf().request({ method: 'GET', url: upstream.url })).body);
    expect(bodies).toEqual(['text', '{"a":1}', { a: 1 }, undefined, undefined]);
  });
});

describe('an error', () => {
  it.each([
    [400, 'ValidationError', 'validation'],
    [401, 'UnauthenticatedError', 'unauthenticated'],
    [403, 'ForbiddenError', 'forbidden'],
    [404, 'NotFoundError', 'not_found'],
    [409, 'ConflictError', 'conflict'],
    [429, 'RateLimitedError', 'rate_limited'],
    [500, 'ServerError', 'server_error'],
    [503, 'ServerError', 'server_error'],
    [418, 'AuthError', 'http_error'],
  ])('of %i is a %s', async (status, name, code) => {
    const details = { field: 'reason' };
    upstream.answering = () => ({
      status,
      headers: { 'x-request-id': 'req_1' },
      body: { error: { code: 'CODE', message: 'What is wrong', details } },
    });
    const error = await client.users.hardDelete({ userId: 'u', reason: '' }).catch((error: unknown) => error);
    expect(error).toMatchObject({
      name,
      code,
      status,
      serverCode: 'CODE',
      message: 'What is wrong',
      requestId: 'req_1',
    });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name,
      message: 'What is wrong',
      code,
      status,
      serverCode: 'CODE',
      details,
      requestId: 'req_1',
    });
    const classes = await import('./index.ts');
    expect(error).toBeInstanceOf(classes[name as 'AuthError']);
    expect(error).toBeInstanceOf(classes.AuthError);
  });

  it.each([
    [{ message: 'on top' }, 'on top'],
    [{ error: 'text', message: 'on top' }, 'on top'],
    [{ error: { code: 'C', message: '' } }, 'request failed with status 404'],
    ['404 page not found', 'request failed with status 404'],
    [[1], 'request failed with status 404'],
    [undefined, 'request failed with status 404'],
  ])('whose body is %j says %s', async (body, message) => {
    upstream.answering = () => ({ status: 404, body });
    await expect(client.apps.get('a')).rejects.toMatchObject({ name: 'NotFoundError', message });
  });

  it('holds no token, though the server repeats it', async () => {
    const { access_token, refresh_token } = stored(jwt(), 'refresh-token-1');
    client = impatient(stored(access_token, refresh_token));
    upstream.answering = ({ headers, body }) => ({
      status: 400,
      body: { error: { code: 'C', message: `${headers.authorization} ${body}`, details: { body, access_token } } },
    });
    for (const call of [
      client.account.verifyEmail('one-time-token'),
      client.auth.refresh(),
      client.account.resetPassword('one-time-token', 'n'),
    ]) {
      const said = JSON.stringify(await call.catch((error: unknown) => error));
      expect(said).toContain('[redacted]');
      for (const secret of [access_token, refresh_token, 'one-time-token']) expect(said).not.toContain(secret);
    }
  });

  it('holds no token of a session that it ended', async () => {
    const { access_token } = stored();
    client = impatient(stored(access_token));
    upstream.answering = ({ headers }) => ({ status: 401, body: { message: String(headers.authorization) } });
    await expect(client.auth.whoami()).rejects.toThrow('Bearer [redacted]');
    expect(client.getStatus()).toBe('anonymous');
  });

  it('of a dead connection is what fetch rejects with', async () => {
    upstream.answering = () => 'cut';
    const error = await client.users.list().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: 'fetch failed' });
  });

  it('of an answer that is no JSON quotes nothing of it', async () => {
    upstream.answering = () => ({ headers: { 'content-type': 'application/json' }, body: 'secret-token' });
    const error = await client.auth.login({ email: 'a', password: 'b' }).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'AuthError', status: 200 });
    expect((error as Error).cause).toBeUndefined();
    expect(String((error as Error).stack)).not.toContain('secret');
  });
});

describe('a path', () => {
  it.each(['', '.', '..', undefined, null, 7, {}, '\ud800'])('has no segment %j', async (id) => {
    const bad = id as string;
    const calls = [
      ['userId', client.users.listRoles(bad)],
      ['sessionId', client.users.terminateSession('u', bad)],
      ['userId', client.users.hardDelete({ userId: bad, reason: 'r' })],
      ['targetUserId', client.users.impersonate({ targetUserId: bad, reason: 'r' })],
      ['appId', client.apps.delete(bad)],
      ['namespace', client.pools.removeUser('u', bad)],
      ['orgId', client.organizations.delete(bad)],
      ['id', client.services.revoke(bad)],
    ] as const;
    for (const [field, call] of calls) {
      await expect(call).rejects.toMatchObject({ name: 'ValidationError', code: 'validation', details: { field } });
    }
    expect(upstream.asked).toEqual([]);
  });

  it('keeps an id one segment', async () => {
    await client.apps.delete('../users?a=b#c');
    expect(upstream.asked[0]?.url).toBe('/admin/apps/..%2Fusers%3Fa%3Db%23c');
  });
});

describe('an answer', () => {
  it.each([
    ['null', { body: { apps: null } }],
    ['nothing', { status: 204 }],
    ['no such member', { body: {} }],
  ])('of %s is an empty list', async (_name, answer) => {
    upstream.answering = () => answer;
    expect(await client.apps.list()).toEqual([]);
  });

  it.each(['<html></html>', { apps: 'x' }, { apps: {} }])('%j never looks like one', async (body) => {
    upstream.answering = () => ({ body });
    await expect(client.apps.list()).rejects.toThrow('holds no apps');
  });

  it('without users is an empty page', async () => {
    expect(await client.users.list()).toEqual({ users: [], total: 0 });
    expect(await client.users.lookup({ ids: ['u'] })).toEqual([]);
    expect(await client.account.acceptInvitation('i')).toBeNull();
  });

  it('of other names is understood', async () => {
    upstream.answering = () => ({ body: [{ id: 'o' }] });
    expect(await client.organizations.list()).toEqual([{ id: 'o' }]);
    upstream.answering = () => ({ body: { memberships: [{ organization: { id: 'o' } }] } });
    expect(await client.account.getMyOrgs()).toEqual([{ organization: { id: 'o' } }]);
    upstream.answering = () => ({ body: { user: { user_id: claims.uid, email: 'e', display_name: 'd' } } });
    expect(await client.auth.whoami()).toMatchObject({ id: claims.uid, email: 'e', display_name: 'd' });
  });

  it('of a filter leaves out what is falsy', async () => {
    await client.users.list({ search: 'a b@c', page: 0, pageSize: 5, organizationId: '', appId: undefined });
    await client.users.list({});
    expect(upstream.asked.map(({ url }) => url)).toEqual(['/admin/users?search=a+b%40c&page_size=5', '/admin/users']);
  });
});
