import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { expect, test, vi } from 'vitest';
import { clientSecret, type FakeTenant, rejectionOf, startTenant } from '../../../sdk/testing/fake-tenant.ts';
import * as drop from './index.ts';

const { IntelliAuthApiError, IntelliAuthManagement } = drop;
const contract = JSON.parse(readFileSync(new URL('../contract/intelliauth.json', import.meta.url), 'utf8'));

/** What each method of the contract sends: its arguments, and the request below `/api/v1`. */
const calls: Record<string, [args: unknown[], request: string, body?: unknown]> = {
  'users.list': [[{ limit: 2, search: 'ann', cursor: 'c' }], 'GET /users?limit=2&search=ann&cursor=c'],
  'users.create': [
    [{ email: 'a@b.c', name: 'A', password: 'pw', password_must_be_reset: true, email_verified: false }],
    'POST /users',
    { email: 'a@b.c', name: 'A', password: 'pw', password_must_be_reset: true, email_verified: false },
  ],
  'users.get': [['usr_1'], 'GET /users/usr_1'],
  'users.update': [['usr_1', { name: null }], 'PATCH /users/usr_1', { name: null }],
  'users.delete': [['usr_1'], 'DELETE /users/usr_1'],
  'users.disable': [['usr_1'], 'POST /users/usr_1/disable'],
  'users.enable': [['usr_1'], 'POST /users/usr_1/enable'],
  'users.resetPassword': [['usr_1'], 'POST /users/usr_1/reset-password', {}],
  'users.forceMfaReset': [['usr_1'], 'POST /users/usr_1/reset-mfa'],
  'users.bulkImport': [[Readable.from([{ email: 'a@b.c' }])], 'POST /users/import', { email: 'a@b.c' }],
  'groups.list': [[], 'GET /groups'],
  'groups.create': [[{ name: 'G' }], 'POST /groups', { name: 'G' }],
  'groups.get': [['grp_1'], 'GET /groups/grp_1'],
  'groups.update': [['grp_1', { name: 'H' }], 'PATCH /groups/grp_1', { name: 'H' }],
  'groups.delete': [['grp_1'], 'DELETE /groups/grp_1'],
  'groups.addMember': [['grp_1', 'usr_1'], 'PUT /groups/grp_1/members/usr_1'],
  'groups.removeMember': [['grp_1', 'usr_1'], 'DELETE /groups/grp_1/members/usr_1'],
  'groups.listMembers': [['grp_1', { limit: 5 }], 'GET /groups/grp_1/members?limit=5'],
  'applications.list': [[], 'GET /applications'],
  'applications.get': [['app_1'], 'GET /applications/app_1'],
  'applications.update': [['app_1', { description: 'D' }], 'PATCH /applications/app_1', { description: 'D' }],
  'applications.rotateSecret': [['app_1'], 'POST /applications/app_1/rotate-secret', {}],
  'applications.disable': [['app_1'], 'POST /applications/app_1/disable'],
  'applications.enable': [['app_1'], 'POST /applications/app_1/enable'],
  'audit.list': [
    [{ start: new Date(0), end: '2030-01-01T00:00:00Z', event_types: ['user.signed_in'], limit: 5 }],
    'GET /audit?start=1970-01-01T00%3A00%3A00.000Z&end=2030-01-01T00%3A00%3A00Z&event_types=user.signed_in&limit=5',
  ],
  'audit.stream': [[{ actor: 'usr_1' }], 'GET /audit/stream?actor=usr_1'],
  'invitations.list': [[{ state: 'pending' }], 'GET /invitations?state=pending'],
  'invitations.create': [[{ email: 'a@b.c' }], 'POST /invitations', { email: 'a@b.c' }],
  'invitations.revoke': [['inv_1'], 'POST /invitations/inv_1/revoke'],
  'invitations.resend': [['inv_1'], 'POST /invitations/inv_1/resend'],
  'sessions.listForUser': [['usr_1'], 'GET /users/usr_1/sessions'],
  'sessions.revoke': [['ses_1'], 'DELETE /sessions/ses_1'],
  'sessions.revokeAllForUser': [['usr_1'], 'DELETE /users/usr_1/sessions'],
  refreshToken: [[], 'POST /oauth/token'],
  clearToken: [[], ''],
};
const plurals = ['users', 'groups', 'members', 'applications', 'events', 'invitations', 'sessions'];
const anything = { id: 'x', next_cursor: null, ...Object.fromEntries(plurals.map((name) => [name, [{ id: 'x' }]])) };

