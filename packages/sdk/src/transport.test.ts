import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { clientSecret, rejectionOf, startTenant } from '../testing/fake-tenant.ts';
import { type Fetch, type HookRequest, type HookResponse, ReeveError, ReeveManagement } from './index.ts';

const once = { attempts: 1 };

test('a problem becomes one error with everything in it', async () => {
  const tenant = await startTenant();
  const errors = [{ field: 'email', code: 'pattern', message: 'Not an address' }];
  tenant.on('POST /users', ({ json }) =>
    json(400, { code: 'invalid_request', detail: 'Look at errors', request_id: 'req_body', errors }),
  );
  const error = await rejectionOf(new ReeveManagement(tenant.options).users.create({ email: 'x' }));
  expect(error).toBeInstanceOf(ReeveError);
  expect(error).toBeInstanceOf(Error);
  expect(error.message).toBe('users.create: Look at errors (400 invalid_request)');
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: 'ReeveError',
    message: error.message,
    status: 400,
    code: 'invalid_request',
    request_id: 'req_body',
    errors,
  });
  expect(error.stack).toContain('transport.test.ts');
});

test('a refusal without a problem still has a code and the request id of its header', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ response }) =>
    response.writeHead(502, { 'content-type': 'text/html', 'x-request-id': 'req_header' }).end('<h1>Bad gateway</h1>'),
  );
  const error = await rejectionOf(new ReeveManagement({ ...tenant.options, retry: once }).users.get('u'));
  expect(error).toMatchObject({ status: 502, code: 'http_502', request_id: 'req_header', errors: [] });
  expect(error.message).not.toContain('<h1>');
});

test.each([
  ['a page', 'text/html', '<html>hello</html>'],
  ['nothing', 'application/json', ''],
  ['half an object', 'application/json', '{"id":'],
  ['no object', 'application/json', '"usr_1"'],
  ['null', 'application/json', 'null'],
])('where JSON is expected, %s is an error and not a result', async (_name, type, body) => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ response }) =>
    response.writeHead(200, { 'content-type': type, 'x-request-id': 'req_1' }).end(body),
  );
  const error = await rejectionOf(new ReeveManagement(tenant.options).users.get('u'));
  expect(error).toMatchObject({ status: 200, code: 'unexpected_answer', request_id: 'req_1' });
});

test('an answer without its list is an error, not an empty list', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users', ({ json }) => json(200, { next_cursor: null }));
  const error = await rejectionOf(new ReeveManagement(tenant.options).users.list());
  expect(error).toMatchObject({ status: 200, code: 'unexpected_answer' });
});

test('an operation that answers nothing resolves to undefined', async () => {
  const tenant = await startTenant();
  tenant.on('DELETE /users/u', ({ response }) => response.writeHead(204).end());
  expect(await new ReeveManagement(tenant.options).users.delete('u')).toBeUndefined();
});

test('a redirect is refused, and the bearer never reaches the other origin', async () => {
  const elsewhere = await startTenant();
  const tenant = await startTenant();
  const location = `${elsewhere.url}/api/v1/users/u`;
  for (const status of [301, 302, 303, 307, 308]) {
    tenant.on('GET /users/u', ({ response }) => response.writeHead(status, { location }).end());
    const error = await rejectionOf(new ReeveManagement(tenant.options).users.get('u'));
    expect(error).toMatchObject({ status, code: 'redirect_refused' });
  }
  tenant.onToken(({ response }) => response.writeHead(307, { location: `${elsewhere.url}/oauth/token` }).end());
  expect(await rejectionOf(new ReeveManagement(tenant.options).users.get('u'))).toMatchObject({
    code: 'redirect_refused',
  });
  expect([...elsewhere.seen, ...elsewhere.tokenRequests]).toEqual([]);
});

