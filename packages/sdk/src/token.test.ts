import { afterEach, expect, test, vi } from 'vitest';
import { clientSecret, type FakeTenant, rejectionOf, startTenant } from '../testing/fake-tenant.ts';
import { type CachedToken, ReeveManagement, type TokenCache } from './index.ts';

const quick = { attempts: 3, baseMs: 1 };

const withUser = async (): Promise<FakeTenant> => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ json }) => json(200, { id: 'u' }));
  return tenant;
};

/** Answers 401 to every token but the last one that was granted. */
const refuseOldTokens = (tenant: FakeTenant) =>
  tenant.on('GET /users/u', ({ headers, json, problem }) => {
    const isCurrent = headers.authorization === `Bearer token-number-${tenant.tokenRequests.length}`;
    if (isCurrent && tenant.tokenRequests.length > 1) json(200, { id: 'u' });
    else problem(401, 'token_revoked');
  });

const bearers = (tenant: FakeTenant) => tenant.seen.map(({ headers }) => headers.authorization);

afterEach(() => {
  vi.useRealTimers();
});

test('the token request is client_credentials in a form; scope is left out when empty', async () => {
  const tenant = await withUser();
  await new ReeveManagement(tenant.options).users.get('u');
  await new ReeveManagement({
    ...tenant.options,
    scope: 'users:read groups:read',
    audience: 'https://other/api',
  }).users.get('u');
  const { audience: _, ...bare } = tenant.options;
  await new ReeveManagement({ ...bare, tenantUrl: `${tenant.url}/` }).users.get('u');
  const forms = tenant.tokenRequests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
  const common = { grant_type: 'client_credentials', client_id: 'app-under-test', client_secret: clientSecret };
  expect(forms).toEqual([
    { ...common, audience: `${tenant.url}/api` },
    { ...common, audience: 'https://other/api', scope: 'users:read groups:read' },
    { ...common, audience: `${tenant.url}/api` },
  ]);
  expect(tenant.tokenRequests[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  expect(tenant.tokenRequests[0]?.headers.authorization).toBeUndefined();
});

test('100 calls that find no token cause one token request', async () => {
  const tenant = await withUser();
  const reeve = new ReeveManagement(tenant.options);
  await Promise.all(Array.from({ length: 100 }, () => reeve.users.get('u')));
  expect(tenant.tokenRequests).toHaveLength(1);
  expect(new Set(bearers(tenant))).toEqual(new Set(['Bearer token-number-1']));
  await reeve.users.get('u');
  expect(tenant.tokenRequests).toHaveLength(1);
});

test('100 calls that all find their token revoked cause one token request more, and all succeed', async () => {
  const tenant = await withUser();
  const reeve = new ReeveManagement(tenant.options);
  await reeve.refreshToken();
  refuseOldTokens(tenant);
  await Promise.all(Array.from({ length: 100 }, () => reeve.users.get('u')));
  expect(tenant.tokenRequests).toHaveLength(2);
});

test('a token is used while its expiry is more than 60 s away', async () => {
  const tenant = await withUser();
  const now = Date.now();
  const clock = vi.spyOn(Date, 'now').mockReturnValue(now);
  const reeve = new ReeveManagement(tenant.options);
  await reeve.users.get('u');
  clock.mockReturnValue(now + 3_539_000);
  await reeve.users.get('u');
  expect(tenant.tokenRequests).toHaveLength(1);
  clock.mockReturnValue(now + 3_540_000);
  await reeve.users.get('u');
  expect(tenant.tokenRequests).toHaveLength(2);
  clock.mockRestore();
});

test('a 401 fetches a token and replays the call once: a write, too, under the same key', async () => {
  const tenant = await withUser();
  tenant.on('POST /users', ({ count, json, problem }) =>
    count === 1 ? problem(401, 'token_expired') : json(201, { id: 'u' }),
  );
  await new ReeveManagement({ ...tenant.options, retry: { attempts: 1 } }).users.create({ email: 'a@b.c' });
  expect(bearers(tenant)).toEqual(['Bearer token-number-1', 'Bearer token-number-2']);
  const [first, second] = tenant.seen;
  expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
  expect(second?.body).toBe(first?.body);
});

test('a second 401 is the caller’s', async () => {
  const tenant = await withUser();
  tenant.on('GET /users/u', ({ problem }) => problem(401, 'unauthenticated'));
  const error = await rejectionOf(new ReeveManagement(tenant.options).users.get('u'));
  expect(error).toMatchObject({ status: 401, code: 'unauthenticated', request_id: 'req_2' });
  expect(tenant.seen).toHaveLength(2);
  expect(tenant.tokenRequests).toHaveLength(2);
});

test('a token of less than a minute serves the calls that waited for it, the replay included', async () => {
  const tenant = await withUser();
  tenant.onToken(({ count, json }) => json(200, { access_token: `token-number-${count}`, expires_in: 30 }));
  refuseOldTokens(tenant);
  await new ReeveManagement(tenant.options).users.get('u');
  expect(tenant.tokenRequests).toHaveLength(2);
});

test('a late 401 does not throw away the token that replaced the refused one', async () => {
  const tenant = await withUser();
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  tenant.on('GET /users/slow', async ({ count, json, problem }) => {
    if (count > 1) return json(200, { id: 'slow' });
    await released;
    problem(401, 'token_revoked');
  });
  const reeve = new ReeveManagement(tenant.options);
  const slow = reeve.users.get('slow');
  await vi.waitFor(() => expect(tenant.seen).toHaveLength(1));
  await reeve.refreshToken();
  release();
  await slow;
  expect(tenant.tokenRequests).toHaveLength(2);
});

test('a refused token request is the same error, with the request id of its header', async () => {
  const tenant = await startTenant();
  tenant.onToken(({ json }) =>
    json(
      401,
      { error: 'invalid_client', error_description: `No such secret: ${clientSecret}` },
      { 'x-request-id': 'req_t' },
    ),
  );
  const reeve = new ReeveManagement(tenant.options);
  for (const error of [await rejectionOf(reeve.users.get('u')), await rejectionOf(reeve.refreshToken())]) {
    expect(error).toMatchObject({ name: 'ReeveError', status: 401, code: 'invalid_client', request_id: 'req_t' });
    expect(error.message).toBe('token: No such secret: [redacted] (401 invalid_client)');
  }
  expect(tenant.tokenRequests).toHaveLength(2);
  expect(tenant.seen).toEqual([]);
});

test('a refusal is not remembered: the next call asks again', async () => {
  const tenant = await withUser();
  tenant.onToken(({ count, json }) =>
    count === 1
      ? json(401, { error: 'invalid_client' })
      : json(200, { access_token: 'token-number-x', expires_in: 3600 }),
  );
  const reeve = new ReeveManagement(tenant.options);
  await rejectionOf(reeve.users.get('u'));
  await reeve.users.get('u');
  expect(bearers(tenant)).toEqual(['Bearer token-number-x']);
});

test('the token endpoint’s passing troubles are waited out', async () => {
  const tenant = await withUser();
  tenant.onToken(({ count, json }) =>
    count < 3
      ? json(503, { error: 'temporarily_unavailable' })
      : json(200, { access_token: 'token-late', expires_in: 3600 }),
  );
  await new ReeveManagement({ ...tenant.options, retry: quick }).users.get('u');
  expect(bearers(tenant)).toEqual(['Bearer token-late']);
});

test('an answer without a token is an error', async () => {
  const tenant = await withUser();
  tenant.onToken(({ json }) => json(200, { token: 'x' }));
  expect(await rejectionOf(new ReeveManagement(tenant.options).users.get('u'))).toMatchObject({
    code: 'unexpected_answer',
  });
});

test('a token whose lifetime is not stated is kept until it is refused', async () => {
  const tenant = await withUser();
  tenant.onToken(({ json }) => json(200, { access_token: 'token-forever' }));
  const reeve = new ReeveManagement(tenant.options);
  await reeve.users.get('u');
  await reeve.users.get('u');
  expect(tenant.tokenRequests).toHaveLength(1);
});

test('one caller’s abort leaves the token request to the others', async () => {
  const tenant = await withUser();
  const abort = new AbortController();
  tenant.onToken(async ({ json }) => {
    abort.abort();
    await new Promise((resolve) => setImmediate(resolve));
    json(200, { access_token: 'token-shared', expires_in: 3600 });
  });
  const reeve = new ReeveManagement(tenant.options);
  const aborted = rejectionOf(reeve.users.get('u', { signal: abort.signal }));
  const other = reeve.users.get('u');
  expect(await aborted).toMatchObject({ code: 'aborted' });
  await other;
  expect(tenant.tokenRequests).toHaveLength(1);
});

test('refreshToken forces one, clearToken drops it, also while one is under way', async () => {
  const tenant = await withUser();
  const reeve = new ReeveManagement(tenant.options);
  await Promise.all([reeve.refreshToken(), reeve.refreshToken(), reeve.users.get('u')]);
  expect(tenant.tokenRequests).toHaveLength(1);
  await reeve.refreshToken();
  await reeve.users.get('u');
  expect(bearers(tenant)).toEqual(['Bearer token-number-1', 'Bearer token-number-2']);
  const refreshing = reeve.refreshToken();
  await reeve.clearToken();
  await refreshing;
  await reeve.users.get('u');
  expect(tenant.tokenRequests).toHaveLength(4);
  expect(bearers(tenant).at(-1)).toBe('Bearer token-number-4');
});

const memoryCache = () => {
  const entries = new Map<string, CachedToken>();
  const cache: TokenCache = {
    get: async (key) => entries.get(key),
    set: async (key, token) => void entries.set(key, token),
    delete: async (key) => void entries.delete(key),
  };
  return { cache, entries };
};

test('a token cache is shared between clients, and holds no secret of the application', async () => {
  const tenant = await withUser();
  const { cache, entries } = memoryCache();
  const client = () => new ReeveManagement({ ...tenant.options, tokenCache: cache });
  await client().users.get('u');
  const second = client();
  await Promise.all(Array.from({ length: 10 }, () => second.users.get('u')));
  expect(tenant.tokenRequests).toHaveLength(1);
  expect(JSON.stringify([...entries])).not.toContain(clientSecret);
  await new ReeveManagement({ ...tenant.options, tokenCache: cache, scope: 'users:read' }).users.get('u');
  expect(tenant.tokenRequests).toHaveLength(2);
  await second.clearToken();
  await client().users.get('u');
  expect(tenant.tokenRequests).toHaveLength(3);
});

test('a cached token that was refused is not taken again', async () => {
  const tenant = await withUser();
  const { cache } = memoryCache();
  const reeve = new ReeveManagement({ ...tenant.options, tokenCache: cache });
  await reeve.refreshToken();
  refuseOldTokens(tenant);
  await reeve.users.get('u');
  expect(tenant.tokenRequests).toHaveLength(2);
  await new ReeveManagement({ ...tenant.options, tokenCache: cache }).users.get('u');
  expect(tenant.tokenRequests).toHaveLength(2);
});

test('a cache that fails costs a token request, not the call', async () => {
  const tenant = await withUser();
  const fail = () => {
    throw new Error('no Redis');
  };
  const reeve = new ReeveManagement({ ...tenant.options, tokenCache: { get: fail, set: fail, delete: fail } });
  await reeve.users.get('u');
  await reeve.clearToken();
  expect(tenant.tokenRequests).toHaveLength(1);
});

test('a given token is used as it is, and a 401 on it is the caller’s', async () => {
  const tenant = await withUser();
  const reeve = new ReeveManagement({ tenantUrl: tenant.url, token: 'mine-is-given' });
  await reeve.users.get('u');
  tenant.on('GET /users/u', ({ problem }) => problem(401, 'token_expired'));
  expect(await rejectionOf(reeve.users.get('u'))).toMatchObject({ status: 401, code: 'token_expired' });
  expect(bearers(tenant)).toEqual(['Bearer mine-is-given', 'Bearer mine-is-given']);
  expect(tenant.tokenRequests).toEqual([]);
});

test('a token function is asked again after a 401', async () => {
  const tenant = await withUser();
  const tokens = ['given-1', 'given-2', 'given-2'];
  tenant.on('GET /users/u', ({ headers, json, problem }) =>
    headers.authorization === 'Bearer given-2' ? json(200, { id: 'u' }) : problem(401, 'token_expired'),
  );
  const reeve = new ReeveManagement({ tenantUrl: tenant.url, token: async () => tokens.shift() as string });
  await reeve.users.get('u');
  await reeve.users.get('u');
  expect(bearers(tenant)).toEqual(['Bearer given-1', 'Bearer given-2', 'Bearer given-2']);
});

test('a token function that fails is an error of the client', async () => {
  const tenant = await withUser();
  const token = () => {
    throw new Error('signed out');
  };
  const error = await rejectionOf(new ReeveManagement({ tenantUrl: tenant.url, token }).users.get('u'));
  expect(error).toMatchObject({ name: 'ReeveError', code: 'token_failed', cause: { message: 'signed out' } });
});
