/** What is better here than in the original, and what goes wrong. */
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuthingError, ManagementClient, type ManagementClientOptions } from './index.ts';
import { otherCases, userCases } from './twin.fixture.ts';
import {
  type Answer,
  call,
  clientOf,
  decrypt,
  graphql,
  jwt,
  PUBLIC_KEY,
  refused,
  rest,
  startUpstream,
  type Upstream,
} from './upstream.fixture.ts';

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream[Symbol.dispose]());

const inTurn = (...answers: Answer[]) => {
  upstream.answering = () => (answers.length > 1 ? answers.shift() : answers[0]) as Answer;
};
const failureOf = async (work: () => Promise<unknown>): Promise<AuthingError> => {
  const error = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AuthingError);
  expect(error).toBeInstanceOf(Error);
  return error as AuthingError;
};
const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(Object.freeze(value))) frozen(inner);
  return value;
};

describe('the caller’s objects', () => {
  it.each([...userCases, ...otherCases].map((given, at) => ({ title: `${at} ${given.surface}`, given })))(
    'stay as they are: $title',
    async ({ given: { surface, args, answer } }) => {
      inTurn(answer);
      const client = clientOf(upstream);
      const before = structuredClone(args);
      const outcome = await Promise.allSettled([call(client, surface, frozen(structuredClone(args)))]);
      if (outcome[0].status === 'rejected') expect(outcome[0].reason).toBeInstanceOf(AuthingError);
      expect(args).toEqual(before);
    },
  );

  it('a password is not encrypted twice', async () => {
    const user = { username: 'bob', password: 'passw0rd' };
    const client = clientOf(upstream);
    await client.users.create(user);
    await client.users.create(user);
    const sent = upstream.asked.map(({ body }) => decrypt(JSON.parse(body).variables.userInfo.password));
    expect(sent).toEqual(['passw0rd', 'passw0rd']);
  });

  it('options with empty members, too', async () => {
    const options = frozen({ userPoolId: 'P', secret: 'SECRET', host: `${upstream.host}//`, appId: '', timeout: 5000 });
    await new ManagementClient(options).users.exists({});
    expect(options.appId).toBe('');
    expect(upstream.asked[0]?.url).toBe('/graphql/v2');
    expect(upstream.asked[0]?.headers).not.toHaveProperty('x-authing-app-id');
  });
});

describe('construction', () => {
  const made = (options: object) => () => new ManagementClient(options as ManagementClientOptions);
  it.each([
    ['nothing', undefined, 'userPoolId'],
    ['no pool', { secret: 's' }, 'userPoolId'],
    ['no secret', { userPoolId: 'p' }, 'secret'],
    ['a timeout that is no number', { userPoolId: 'p', secret: 's', timeout: 'x' }, 'timeout'],
    ['a negative timeout', { userPoolId: 'p', secret: 's', timeout: -1 }, 'timeout'],
    ['a host that is none', { userPoolId: 'p', secret: 's', host: 'id.example.com' }, 'host'],
    ['a scheme that is not here', { userPoolId: 'p', secret: 's', encryption: { type: 'sm2' } }, 'encryptFunction'],
    ['a transport of the other', { userPoolId: 'p', secret: 's', httpClient: class {} }, 'httpClient'],
  ])('refuses %s, and names it', (_name, options, named) => {
    expect(made(options as object)).toThrow(AuthingError);
    expect(made(options as object)).toThrow(named);
  });

  it('without a secret tells onError; what it lets pass sends nothing', async () => {
    const onError = vi.fn();
    const client = new ManagementClient({ userPoolId: 'p', host: upstream.host, onError });
    expect(onError.mock.calls).toEqual([[1000, expect.stringContaining('secret')]]);
    expect(await client.checkLoginStatus(jwt({ data: { id: 'u' } }))).toEqual({ id: 'u' });
    expect(await failureOf(() => client.users.exists({}))).toMatchObject({ code: 1000 });
    expect(upstream.tokenRequests).toHaveLength(0);
    expect(made({ userPoolId: 'p' })).toThrow(expect.objectContaining({ code: 1000 }));
  });

  it('sends nothing, and shows no secret', () => {
    const client = clientOf(upstream, { accessToken: 'TOKEN-OF-TEST' });
    expect(`${inspect(client, { depth: 10, showHidden: true })}${JSON.stringify(client)}`).not.toMatch(/-OF-TEST/);
    expect(upstream.tokenRequests).toHaveLength(0);
  });

  it('names headers as it is told, and no header undefined', async () => {
    const headers = { 'userpool-id': 'x-pool', lang: 'x-lang' };
    await clientOf(upstream, { headers, tenantId: 'T' }).users.exists({});
    expect(upstream.asked[0]?.headers).toMatchObject({
      'x-pool': 'POOL',
      'x-lang': 'zh-CN',
      'x-authing-app-tenant-id': 'T',
    });
    expect(upstream.asked[0]?.headers).not.toHaveProperty('undefined');
  });

  it('of two clients keeps two hosts', async () => {
    const other = await startUpstream();
    other.answering = () => graphql({ isUserExists: false });
    const clients = [clientOf(upstream), clientOf(other)];
    const answers = await Promise.all(clients.map((client) => client.users.exists({})));
    other[Symbol.dispose]();
    expect(answers).toEqual([true, false]);
  });
});

