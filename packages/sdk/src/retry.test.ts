import { afterEach, expect, test, vi } from 'vitest';
import { type FakeTenant, rejectionOf, startTenant } from '../testing/fake-tenant.ts';
import { type HookRetry, ReeveManagement } from './index.ts';
import { hintOf, isPassing, isServerFault, pauseBefore } from './retry.ts';

const headers = (entries: Record<string, string>) => new Headers(entries);
const quick = { attempts: 3, baseMs: 1 };

afterEach(() => {
  vi.useRealTimers();
});

test('Retry-After is seconds or a date, never negative, and comes before a rate-limit reset', () => {
  vi.useFakeTimers({ now: 1_750_000_000_000 });
  expect(hintOf(503, headers({ 'retry-after': '2' }))).toBe(2000);
  expect(hintOf(503, headers({ 'retry-after': '0' }))).toBe(0);
  expect(hintOf(429, headers({ 'retry-after': new Date(1_750_000_003_000).toUTCString() }))).toBe(3000);
  expect(hintOf(429, headers({ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }))).toBe(0);
  expect(hintOf(429, headers({ 'retry-after': '1', 'x-ratelimit-reset': '60' }))).toBe(1000);
  expect(hintOf(429, headers({ 'x-ratelimit-reset': '1750000005' }))).toBe(5000);
  expect(hintOf(429, headers({ 'ratelimit-reset': '7' }))).toBe(7000);
  expect(hintOf(429, headers({ 'retry-after': 'soon', 'ratelimit-reset': 'later' }))).toBeUndefined();
  // Every answer may carry the reset of its window; only an exhausted one has to be waited for.
  expect(hintOf(500, headers({ 'x-ratelimit-reset': '60' }))).toBeUndefined();
});

test('pauses are full jitter over a doubling base, with a ceiling', () => {
  for (const [attempt, most] of [
    [1, 200],
    [2, 400],
    [3, 800],
    [30, 20_000],
  ] as const) {
    for (let i = 0; i < 50; i++) {
      const pause = pauseBefore(attempt, { attempts: 3, baseMs: 200 });
      expect(pause).toBeGreaterThanOrEqual(0);
      expect(pause).toBeLessThan(most);
    }
  }
});

test('which statuses pass', () => {
  expect([408, 429, 500, 502, 503, 507].every(isPassing)).toBe(true);
  expect([400, 401, 403, 404, 409, 422].some(isPassing)).toBe(false);
  expect([500, 503].every(isServerFault)).toBe(true);
  expect([408, 429].some(isServerFault)).toBe(false);
});

test.each([408, 429, 500, 502, 503])(
  'a read is tried again after %i, and attempts counts all tries',
  async (status) => {
    const tenant = await startTenant();
    tenant.on('GET /users/u', ({ problem }) => problem(status, 'internal'));
    const reeve = new ReeveManagement({ ...tenant.options, retry: quick });
    const error = await rejectionOf(reeve.users.get('u'));
    expect(error).toMatchObject({ status, code: 'internal' });
    expect(tenant.seen).toHaveLength(3);
  },
);

test('attempts: 1 never tries again', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ problem }) => problem(500, 'internal'));
  const reeve = new ReeveManagement({ ...tenant.options, retry: { attempts: 1 } });
  await rejectionOf(reeve.users.get('u'));
  expect(tenant.seen).toHaveLength(1);
});

test.each([400, 403, 404, 409, 412, 422])('%i is final', async (status) => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ problem }) => problem(status, 'conflict'));
  const reeve = new ReeveManagement({ ...tenant.options, retry: quick });
  await rejectionOf(reeve.users.get('u'));
  expect(tenant.seen).toHaveLength(1);
});

const writes: [string, string, (reeve: ReeveManagement) => Promise<unknown>, boolean][] = [
  ['POST with a body', 'POST /users', (reeve) => reeve.users.create({ email: 'a@b.c' }), true],
  ['POST without one', 'POST /users/u/disable', (reeve) => reeve.users.disable('u'), true],
  ['PATCH', 'PATCH /users/u', (reeve) => reeve.users.update('u', { name: 'A' }), true],
  [
    'PATCH with If-Match',
    'PATCH /users/u',
    (reeve) => reeve.users.update('u', { name: 'A' }, { ifMatch: '"1"' }),
    true,
  ],
  ['DELETE', 'DELETE /users/u', (reeve) => reeve.users.delete('u'), true],
  ['PUT', 'PUT /groups/g/members/u', (reeve) => reeve.groups.addMember('g', 'u'), false],
];