test('an id that would leave its path is refused before anything is sent, as a rejection', async () => {
  const tenant = await startTenant();
  const reeve = new ReeveManagement(tenant.options);
  for (const id of ['', '.', '..']) {
    const error = await rejectionOf(reeve.users.get(id));
    expect(error).toMatchObject({ name: 'ReeveError', status: 0, code: 'invalid_parameter' });
  }
  expect([...tenant.seen, ...tenant.tokenRequests]).toEqual([]);
  await rejectionOf(reeve.users.get('a/../../users/victim'));
  expect(tenant.seen[0]?.path).toBe('/users/a%2F..%2F..%2Fusers%2Fvictim');
});

test('a body that has no JSON is a rejection of the same class', async () => {
  const tenant = await startTenant();
  const user_metadata: Record<string, unknown> = {};
  user_metadata.self = user_metadata;
  const error = await rejectionOf(new ReeveManagement(tenant.options).users.create({ user_metadata }));
  expect(error).toMatchObject({ name: 'ReeveError', code: 'invalid_parameter' });
});

test('a try that takes too long is given up, tried again, and freed on the server', async () => {
  const tenant = await startTenant();
  const freed: Promise<unknown>[] = [];
  tenant.on('GET /users/u', ({ response }) => {
    freed.push(new Promise((resolve) => response.on('close', resolve)));
  });
  const reeve = new ReeveManagement({ ...tenant.options, timeout: 200, retry: { attempts: 2, baseMs: 1 } });
  expect(await rejectionOf(reeve.users.get('u'))).toMatchObject({ status: 0, code: 'timeout', request_id: null });
  expect(freed).toHaveLength(2);
  await Promise.all(freed);
});

test('the time limit covers the body, too', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ response }) => void response.writeHead(200).write('{"id":'));
  const reeve = new ReeveManagement({ ...tenant.options, retry: once });
  expect(await rejectionOf(reeve.users.get('u', { timeout: 40 }))).toMatchObject({ code: 'timeout' });
});

test('a body that breaks off is a failed connection, not half a user', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ response }) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"id":"u"}', () => response.destroy());
  });
  const reeve = new ReeveManagement({ ...tenant.options, retry: once });
  expect(await rejectionOf(reeve.users.get('u'))).toMatchObject({ status: 0, code: 'connection_failed' });
});

test('the caller’s signal and the time limit hold at once', async () => {
  const tenant = await startTenant();
  const abort = new AbortController();
  tenant.on('GET /users/u', () => abort.abort('gone'));
  tenant.on('GET /users/v', () => {});
  const reeve = new ReeveManagement({ ...tenant.options, timeout: 300, retry: once });
  const { signal } = abort;
  expect(await rejectionOf(reeve.users.get('u', { signal }))).toMatchObject({ code: 'aborted', cause: 'gone' });
  const patient = new AbortController();
  expect(await rejectionOf(reeve.users.get('v', { signal: patient.signal }))).toMatchObject({ code: 'timeout' });
});

test('an aborted signal sends nothing', async () => {
  const tenant = await startTenant();
  const reeve = new ReeveManagement(tenant.options);
  const error = await rejectionOf(reeve.users.get('u', { signal: AbortSignal.abort() }));
  expect(error).toMatchObject({ code: 'aborted' });
  expect((error.cause as Error).name).toBe('AbortError');
  expect(tenant.seen).toEqual([]);
});

test('the deadline ends all tries together', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', () => {});
  const reeve = new ReeveManagement({
    ...tenant.options,
    timeout: 150,
    deadline: 400,
    retry: { attempts: 99, baseMs: 1 },
  });
  const startedAt = Date.now();
  const error = await rejectionOf(reeve.users.get('u'));
  expect(error.code).toMatch(/^(deadline_exceeded|timeout)$/);
  expect(Date.now() - startedAt).toBeLessThan(5000);
});