describe('ids', () => {
  it.each(['', '.', '..', undefined, null, 5])('that are no part of a path are refused: %j', async (id) => {
    const client = clientOf(upstream);
    const error = await failureOf(() => client.users.detail(id as string));
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('userId') });
    await failureOf(() => client.acl.deleteResource(id as string, 'n'));
    expect(upstream.asked).toHaveLength(0);
  });

  it.each([
    ['users.update', ['', {}]],
    ['users.delete', ['']],
    ['users.refreshToken', [undefined]],
    ['users.listGroups', ['']],
    ['users.listRoles', [null]],
    ['users.getUdfValue', ['']],
    ['users.removeUdfValue', ['u', '']],
    ['users.addGroup', ['u', '']],
    ['users.logout', [{ userId: '' }]],
    ['groups.delete', ['']],
    ['roles.update', ['', {}]],
    ['acl.allow', ['', 'r', 'a', 'n']],
  ])('that are empty are refused: %s', async (surface, args) => {
    const error = await failureOf(() => call(clientOf(upstream), surface, args));
    expect(error.code).toBe('ERR_INVALID_ARGUMENT');
    expect(upstream.asked).toHaveLength(0);
  });

  it('are one segment of their path', async () => {
    upstream.answering = () => rest(null);
    await clientOf(upstream).users.detail('a/../b?c#d%é');
    expect(upstream.asked[0]?.url).toBe('/api/v2/users/a%2F..%2Fb%3Fc%23d%25%C3%A9?with_custom_data=false');
  });
});

describe('passwords', () => {
  const passwordOf = (at: number) => JSON.parse(upstream.asked[at]?.body ?? '').variables.userInfo.password;

  it('need the key once, however many are sent at once', async () => {
    const client = clientOf(upstream);
    await Promise.all(Array.from({ length: 10 }, (_, at) => client.users.create({ password: `pw ${at}` })));
    expect(upstream.keyRequests).toHaveLength(1);
    expect(upstream.keyRequests[0]?.headers.authorization).toBe(`Bearer ${jwt()}`);
    expect(upstream.asked.map((_, at) => decrypt(passwordOf(at))).sort()).toEqual(
      Array.from({ length: 10 }, (_, at) => `pw ${at}`),
    );
  });

  it('use the key of the options, and no request', async () => {
    await clientOf(upstream, { publicKey: PUBLIC_KEY }).users.create({ password: 'pw' });
    expect(decrypt(passwordOf(0))).toBe('pw');
    expect(upstream.keyRequests).toHaveLength(0);
  });

  it('are made by encryptFunction', async () => {
    const encryptFunction = vi.fn(async (text: string, _key: string, _encryption?: object) => `sealed ${text.length}`);
    const encryption = { type: 'sm2', publicKey: 'K' };
    await clientOf(upstream, { encryptFunction, encryption }).users.create({ password: 'pw' });
    expect(encryptFunction.mock.calls).toEqual([['pw', PUBLIC_KEY, encryption]]);
    expect(passwordOf(0)).toBe('sealed 2');
  });

  it('that are empty or absent are left alone', async () => {
    const client = clientOf(upstream);
    await client.users.create({ password: '' });
    await client.users.create({ username: 'bob' });
    expect([passwordOf(0), passwordOf(1)]).toEqual(['', undefined]);
    expect(upstream.keyRequests).toHaveLength(0);
  });

  it('that are too long are not sent', async () => {
    const error = await failureOf(() => clientOf(upstream).users.create({ password: 'x'.repeat(118) }));
    expect(error.code).toBe('ERR_INVALID_ARGUMENT');
    expect(error.message).toContain('117 bytes');
    expect(upstream.asked).toHaveLength(0);
  });

  it('a key that could not be had is asked for again, and so is one that no longer fits', async () => {
    const client = clientOf(upstream);
    for (const key of [{ body: { code: 500, message: 'no' } }, rest(null), rest({ publicKey: 'junk' })] as Answer[]) {
      upstream.key = () => key;
      await failureOf(() => client.users.create({ password: 'pw' }));
    }
    expect(upstream.asked).toHaveLength(0);
    upstream.key = () => rest({ publicKey: PUBLIC_KEY });
    inTurn(refused(2016, 'which key?'), graphql({ createUser: {} }));
    expect(await failureOf(() => client.users.create({ password: 'pw' }))).toMatchObject({ code: 2016 });
    const before = upstream.keyRequests.length;
    await client.users.create({ password: 'pw' });
    expect(upstream.keyRequests).toHaveLength(before + 1);
  });

  it('find their key where appHost or domain say', async () => {
    const other = await startUpstream();
    const domain = other.host.replace('https://', '');
    await clientOf(upstream, { domain }).users.create({ password: 'pw' });
    await clientOf(upstream, { appHost: `${other.host}/` }).users.create({ password: 'pw' });
    other[Symbol.dispose]();
    expect([other.keyRequests.length, upstream.keyRequests.length]).toEqual([2, 0]);
  });
});

