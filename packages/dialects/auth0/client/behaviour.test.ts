/** What calling code sees beside the requests: results, errors, callbacks, headers, ids. */
import { createServer as createProxy } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type Answering, answer, type Capture, inTurn, startCapture } from '@reeve/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SanitizedError } from './errors.ts';
import { AuthenticationClient, ManagementClient, type ManagementClientOptions } from './index.ts';
import { managers } from './managers.ts';

let capture: Capture;
beforeAll(async () => {
  capture = await startCapture();
});
afterAll(() => capture[Symbol.dispose]());
beforeEach(() => {
  capture.answering = undefined;
  capture.take();
});

const once = { enabled: false };
const clientOf = (more: Partial<ManagementClientOptions> = {}) =>
  new ManagementClient({ domain: capture.domain, token: 'TOKEN-OF-TEST', ...more } as ManagementClientOptions);
const withCredentials = (more: object = {}) =>
  new ManagementClient({ domain: capture.domain, clientId: 'CID', clientSecret: 'SECRET-OF-TEST', ...more });
const failure = async (promise: Promise<unknown>): Promise<SanitizedError> => {
  const error = await promise.then(
    () => expect.unreachable('resolved'),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(SanitizedError);
  return error as SanitizedError;
};
const NOT_FOUND =
  '{"statusCode":404,"error":"Not Found","message":"The user does not exist.","errorCode":"inexistent_user"}';

describe('results', () => {
  const id = { id: 'a' };
  it.each([
    ['an object', answer(200, '{"a":1}'), { a: 1 }],
    ['a number', answer(200, '5'), 5],
    ['null', answer(200, 'null'), null],
    ['an empty body labelled JSON', answer(200), ''],
    ['an empty body without a type', answer(200, '', {}), {}],
    ['no content', answer(204, '', {}), {}],
    ['text', answer(200, 'text', { 'content-type': 'text/plain' }), {}],
    [
      'another JSON type',
      answer(200, '{"a":1}', { 'content-type': 'application/problem+json; charset=utf-8' }),
      { a: 1 },
    ],
  ])('%s', async (_name, answering, wanted) => {
    capture.answering = answering;
    expect(await clientOf().getUser(id)).toEqual(wanted);
  });

  it('gzip and deflate are undone', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    capture.answering = (_request, response) => response.writeHead(200, headers).end(gzipSync('{"name":"Ä"}'));
    expect(await clientOf().getUser(id)).toEqual({ name: 'Ä' });
  });

  it('with headers, by promise and by callback, but for imports', async () => {
    const client = new ManagementClient({ domain: capture.domain, token: 'T', includeResponseHeaders: true });
    capture.answering = answer(200, '{"user_id":"a"}', {
      'content-type': 'application/json',
      'X-RateLimit-Limit': '10',
    });
    const { data, headers } = await client.getUser(id);
    expect(data.user_id).toBe('a');
    expect(headers).toMatchObject({ 'x-ratelimit-limit': '10', 'content-type': 'application/json' });
    const called = await new Promise((resolve) => client.getUser(id, (...args: unknown[]) => resolve(args)));
    expect(called).toMatchObject([null, { data: { user_id: 'a' }, headers: { 'x-ratelimit-limit': '10' } }]);
    expect(await client.importUsersJob({ connection_id: 'c', users_json: '[]' })).toEqual({ user_id: 'a' });
  });

  it('an import resolves the whole answer; its job only the body', async () => {
    capture.answering = answer(202, '{"id":"job_1"}');
    const data = { connection_id: 'con', users_json: [{ email: 'a@b.c' }] };
    const whole = await clientOf().importUsers(data);
    expect(whole).toMatchObject({ status: 202, statusText: 'Accepted', data: { id: 'job_1' } });
    expect(await clientOf().importUsersJob(data)).toEqual({ id: 'job_1' });
    expect(capture.take()[1]?.body).toContain('\r\n\r\n[{"email":"a@b.c"}]\r\n');
  });
});

