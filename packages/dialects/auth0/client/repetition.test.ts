/** When a call is repeated, and where its token comes from. */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { type Answering, answer, type Capture, inTurn, startCapture } from '@reeve/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SanitizedError } from './errors.ts';
import { ManagementClient, type ManagementClientOptions } from './index.ts';

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
describe('repetition', () => {
  const limited = (headers: Record<string, string> = {}) =>
    answer(429, '{"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached"}', {
      'content-type': 'application/json',
      ...headers,
    });
  const fast = { minTimeout: 1 };
  const soon = () => String(Math.ceil(Date.now() / 1000));

  it.each(['getUsers', 'createUser', 'deleteUser'] as const)('%s after 429', async (method) => {
    capture.answering = inTurn(
      limited({ 'x-ratelimit-reset': '1' }),
      limited({ 'retry-after': '0' }),
      answer(200, '{}'),
    );
    await (clientOf()[method] as (data: object) => Promise<unknown>)({ id: 'a' });
    expect(capture.take()).toHaveLength(3);
  });

  it('waits until the reset', async () => {
    let reset = '';
    capture.answering = inTurn(
      (request, response) => {
        reset = soon();
        limited({ 'x-ratelimit-reset': reset })(request, response);
      },
      answer(200, '[]'),
    );
    await clientOf().getUsers();
    expect(Date.now()).toBeGreaterThanOrEqual(Number(reset) * 1000);
  });

  it('ten times, or as often as told, or not at all', async () => {
    capture.answering = limited();
    for (const [retry, tries] of [
      [fast, 11],
      [{ ...fast, maxRetries: 2 }, 3],
      [once, 1],
    ] as const) {
      const error = await failure(clientOf({ retry: { factor: 1, ...retry } }).createUser({ connection: 'c' }));
      expect(error.statusCode).toBe(429);
      expect(capture.take()).toHaveLength(tries);
    }
  });

  it('not where the server asks for hours', async () => {
    capture.answering = limited({ 'retry-after': '86400' });
    expect((await failure(clientOf().getUsers())).statusCode).toBe(429);
    expect(capture.take()).toHaveLength(1);
  });

  it('not after a fault of the server, nor of an import', async () => {
    capture.answering = answer(503);
    await failure(clientOf().getUsers());
    capture.answering = limited({ 'retry-after': '0' });
    await expect(clientOf().importUsersJob({ connection_id: 'c', users_json: '[]' })).rejects.toThrow('429');
    expect(capture.take()).toHaveLength(2);
  });

  it('a read that broke, but never a change', async () => {
    const breaking: Answering = (_request, response) => void response.destroy();
    capture.answering = inTurn(breaking, breaking, answer(200, '[]'));
    expect(await clientOf().getUsers()).toEqual([]);
    expect(capture.take()).toHaveLength(3);
    capture.answering = breaking;
    expect((await failure(clientOf().getUsers())).statusCode).toBe('ECONNRESET');
    expect(capture.take()).toHaveLength(3);
    expect((await failure(clientOf().deleteUser({ id: 'a' }))).statusCode).toBe('ECONNRESET');
    expect(capture.take()).toHaveLength(1);
  });

  it('ends a call that is not answered in time', async () => {
    capture.answering = () => {};
    const error = await failure(clientOf({ timeout: 50, retry: once }).getUsers());
    expect(error.statusCode).toBe('ETIMEDOUT');
  });
});