test.each(writes)(
  'a %s whose answer is lost arrives again under the same key',
  async (_name, target, call, isKeyed) => {
    const tenant = await startTenant();
    tenant.on(target, ({ count, response, json }) => {
      if (count < 3) response.destroy();
      else json(200, { id: 'u' });
    });
    const reeve = new ReeveManagement({ ...tenant.options, retry: quick });
    await call(reeve);
    await call(reeve);
    const keys = tenant.seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(4);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(new Set(tenant.seen.slice(0, 3).map(({ body }) => body)).size).toBe(1);
    if (isKeyed) {
      expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
      expect(keys[3]).not.toBe(keys[0]);
    } else expect(keys[0]).toBeUndefined();
  },
);

test('the caller’s own key is the one that is sent', async () => {
  const tenant = await startTenant();
  tenant.on('POST /users', ({ json }) => json(201, { id: 'u' }));
  await new ReeveManagement(tenant.options).users.create({ email: 'a@b.c' }, { idempotencyKey: 'order-7' });
  expect(tenant.seen[0]?.headers['idempotency-key']).toBe('order-7');
});

test('a refused connection is tried again and is an error of the same class in the end', async () => {
  const tenant = await startTenant();
  const { options } = tenant;
  await tenant.close();
  const retries: HookRetry[] = [];
  const reeve = new ReeveManagement({ ...options, retry: quick, hooks: { onRetry: (retry) => retries.push(retry) } });
  const error = await rejectionOf(reeve.users.get('u'));
  expect(error).toMatchObject({ name: 'ReeveError', status: 0, code: 'connection_failed', request_id: null });
  expect(retries.map(({ attempt, operation }) => `${operation} ${attempt}`)).toEqual(['token 1', 'token 2']);
});

test('the server’s hint is waited for', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ count, json, problem }) =>
    count === 1 ? problem(429, 'rate_limited', { 'retry-after': '1' }) : json(200, { id: 'u' }),
  );
  const delays: number[] = [];
  const hooks = { onRetry: ({ delay_ms }: HookRetry) => delays.push(delay_ms) };
  await new ReeveManagement({ ...tenant.options, retry: quick, hooks }).users.get('u');
  expect(delays).toHaveLength(1);
  expect(delays[0]).toBeGreaterThanOrEqual(1000);
  expect(delays[0]).toBeLessThan(1010);
});

test('a hint beyond the deadline is not waited for: the caller gets the refusal at once', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ problem }) => problem(429, 'rate_limited', { 'retry-after': '3600' }));
  const startedAt = Date.now();
  const error = await rejectionOf(new ReeveManagement({ ...tenant.options, deadline: 2000 }).users.get('u'));
  expect(error).toMatchObject({ status: 429, code: 'rate_limited' });
  expect(Date.now() - startedAt).toBeLessThan(1500);
});

test('an answer that is still being made is waited for, beyond all attempts, and never surfaces', async () => {
  const tenant = await startTenant();
  tenant.on('POST /users', ({ count, json, problem }) => {
    if (count < 6) problem(409, 'idempotency_in_progress', { 'retry-after': '0' });
    else json(201, { id: 'usr_1' });
  });
  const reeve = new ReeveManagement({ ...tenant.options, retry: { attempts: 2, baseMs: 1 } });
  expect(await reeve.users.create({ email: 'a@b.c' })).toEqual({ id: 'usr_1' });
  expect(new Set(tenant.seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  expect(tenant.seen).toHaveLength(6);
});

test('… until the deadline', async () => {
  const tenant = await startTenant();
  tenant.on('POST /users', ({ problem }) => problem(409, 'idempotency_in_progress', { 'retry-after': '0.05' }));
  const reeve = new ReeveManagement({ ...tenant.options, retry: quick, deadline: 600 });
  const error = await rejectionOf(reeve.users.create({ email: 'a@b.c' }));
  expect(error.code).toMatch(/^(idempotency_in_progress|deadline_exceeded)$/);
  expect(tenant.seen.length).toBeGreaterThan(2);
});

test('a pause ends at once when the caller aborts', async () => {
  const tenant: FakeTenant = await startTenant();
  const abort = new AbortController();
  tenant.on('GET /users/u', ({ problem }) => problem(503, 'overloaded', { 'retry-after': '60' }));
  const hooks = { onRetry: () => abort.abort(new Error('enough')) };
  const reeve = new ReeveManagement({ ...tenant.options, hooks });
  const error = await rejectionOf(reeve.users.get('u', { signal: abort.signal }));
  expect(error).toMatchObject({ code: 'aborted', cause: abort.signal.reason });
  expect(tenant.seen).toHaveLength(1);
});