test('no secret is in an error, whatever the server or the HTTP library put into theirs', async () => {
  const tenant = await startTenant();
  const bearer = 'token-number-1';
  const spellings = [
    clientSecret,
    encodeURIComponent(clientSecret),
    `${new URLSearchParams({ a: clientSecret })}`.slice(2),
  ];
  const leaks = `Authorization: Bearer ${bearer}; ${spellings.join('; ')}`;
  tenant.on('GET /users/u', ({ json }) =>
    json(400, { code: 'invalid_request', detail: leaks, errors: [{ field: 'x', code: 'y', message: leaks }] }),
  );
  const leaky: Fetch = async (url, init) => {
    if (url.endsWith('/users/v')) {
      const inner = Object.assign(new Error(leaks), { code: 'ECONNRESET', request: init });
      throw Object.assign(new TypeError(leaks, { cause: inner }), { config: init, secret: clientSecret });
    }
    if (url.endsWith('/users/w')) throw leaks;
    return fetch(url, init);
  };
  const reeve = new ReeveManagement({ ...tenant.options, fetch: leaky, retry: once });
  for (const id of ['u', 'v', 'w']) {
    const error = await rejectionOf(reeve.users.get(id));
    const everything = JSON.stringify(error) + inspect(error, { depth: 20, showHidden: true }) + error.stack;
    for (const secret of [bearer, ...spellings, JSON.stringify(clientSecret).slice(1, -1)]) {
      expect(everything).not.toContain(secret);
    }
    expect(everything).toContain('[redacted]');
  }
  const error = await rejectionOf(reeve.users.get('v'));
  expect(error.cause).toMatchObject({ name: 'TypeError', cause: { code: 'ECONNRESET' } });
});

test('hooks see every try and no secret; what they throw changes nothing', async () => {
  const tenant = await startTenant();
  tenant.on('GET /users/u', ({ count, problem, json }) => (count === 1 ? problem(503, 'overloaded') : json(200, {})));
  const told: (HookRequest | HookResponse)[] = [];
  const tell = (fact: HookRequest) => {
    told.push(fact);
    throw new Error('a broken hook');
  };
  const hooks = { onRequest: tell, onResponse: tell, onRetry: tell };
  await new ReeveManagement({ ...tenant.options, hooks, retry: { baseMs: 1 } }).users.get('u');
  const calls = told.map(
    (fact) => `${fact.operation} ${fact.method} ${fact.attempt} ${'status' in fact ? fact.status : ''}`,
  );
  expect(calls).toEqual([
    'token POST 1 ',
    'token POST 1 200',
    'users.get GET 1 ',
    'users.get GET 1 503',
    'users.get GET 1 ',
    'users.get GET 2 ',
    'users.get GET 2 200',
  ]);
  const everything = inspect(told, { depth: 20, showHidden: true });
  expect(everything).not.toContain('token-number');
  expect(everything).not.toContain(clientSecret);
});

test('request headers: own ones are added, the bearer cannot be replaced', async () => {
  const tenant = await startTenant();
  tenant.on('PATCH /users/u', ({ json }) => json(200, {}));
  const reeve = new ReeveManagement({ ...tenant.options, userAgent: 'billing/3' });
  const headers = { 'X-Trace': 't1', Authorization: 'Bearer mine', Accept: 'application/json; v=1' };
  await reeve.users.update('u', { name: null }, { headers, ifMatch: '"7"' });
  expect(tenant.seen[0]?.headers).toMatchObject({
    'x-trace': 't1',
    authorization: 'Bearer token-number-1',
    accept: 'application/json; v=1',
    'if-match': '"7"',
    'content-type': 'application/json',
    'user-agent': expect.stringMatching(/^billing\/3 reeve-sdk\/\d/),
  });
  expect(tenant.seen[0]?.body).toBe('{"name":null}');
});

test('a body that may be left out is sent as an empty object; an operation without a body sends none', async () => {
  const tenant = await startTenant();
  tenant.on('POST /users/u/reset-password', ({ json }) => json(202, {}));
  tenant.on('POST /users/u/disable', ({ json }) => json(200, {}));
  const reeve = new ReeveManagement(tenant.options);
  await reeve.users.resetPassword('u');
  await reeve.users.disable('u', { headers: { 'x-a': 'b' } });
  expect(tenant.seen.map(({ body, headers }) => [body, headers['content-type'], headers['x-a']])).toEqual([
    ['{}', 'application/json', undefined],
    ['', undefined, 'b'],
  ]);
});