describe('tokens', () => {
  const tokens = (expiresIn: number | undefined, status = 200): Answering => {
    let count = 0;
    return (request, response) => {
      if (request.url !== '/oauth/token') return answer(200, '[]')(request, response);
      const token = { access_token: `T${++count}`, token_type: 'Bearer', expires_in: expiresIn };
      const refused = { error: 'access_denied', error_description: 'Unauthorized' };
      answer(status, JSON.stringify(status === 200 ? token : refused))(request, response);
    };
  };
  const paths = () => capture.take().map(({ url, headers }) => headers.authorization ?? url);

  it('one request for calls that begin together', async () => {
    capture.answering = tokens(86_400);
    const client = withCredentials({ scope: 'read:users' });
    await Promise.all([client.getUsers(), client.getUser({ id: 'a' }), client.getAccessToken()]);
    const [first, ...others] = capture.take();
    expect(first).toMatchObject({ method: 'POST', url: '/oauth/token' });
    expect(first?.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(first?.headers['auth0-client']).toBeDefined();
    expect(first?.headers.authorization).toBeUndefined();
    expect(JSON.parse(first?.body as string)).toEqual({
      grant_type: 'client_credentials',
      client_id: 'CID',
      client_secret: 'SECRET-OF-TEST',
      audience: `https://${capture.domain}/api/v2/`,
      scope: 'read:users',
    });
    expect(others.map(({ headers }) => headers.authorization)).toEqual(['Bearer T1', 'Bearer T1']);
  });

  it.each([
    ['as long as it lasts, less 10 s', 60, {}, 49_000, 51_000],
    ['a short one to its end', 5, {}, 4_000, 6_000],
    ['an hour where nothing is said', undefined, {}, 3_590_000, 3_610_000],
    ['as long as told', 86_400, { tokenProvider: { enableCache: true, cacheTTLInSeconds: 20 } }, 19_000, 21_000],
  ])('kept %s', async (_name, expiresIn, options, before, after) => {
    capture.answering = tokens(expiresIn);
    const client = withCredentials(options);
    const startedAt = Date.now();
    const { now } = Date;
    try {
      await client.getUsers();
      Date.now = () => startedAt + before;
      await client.getUsers();
      Date.now = () => startedAt + after;
      await client.getUsers();
    } finally {
      Date.now = now;
    }
    expect(paths()).toEqual(['/oauth/token', 'Bearer T1', 'Bearer T1', '/oauth/token', 'Bearer T2']);
  });

  it('one request for each call without the cache, and per client with it', async () => {
    capture.answering = tokens(86_400);
    const client = withCredentials({ tokenProvider: { enableCache: false } });
    await client.getUsers();
    await client.getUsers();
    expect(paths()).toEqual(['/oauth/token', 'Bearer T1', '/oauth/token', 'Bearer T2']);
    await withCredentials().getUsers();
    expect(paths()).toEqual(['/oauth/token', 'Bearer T3']);
  });

  it('a refusal is the error of the call, and is not kept', async () => {
    capture.answering = tokens(86_400, 401);
    const client = withCredentials();
    const error = await failure(client.getUsers());
    const body = { error: 'access_denied', error_description: 'Unauthorized' };
    expect(error).toMatchObject({ name: 'access_denied', statusCode: 401, message: JSON.stringify(body) });
    capture.answering = tokens(86_400);
    expect(await client.getUsers()).toEqual([]);
  });

  it('429 of the token endpoint is repeated, once for all', async () => {
    const limit = answer(429, '{}', { 'content-type': 'application/json', 'retry-after': '0' });
    capture.answering = inTurn(limit, tokens(60));
    expect(await withCredentials().getUsers()).toEqual([]);
    expect(paths()).toEqual(
      ['/oauth/token', '/oauth/token', 'Bearer T1'].map((path, at) => (at === 2 ? 'Bearer T1' : path)),
    );
    capture.answering = limit;
    await failure(withCredentials({ retry: { maxRetries: 2 } }).getUsers());
    expect(paths()).toHaveLength(3);
  });

  it('a 401 of the API does not fetch another', async () => {
    capture.answering = (request, response) =>
      (request.url === '/oauth/token' ? tokens(60) : answer(401, '{}'))(request, response);
    const client = withCredentials();
    await failure(client.getUsers());
    await failure(client.getUsers());
    expect(paths()).toEqual(['/oauth/token', 'Bearer T1', 'Bearer T1']);
  });

  it('a function is asked for each request', async () => {
    let count = 0;
    const client = new ManagementClient({ domain: capture.domain, token: async () => `F${++count}` });
    await client.getUsers();
    await client.getUsers();
    expect(paths()).toEqual(['Bearer F1', 'Bearer F2']);
    expect(await client.getAccessToken()).toBe('F3');
  });

  it('a key in place of the secret', async () => {
    capture.answering = tokens(60);
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const clientAssertionSigningKey = privateKey.export({ type: 'pkcs1', format: 'pem' }) as string;
    const client = new ManagementClient({
      domain: capture.domain,
      clientId: 'CID',
      clientSecret: 's',
      clientAssertionSigningKey,
    });
    await client.getUsers();
    const body = JSON.parse(capture.take()[0]?.body as string) as Record<string, string>;
    expect(body.client_assertion_type).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    expect(body.client_secret).toBeUndefined();
    const [head, claims, signature] = (body.client_assertion as string).split('.') as [string, string, string];
    const decoded = [head, claims].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    expect(decoded[0]).toEqual({ alg: 'RS256', typ: 'JWT' });
    expect(decoded[1]).toMatchObject({ iss: 'CID', sub: 'CID', aud: `https://${capture.domain}/` });
    expect(decoded[1].exp - decoded[1].iat).toBe(180);
    const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }));
    expect(verify('sha256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
  });
});