describe('callbacks', () => {
  it('one argument on failure, two on success, and no promise', async () => {
    capture.answering = answer(404, NOT_FOUND);
    const failed = await new Promise<unknown[]>((resolve) => {
      expect(clientOf().getUser({ id: 'a' }, (...args: unknown[]) => resolve(args))).toBeUndefined();
    });
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({ statusCode: 404 });
    capture.answering = answer(200, '[]');
    const done = await new Promise((resolve) => clientOf().getUsers((...args: unknown[]) => resolve(args)));
    expect(done).toEqual([null, []]);
  });

  it('the body check reaches the callback, the others throw', async () => {
    const [error] = await new Promise<unknown[]>((resolve) => {
      clientOf().createUser(5 as never, (...args: unknown[]) => resolve(args));
    });
    expect(error).toMatchObject({ name: 'ArgumentError', message: 'The data must be an object or a serialized json' });
    expect(() => clientOf().deleteUser({} as never, () => {})).toThrow('You must provide an id for the delete method');
  });

  it('what a callback throws is uncaught and does not call it again', async () => {
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    let calls = 0;
    try {
      const uncaught = await new Promise<Error>((resolve) => {
        process.once('uncaughtException', resolve);
        clientOf().getUsers(() => {
          calls++;
          throw new Error('thrown by the callback');
        });
      });
      expect(uncaught.message).toBe('thrown by the callback');
      await clientOf().getUsers();
      expect(calls).toBe(1);
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });
});

describe('errors', () => {
  const url = () => `https://${capture.domain}/api/v2/users/a%7Cb`;

  it('of the API', async () => {
    capture.answering = answer(404, NOT_FOUND);
    const error = await failure(clientOf().getUser({ id: 'a|b', fields: 'email' }));
    expect(Object.keys(error)).toEqual(['name', 'message', 'statusCode', 'requestInfo', 'originalError']);
    expect(error).toMatchObject({ name: 'Not Found', message: 'The user does not exist.', statusCode: 404 });
    expect(error.requestInfo).toEqual({ method: 'get', url: url() });
    expect(error.stack).toMatch(/^Not Found: The user does not exist\.\n {4}at /);
    const { originalError } = error;
    expect(originalError).toMatchObject({ message: 'Not Found', status: 404 });
    expect(originalError.response).toMatchObject({
      status: 404,
      statusCode: 404,
      body: { errorCode: 'inexistent_user' },
      text: NOT_FOUND,
      headers: { 'content-type': 'application/json' },
    });
  });

  it.each([
    ['HTML', answer(502, '<html>', { 'content-type': 'text/html' }), 'APIError', '{}', 502],
    ['an empty body labelled JSON', answer(503), 'APIError', 'Service Unavailable', 503],
    ['text', answer(400, 'no', { 'content-type': 'text/plain' }), 'APIError', '{}', 400],
    ['a message that is an object', answer(400, '{"error":"e","message":{"x":1}}'), 'e', '{"x":1}', 400],
    ['another body', answer(400, '{"a":1}'), 'APIError', '{"a":1}', 400],
    ['a string', answer(400, '"text"'), 'APIError', 'text', 400],
  ])('%s', async (_name, answering, name, message, statusCode) => {
    capture.answering = answering;
    expect(await failure(clientOf().getUser({ id: 'a|b' }))).toMatchObject({ name, message, statusCode });
  });

  it('JSON that is none', async () => {
    capture.answering = answer(200, '{bad');
    expect((await failure(clientOf().getUser({ id: 'a' }))).name).toBe('APIError');
  });

  it('of the network', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    const { port } = await new Promise<AddressInfo>((resolve) =>
      server.once('listening', () => resolve(server.address() as AddressInfo)),
    );
    await new Promise((resolve) => server.close(resolve));
    const client = new ManagementClient({ domain: `127.0.0.1:${port}`, token: 'T', retry: once });
    const error = await failure(client.getUser({ id: 'a' }));
    const message = `connect ECONNREFUSED 127.0.0.1:${port}`;
    expect(error).toMatchObject({ name: 'APIError', statusCode: 'ECONNREFUSED', message });
    expect(error.originalError).toMatchObject({ code: 'ECONNREFUSED', port });
  });

  it('hold no secret', async () => {
    capture.answering = (request, response) => answer(400, `{"message":"no"}`)(request, response);
    const data = {
      connection: 'c',
      email: 'a@b.c',
      password: 'PASSWORD',
      user_metadata: { api_key: 'KEY', plan: 'gold' },
    };
    const error = await failure(clientOf().createUser(data));
    const { request } = error.originalError.response as NonNullable<typeof error.originalError.response>;
    expect(request._data).toEqual({
      connection: 'c',
      email: 'a@b.c',
      password: '[REDACTED]',
      user_metadata: { api_key: '[REDACTED]', plan: 'gold' },
    });
    expect(request._header.authorization).toBe('[REDACTED]');
    expect(JSON.stringify([error, error.originalError])).not.toMatch(/TOKEN-OF-TEST|PASSWORD|KEY"/);
    const refused = await failure(withCredentials().getUsers());
    expect(JSON.stringify([refused, refused.originalError])).not.toContain('SECRET-OF-TEST');
    expect(JSON.stringify(withCredentials())).not.toContain('SECRET-OF-TEST');
  });

  it('of an import', async () => {
    capture.answering = answer(413, '{"message":"too large"}');
    const at = `https://${capture.domain}/api/v2/jobs/users-imports`;
    const data = { connection_id: 'c', users_json: '[]' };
    for (const call of [clientOf().importUsers(data), clientOf().importUsersJob(data)]) {
      const error = (await call.catch((error: unknown) => error)) as Error;
      expect(error).toMatchObject({
        message: `cannot POST ${at} (413)`,
        status: 413,
        method: 'POST',
        text: 'too large',
      });
    }
    const missing = clientOf().importUsersJob({ connection_id: 'c', users: '/no/such/file.json' });
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT' });
    expect(() => clientOf().importUsersJob({ connection_id: 'c' })).toThrow(TypeError);
  });

  it('of getInfo and impersonate', async () => {
    capture.answering = answer(401, 'Unauthorized', { 'content-type': 'text/plain' });
    const { users } = new AuthenticationClient({ domain: capture.domain, clientId: 'c' });
    const error = (await users.getInfo('BEARER-OF-TEST').catch((error: unknown) => error)) as Record<string, unknown>;
    expect(error.response).toMatchObject({ status: 401, statusText: 'Unauthorized', data: 'Unauthorized' });
    expect('statusCode' in error).toBe(false);
    expect(JSON.stringify(error)).not.toContain('BEARER-OF-TEST');
    const settings = { impersonator_id: 'i', protocol: 'oauth2', token: 't' };
    await expect(users.impersonate('auth0|1', settings)).rejects.toMatchObject({ response: { status: 401 } });
  });
});

describe('headers', () => {
  it('of the caller stand over User-Agent, never over Authorization and Accept', async () => {
    const headers = { 'User-Agent': 'mine', 'X-Mine': '1', Authorization: 'Bearer no', Accept: 'text/html' };
    await clientOf({ headers }).getUsers();
    expect(capture.take()[0]?.headers).toMatchObject({
      'user-agent': 'mine',
      'x-mine': '1',
      authorization: 'Bearer TOKEN-OF-TEST',
      accept: 'application/json',
    });
    await failure(withCredentials({ headers, retry: once, domain: capture.domain }).getUsers()).catch(() => {});
    expect(capture.take()[0]).toMatchObject({ url: '/oauth/token', headers: { 'x-mine': '1' } });
  });

  it('of telemetry', async () => {
    const sent = async (more: object) => {
      await clientOf(more).getUsers();
      const value = capture.take()[0]?.headers['auth0-client'] as string | undefined;
      return value && JSON.parse(Buffer.from(value, 'base64url').toString());
    };
    expect(await sent({ telemetry: false })).toBeUndefined();
    expect(await sent({ clientInfo: { name: '' } })).toBeUndefined();
    expect(await sent({ clientInfo: { name: 'mine', version: '1' } })).toEqual({ name: 'mine', version: '1' });
  });
});

describe('ids', () => {
  it.each([
    ['auth0|1', 'auth0%7C1'],
    ['auth0%7C1', 'auth0%7C1'],
    ['a/b c?d#e', 'a%2Fb%20c%3Fd%23e'],
    ['50%', '50%25'],
    ['100%|a', '100%25%7Ca'],
  ])('%s', async (id, segment) => {
    const params = Object.freeze({ id, authentication_method_id: id });
    await clientOf().users.getAuthenticationMethodById(params);
    expect(capture.take()[0]?.url).toBe(`/api/v2/users/${segment}/authentication-methods/${segment}`);
  });

  it.each([
    ['updateUser', [{}, {}], 'You must provide an id for the update method'],
    ['deleteClient', [], 'You must provide a client_id for the delete method'],
    ['deleteRule', [{}], 'You must provide an id for the delete method'],
    ['getGuardianEnrollments', [{}], 'You must provide an id for the get method'],
    ['getUserRoles', [{}], 'You must provide an id for the getAll method'],
    ['getUser', ['auth0|x'], 'You must provide an id for the get method'],
    ['getUser', [{ id: '..' }], 'You must provide an id for the get method'],
    ['deleteUser', [{ id: '%2e%2E' }], 'You must provide an id for the delete method'],
  ] as const)('%s%j sends nothing', async (method, args, message) => {
    const call = clientOf()[method] as unknown as (...args: unknown[]) => Promise<unknown>;
    await expect(call.apply(clientOf(), [...args])).rejects.toMatchObject({ name: 'ArgumentError', message });
    expect(capture.take()).toEqual([]);
  });

  it('beside a list: its own name picks one, a part of that name does not', async () => {
    await clientOf().getUsers({ id: 'a|b' } as object);
    await clientOf().getUsers({ i: 'z', id: undefined } as object);
    expect(capture.take().map(({ url }) => url)).toEqual(['/api/v2/users/a%7Cb', '/api/v2/users?i=z']);
  });

  it('of one method never end all of them', async () => {
    const { users } = clientOf();
    const id = { id: 'a', authentication_method_id: '' };
    await expect(users.deleteAuthenticationMethods(id)).rejects.toMatchObject({ name: 'ArgumentError' });
    await users.deleteAuthenticationMethods({ id: 'a' });
    expect(capture.take().map(({ url }) => url)).toEqual(['/api/v2/users/a/authentication-methods']);
  });
});

describe('managers', () => {
  it('alone, below their own base URL', async () => {
    const baseUrl = `https://${capture.domain}/elsewhere`;
    const users = new managers.users({ baseUrl, headers: { Authorization: 'Bearer mine', 'X-Mine': '1' } });
    await users.get({ id: 'a|b' });
    const [sent] = capture.take();
    expect(sent?.url).toBe('/elsewhere/users/a%7Cb');
    expect(sent?.headers).toMatchObject({ authorization: 'Bearer mine', 'x-mine': '1' });
    expect(sent?.headers['auth0-client']).toBeUndefined();
    const provided = new managers.users({ baseUrl, tokenProvider: { getAccessToken: async () => 'given' } });
    await provided.getAll();
    expect(capture.take()[0]?.headers.authorization).toBe('Bearer given');
  });

  it('work through a Proxy around everything', async () => {
    const wrap = <T extends object>(target: T): T =>
      new Proxy(target, {
        get(object, name, receiver) {
          const value: unknown = Reflect.get(object, name, receiver);
          return value instanceof Object ? wrap(value) : value;
        },
      });
    capture.answering = (request, response) =>
      answer(200, request.url === '/oauth/token' ? '{"access_token":"T","expires_in":60}' : '[]')(request, response);
    const client = wrap(withCredentials());
    expect(await client.users.getAll({ page: 0 })).toEqual([]);
    expect(await client.getUsers()).toEqual([]);
    expect(await client.jobs.importUsersJob({ connection_id: 'c', users_json: '[]' })).toEqual([]);
    expect(capture.take().map(({ url }) => url)).toEqual([
      '/oauth/token',
      '/api/v2/users?page=0',
      '/api/v2/users',
      '/api/v2/jobs/users-imports',
    ]);
  });

  it('have their resources as members', async () => {
    const { users } = clientOf() as unknown as { users: { roles: { getAll(params: object): Promise<unknown> } } };
    await users.roles.getAll({ id: 'a|b', page: 1 });
    expect(capture.take()[0]?.url).toBe('/api/v2/users/a%7Cb/roles?page=1');
  });
});

it('goes through a proxy', async () => {
  const asked: string[] = [];
  const proxy = createProxy().on('connect', ({ url = '' }, socket) => {
    asked.push(url);
    const [host, port] = url.split(':') as [string, string];
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  try {
    const client = clientOf({ proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    await client.getUsers();
    await client.getUsers();
    expect(asked).toEqual([capture.domain]);
    expect(capture.take()).toHaveLength(2);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
  expect(() => clientOf({ proxy: 'nowhere' })).toThrow('proxy must be a URL');
});

describe('redirects', () => {
  it('are followed at the same origin, and the bearer goes nowhere else', async () => {
    const to = (location: string): Answering => answer(302, '', { location });
    capture.answering = inTurn(to('/api/v2/users?page=1'), answer(200, '[]'));
    expect(await clientOf().getUsers()).toEqual([]);
    expect(capture.take().map(({ url }) => url)).toEqual(['/api/v2/users', '/api/v2/users?page=1']);
    const other = await startCapture();
    try {
      capture.answering = to(`https://${other.domain}/api/v2/users`);
      expect((await failure(clientOf().getUsers())).statusCode).toBe(302);
      expect(other.requests).toEqual([]);
    } finally {
      other[Symbol.dispose]();
    }
  });
});