describe('repeated', () => {
  const down: Answer = { status: 503, body: 'down', headers: { 'content-type': 'text/html' } };
  const busy: Answer = { status: 429, body: {}, headers: { 'retry-after': '0' } };

  it.each([
    ['a query after a 503', [down, graphql({ isUserExists: true })], 2],
    ['a query after a broken connection', ['cut', graphql({ isUserExists: true })], 2],
    ['a query after a 429', [busy, graphql({ isUserExists: true })], 2],
    ['a query twice at most', [down], 3],
  ])('%s', async (_name, answers, sent) => {
    inTurn(...(answers as Answer[]));
    await clientOf(upstream)
      .users.exists({})
      .catch(() => {});
    expect(upstream.asked).toHaveLength(sent);
  });

  it('a look-up that is a POST, as it changes nothing', async () => {
    inTurn(down, rest([]));
    expect(await clientOf(upstream).users.batch(['u'])).toEqual([]);
    expect(upstream.asked).toHaveLength(2);
  });

  it('a mutation after a 429, which did not process it', async () => {
    inTurn(busy, graphql({ deleteUser: { code: 200 } }));
    expect(await clientOf(upstream).users.delete('u')).toEqual({ code: 200 });
    expect(upstream.asked).toHaveLength(2);
  });

  it.each(['cut', down] as Answer[])('never a mutation that may have been processed: %j', async (answer) => {
    inTurn(answer);
    const client = clientOf(upstream);
    const body = { query: 'mutation m { x }' };
    for (const work of [
      () => client.users.delete('u'),
      () => client.users.create({ username: 'u' }),
      () => client.users.kick(['u']),
      () => client.users.logout({ userId: 'u' }),
      () => client.acl.deleteNamespace('n'),
      () => client.makeGraphqlRequest(body),
    ]) {
      upstream.asked.length = 0;
      await failureOf(work);
      expect(upstream.asked).toHaveLength(1);
    }
  });

  it('never what the server refused', async () => {
    inTurn(refused(500, 'no'));
    await failureOf(() => clientOf(upstream).users.exists({}));
    expect(upstream.asked).toHaveLength(1);
  });
});