type Method = (...args: unknown[]) => Promise<unknown>;
const methodOf = (client: object, name: string): Method =>
  name.split('.').reduce<unknown>((at, key) => {
    const value = (at as Record<string, unknown>)[key];
    return typeof value === 'function' ? value.bind(at) : value;
  }, client) as Method;

const answerTo = (tenant: FakeTenant, request: string) => {
  const [target = ''] = request.split('?');
  if (!target || target.includes('/oauth/')) return;
  tenant.on(target, ({ json, response }) => {
    if (target.endsWith('/stream')) response.end('{"id":"evt_1"}\n{"id":"evt_2"}\n');
    else json(200, anything);
  });
};

test('the class names, the exports and the published name are those of the contract', () => {
  expect(Object.keys(drop).sort()).toEqual([contract.error.class, contract.constructor.class].sort());
  const { name } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(name).toBe('@reeve/intelliauth');
  expect(contract.methods.toSorted()).toEqual(Object.keys(calls).toSorted());
});

test.each(contract.methods as string[])('%s sends what it should and returns a promise', async (name) => {
  const tenant = await startTenant();
  const [args, request, body] = calls[name] as (typeof calls)[string];
  answerTo(tenant, request);
  const client = new IntelliAuthManagement(tenant.options);
  const result = methodOf(client, name)(...args);
  if (name === 'audit.stream') {
    const ids: string[] = [];
    for await (const { id } of result as unknown as AsyncIterable<{ id: string }>) ids.push(id);
    expect(ids).toEqual(['evt_1', 'evt_2']);
  } else {
    expect(result).toBeInstanceOf(Promise);
    await result;
  }
  const sent = request.includes('/oauth/') ? tenant.tokenRequests : tenant.seen;
  const lines = sent.map(({ method, path, query }) => `${method} ${path}${query.size ? `?${query}` : ''}`);
  expect(lines).toEqual(request ? [request] : []);
  if (body !== undefined) expect(JSON.parse(sent[0]?.body as string)).toEqual(body);
});

const requests = Object.entries(calls).filter(([, [, request]]) => request !== '');
test.each(requests)('%s fails as IntelliAuthApiError with a request id', async (name, [args]) => {
  const tenant = await startTenant();
  tenant.onToken(({ json }) => json(401, { error: 'invalid_client' }, { 'x-request-id': 'req_t' }));
  const fails = async () => {
    const result = methodOf(new IntelliAuthManagement(tenant.options), name)(...args);
    if (name !== 'audit.stream') return result;
    for await (const _event of result as unknown as AsyncIterable<unknown>);
  };
  const error = await rejectionOf(fails());
  expect(error).toBeInstanceOf(IntelliAuthApiError);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'IntelliAuthApiError',
    status: 401,
    code: 'invalid_client',
    request_id: 'req_t',
  });
  for (const field of contract.error.fields) expect(field === 'cause' || field in error).toBe(true);
});

test('required options are named when missing; nothing is sent by the constructor', () => {
  const fetch = vi.fn();
  const given = { tenantUrl: 'http://127.0.0.1:9', clientId: 'a', clientSecret, audience: 'b' } as Record<
    string,
    string
  >;
  for (const name of contract.constructor.required) {
    const { [name]: _, ...rest } = given;
    expect(() => new IntelliAuthManagement(rest as never)).toThrow(
      new TypeError(`IntelliAuthManagement: missing ${name}`),
    );
  }
  expect(() => new IntelliAuthManagement({} as never)).toThrow(`missing ${contract.constructor.required.join(', ')}`);
  new IntelliAuthManagement({ ...given, fetch } as never);
  expect(fetch).not.toHaveBeenCalled();
});

test('the fetch option carries every request, the token’s included; scope is empty unless given', async () => {
  const tenant = await startTenant();
  const fetch = vi.fn<drop.Fetch>((url, init) => globalThis.fetch(url, init));
  tenant.on('GET /users/u', ({ json }) => json(200, {}));
  await new IntelliAuthManagement({ ...tenant.options, fetch }).users.get('u');
  expect(fetch.mock.calls.map(([url]) => url)).toEqual([`${tenant.url}/oauth/token`, `${tenant.url}/api/v1/users/u`]);
  expect(new URLSearchParams(tenant.tokenRequests[0]?.body).has('scope')).toBe(false);
  expect(contract.constructor.optional.scope).toBe('');
});