describe('errors', () => {
  it('are errors, with code, message and data', async () => {
    inTurn(refused(2026, 'taken', { field: 'email' }));
    const error = await failureOf(() => clientOf(upstream).users.create({ email: 'a@b.c' }));
    expect(error).toMatchObject({ name: 'AuthingError', code: 2026, message: 'taken', data: { field: 'email' } });
    expect(String(error)).toBe('AuthingError: taken');
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'AuthingError',
      message: 'taken',
      code: 2026,
      data: { field: 'email' },
    });
    expect(error.stack).toContain('taken');
  });

  it.each([
    ['a refusal of the proxy', { status: 403, body: '<html>' }, { code: 'ERR_BAD_REQUEST', status: 403 }],
    ['a failure of the server', { status: 500, body: '<html>' }, { code: 'ERR_BAD_RESPONSE', status: 500 }],
    ['a page in place of an answer', { body: '<html>' }, { code: 'ERR_BAD_RESPONSE' }],
    ['another API', { body: { users: [] } }, { code: 'ERR_BAD_RESPONSE' }],
    ['an answer without the field', { body: { data: {} } }, { code: 'ERR_BAD_RESPONSE' }],
    ['a redirect', { status: 302, body: '', headers: { location: '/elsewhere' } }, { code: 'ERR_BAD_RESPONSE' }],
    ['a broken connection', 'cut', { code: 'UND_ERR_SOCKET' }],
  ])('%s is one', async (_name, answer, expected) => {
    inTurn(answer as Answer);
    const client = clientOf(upstream);
    expect(await failureOf(() => client.users.delete('u'))).toMatchObject(expected);
    expect(await failureOf(() => client.acl.deleteNamespace('n'))).toMatchObject(expected);
    expect(upstream.asked.map(({ url }) => url)).toEqual(['/graphql/v2', '/api/v2/resource-namespace/POOL/code/n']);
  });

  it('of a server that is not there have the system’s code', async () => {
    const gone = await startUpstream();
    gone[Symbol.dispose]();
    const client = clientOf(gone, { accessToken: jwt() });
    expect(await failureOf(() => client.users.delete('u'))).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('go to onError: all of them, and the last is thrown', async () => {
    const onError = vi.fn();
    const client = clientOf(upstream, { onError });
    upstream.answering = () => ({
      body: { errors: [{ message: { code: 1, message: 'a', data: 2 } }, { message: { code: 3, message: 'b' } }] },
    });
    expect(await failureOf(() => client.users.exists({}))).toMatchObject({ code: 3, message: 'b' });
    expect(onError.mock.calls).toEqual([
      [1, 'a', 2],
      [3, 'b', undefined],
    ]);
    inTurn({ body: { code: 4, message: 'c' } });
    expect(await failureOf(() => client.users.detail('u'))).toMatchObject({ code: 4, message: 'c' });
    expect(onError).toHaveBeenCalledTimes(3);
  });

  it('are what onError throws', async () => {
    const own = new Error('own');
    const client = clientOf(upstream, {
      onError: () => {
        throw own;
      },
    });
    inTurn(refused(1, 'a'));
    await expect(client.users.exists({})).rejects.toBe(own);
  });

  it('hold no secret, token or password', async () => {
    const client = clientOf(upstream);
    const token = jwt();
    upstream.answering = ({ body }) => ({
      body: { errors: [{ message: { code: 1, message: `${body} ${token} SECRET-OF-TEST`, data: { body, token } } }] },
    });
    const encryptFunction = (text: string) => text;
    const plain = clientOf(upstream, { encryptFunction });
    const sealed: string[] = [];
    for (const work of [
      () => client.users.create({ password: 'PASSWORD-OF-TEST' }),
      () => plain.users.update('u', { password: 'PASSWORD "-OF-TEST' }),
    ]) {
      const error = await failureOf(work);
      sealed.push(...upstream.asked.map(({ body }) => JSON.parse(body).variables.userInfo?.password).filter(Boolean));
      const told = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
      for (const secret of ['OF-TEST', token, ...sealed]) expect(told).not.toContain(secret);
      expect(told).toContain('[redacted]');
    }
    expect(sealed.length).toBeGreaterThan(0);
  });
});

describe('timeouts', () => {
  const never = () => new Promise<Answer>(() => {});
  it.each([
    ['a query', () => clientOf(upstream, { timeout: 150 }).users.exists({}), 1],
    ['a mutation', () => clientOf(upstream, { timeout: 150 }).users.delete('u'), 1],
    ['a REST call', () => clientOf(upstream, { timeout: 150 }).users.detail('u'), 1],
  ])('hold for %s', async (_name, work, sent) => {
    upstream.answering = never;
    expect(await failureOf(work)).toMatchObject({ code: 'ECONNABORTED' });
    expect(upstream.asked).toHaveLength(sent);
  });

  it('hold for the token and for repetitions', async () => {
    upstream.token = never;
    expect(await failureOf(() => clientOf(upstream, { timeout: 150 }).users.exists({}))).toMatchObject({
      code: 'ECONNABORTED',
    });
    expect(upstream.asked).toHaveLength(0);
    upstream.answering = () => ({ status: 503, body: '', headers: { 'retry-after': '3600' } });
    const client = clientOf(upstream, { timeout: 1000, accessToken: jwt() });
    expect(await failureOf(() => client.users.exists({}))).toMatchObject({ status: 503 });
    expect(upstream.asked).toHaveLength(1);
  });

  it('are none at 0', async () => {
    expect(await clientOf(upstream, { timeout: 0 }).users.exists({})).toBe(true);
  });
});

describe('a request of the caller’s own', () => {
  it('stays at the server', async () => {
    upstream.answering = () => rest(1);
    const client = clientOf(upstream);
    expect(await client.makeRestRequest({ url: `${upstream.host}/api/v2/x` })).toBe(1);
    for (const url of ['https://elsewhere.example/x', '//elsewhere.example/x', `${upstream.host}.evil.example/x`]) {
      expect(await failureOf(() => client.makeRestRequest({ url }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    }
    expect(upstream.asked).toHaveLength(1);
  });

  it('goes by the caller’s fetch', async () => {
    const fetch = vi.fn(globalThis.fetch);
    await clientOf(upstream, { fetch }).users.exists({});
    expect(fetch).toHaveBeenCalledTimes(2);
  });
});