test('by default a read is tried three times on 5xx, with pauses below 200 and 400 ms', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ problem }) => problem(503, 'overloaded'));
  const pauses: number[] = [];
  const hooks = { onRetry: ({ delay_ms }: drop.HookRetry) => pauses.push(delay_ms) };
  await rejectionOf(new IntelliAuthManagement({ ...tenant.options, hooks }).users.get('u'));
  const { attempts, baseMs } = contract.constructor.optional.retry;
  expect(tenant.seen).toHaveLength(attempts);
  expect(pauses).toHaveLength(attempts - 1);
  for (const [i, pause] of pauses.entries()) expect(pause).toBeLessThan(baseMs * 2 ** i);
});

test.each([400, 404, 408, 409, 422, 429])('%i is not retried: 5xx and network errors only', async (status) => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ problem }) => problem(status, 'rate_limited', { 'retry-after': '0' }));
  const error = await rejectionOf(new IntelliAuthManagement(tenant.options).users.get('u'));
  expect(error).toMatchObject({ status, code: 'rate_limited' });
  expect(tenant.seen).toHaveLength(1);
});

test('a network error is retried; a repeated create carries the key that makes it idempotent', async () => {
  const tenant = await startTenant();
  tenant.on('POST /users', ({ count, response, json }) =>
    count < 3 ? response.destroy() : json(201, { id: 'usr_1' }),
  );
  const client = new IntelliAuthManagement({ ...tenant.options, retry: { attempts: 3, baseMs: 1 } });
  expect(await client.users.create({ email: 'a@b.c' })).toEqual({ id: 'usr_1' });
  const keys = new Set(tenant.seen.map(({ headers }) => headers['idempotency-key']));
  expect(keys.size).toBe(1);
  expect([...keys][0]).toBeDefined();
});

test('100 concurrent calls cause one token request; a 401 causes one more and one replay', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ headers, json, problem }) =>
    headers.authorization === 'Bearer token-number-2' ? json(200, {}) : problem(401, 'token_expired'),
  );
  const client = new IntelliAuthManagement(tenant.options);
  await Promise.all(Array.from({ length: 100 }, () => client.users.get('u')));
  expect(tenant.tokenRequests).toHaveLength(2);
});

test('bulkImport streams thousands of rows in one request and resolves when the job has ended', async () => {
  const tenant = await startTenant();
  const answer = {
    job_id: 'job_1',
    inserted: 4999,
    updated: 0,
    failed: 1,
    total: 5000,
    errors: [{ line: 1, key: 'a@b.c', code: 'email_taken', field: 'email', message: 'taken' }],
  };
  tenant.on('POST /users/import', ({ json }) => json(200, answer));
  const rows = Array.from({ length: 5000 }, (_, i) => ({ email: `u${i}@b.c` }));
  expect(await new IntelliAuthManagement(tenant.options).users.bulkImport(Readable.from(rows))).toEqual(answer);
  expect(tenant.seen).toHaveLength(1);
  expect(
    tenant.seen[0]?.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(rows);
});

test('audit.list resolves to events and next_cursor, null on the last page', async () => {
  const tenant = await startTenant();
  const page = { events: [{ id: 'evt_1', event_type: 'user.signed_in', actor: { id: 'usr_1' } }], next_cursor: null };
  tenant.on('GET /audit', ({ json }) => json(200, page));
  expect(await new IntelliAuthManagement(tenant.options).audit.list()).toEqual(page);
});

test('no secret is in the client or its errors', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ json }) =>
    json(400, { code: 'invalid_request', detail: `token-number-1 ${clientSecret}` }),
  );
  const client = new IntelliAuthManagement(tenant.options);
  const error = await rejectionOf(client.users.get('u'));
  const shown = inspect([client, error], { depth: 20, showHidden: true }) + JSON.stringify([client, error]);
  expect(shown).not.toContain('token-number-1');
  expect(shown).not.toContain(clientSecret);
});
