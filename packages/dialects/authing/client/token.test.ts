/** How many tokens are fetched, and what happens to calls whose token doesn't hold. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuthingError } from './index.ts';
import {
  clientOf,
  graphql,
  jwt,
  refused,
  rest,
  startUpstream,
  tokenAnswer,
  type Upstream,
} from './upstream.fixture.ts';

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream();
});
beforeEach(() => upstream.reset());
afterEach(() => {
  vi.useRealTimers();
});
afterAll(() => upstream[Symbol.dispose]());

const NOW = Date.UTC(2026, 0, 1);
const seconds = (ms: number) => ms / 1000;
const at = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: NOW + ms });
const times = <T>(count: number, work: () => Promise<T>) => Promise.all(Array.from({ length: count }, work));
const bearersOf = () => upstream.asked.map(({ headers }) => headers.authorization?.slice('Bearer '.length));
/** Another token each time it is asked for. */
const tokensInTurn = (...tokens: string[]) => {
  upstream.token = () => tokenAnswer(tokens.shift());
};

describe('fetches a token', () => {
  it('once for a hundred cold calls', async () => {
    const client = clientOf(upstream);
    expect(upstream.tokenRequests).toHaveLength(0);
    await times(100, () => client.users.exists({ username: 'bob' }));
    expect(upstream.asked).toHaveLength(100);
    expect(upstream.tokenRequests).toHaveLength(1);
  });

  it('again in its last minute, and not before', async () => {
    at(0);
    const client = clientOf(upstream);
    upstream.token = () => tokenAnswer(jwt({ exp: seconds(Date.now()) + 600 }));
    await client.users.exists({});
    at(539_000);
    await client.users.exists({});
    expect(upstream.tokenRequests).toHaveLength(1);
    at(541_000);
    await times(5, () => client.users.exists({}));
    expect(upstream.tokenRequests).toHaveLength(2);
  });

  it('not for each call, if it lives less than that minute', async () => {
    at(0);
    const client = clientOf(upstream);
    upstream.token = () => tokenAnswer(jwt({ exp: seconds(Date.now()) + 30 }));
    for (let call = 0; call < 5; call++) await client.users.exists({});
    at(14_000);
    await client.users.exists({});
    expect(upstream.tokenRequests).toHaveLength(1);
    at(16_000);
    await client.users.exists({});
    expect(upstream.tokenRequests).toHaveLength(2);
  });

  it.each([
    ['has ended by our clock', jwt({ exp: 1 })],
    ['has no end', jwt({ exp: undefined })],
    ['is no JWT', 'opaque'],
  ])('and uses one that %s until it is refused', async (_name, token) => {
    const client = clientOf(upstream);
    tokensInTurn(token, jwt({ jti: 'next' }));
    await client.users.exists({});
    await client.users.exists({});
    expect(upstream.tokenRequests).toHaveLength(1);
    expect(bearersOf()).toEqual([token, token]);
  });

  it('not at all with accessToken, however old', async () => {
    const client = clientOf(upstream, { accessToken: jwt({ exp: 1 }) });
    await client.users.exists({});
    upstream.answering = () => refused(2020, 'expired');
    await expect(client.users.exists({})).rejects.toMatchObject({ code: 2020 });
    expect(upstream.tokenRequests).toHaveLength(0);
    expect(bearersOf()).toEqual([jwt({ exp: 1 }), jwt({ exp: 1 })]);
  });

  it('with the spelling of the documents', async () => {
    await clientOf(upstream, {
      userPoolId: undefined,
      secret: undefined,
      accessKeyId: 'KEY-ID',
      accessKeySecret: 'KEY-SECRET',
    }).users.exists({});
    expect(JSON.parse(upstream.tokenRequests[0]?.body ?? '').variables).toEqual({
      userPoolId: 'KEY-ID',
      secret: 'KEY-SECRET',
    });
    expect(upstream.asked[0]?.headers['x-authing-userpool-id']).toBe('KEY-ID');
  });
});

describe('a failed token request', () => {
  it('fails whoever waits for it, alike, and is not kept', async () => {
    const client = clientOf(upstream);
    upstream.token = () => refused(2224, 'no such pool, or SECRET-OF-TEST is wrong');
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => client.users.exists({})));
    for (const outcome of outcomes) {
      const { reason } = outcome as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(AuthingError);
      expect(reason).toMatchObject({ code: 2224, message: 'no such pool, or [redacted] is wrong' });
    }
    expect(upstream.tokenRequests).toHaveLength(1);
    expect(upstream.asked).toHaveLength(0);
    upstream.token = () => tokenAnswer();
    await client.users.exists({});
    expect(upstream.tokenRequests).toHaveLength(2);
  });

  it('tells onError once', async () => {
    const onError = vi.fn();
    const client = clientOf(upstream, { onError });
    upstream.token = () => refused(2224, 'no');
    await Promise.allSettled([client.users.exists({}), client.users.exists({})]);
    expect(onError.mock.calls).toEqual([[2224, 'no', undefined]]);
  });

  it.each([null, '', { accessToken: null }])('with an answer of %j', async (accessToken) => {
    upstream.token = () => graphql({ accessToken });
    await expect(clientOf(upstream).users.exists({})).rejects.toMatchObject({ code: 'ERR_BAD_RESPONSE' });
  });
});

describe('a refused token', () => {
  const [first, second] = [jwt({ jti: 1 }), jwt({ jti: 2 })];
  const refuseFirst = (answer: ReturnType<typeof graphql>, refusal = refused(2020, 'no')) => {
    tokensInTurn(first, second);
    upstream.answering = ({ headers }) => (headers.authorization === `Bearer ${first}` ? refusal : answer);
  };

  it('is renewed once for all calls, which are sent once more', async () => {
    refuseFirst(graphql({ isUserExists: true }));
    const client = clientOf(upstream);
    expect(await times(20, () => client.users.exists({}))).toEqual(Array(20).fill(true));
    expect(upstream.tokenRequests).toHaveLength(2);
    expect(upstream.asked).toHaveLength(40);
  });

  it.each([2020, 2206, 2207])('also under a mutation, which was not processed (%i)', async (code) => {
    refuseFirst(graphql({ deleteUser: { code: 200, message: '' } }), refused(code, 'no'));
    expect(await clientOf(upstream).users.delete('u')).toEqual({ code: 200, message: '' });
    expect(bearersOf()).toEqual([first, second]);
  });

  it('also in a REST answer, and where the status says it', async () => {
    refuseFirst(rest({ id: 'u' }), { body: { code: 2020, message: 'no' } });
    expect(await clientOf(upstream).users.detail('u')).toEqual({ id: 'u' });
    refuseFirst(rest(null), { status: 401, body: 'Unauthorized' });
    expect(await clientOf(upstream).users.kick(['u'])).toMatchObject({ code: 200 });
    expect(bearersOf()).toEqual([first, second, first, second]);
  });

  it('is the error of the call, if the next one is refused too', async () => {
    upstream.answering = () => refused(2020, 'no');
    tokensInTurn(first, second, jwt({ jti: 3 }));
    await expect(clientOf(upstream).users.exists({})).rejects.toMatchObject({ code: 2020, message: 'no' });
    expect(bearersOf()).toEqual([first, second]);
  });

  it('is the error of the call, if there is no other', async () => {
    upstream.answering = () => refused(2020, 'no');
    await expect(clientOf(upstream).users.exists({})).rejects.toMatchObject({ code: 2020 });
    expect(upstream.asked).toHaveLength(1);
  });

  it('under mutations of which one was done is not sent again', async () => {
    refuseFirst(graphql({}), {
      body: { errors: [{ message: { code: 2020, message: 'no' } }], data: { a: 1, b: null } },
    });
    const query = 'mutation m { a: deleteUser(id: "1") { code } b: deleteUser(id: "2") { code } }';
    await expect(clientOf(upstream).makeGraphqlRequest({ query })).rejects.toMatchObject({ code: 2020 });
    expect(upstream.asked).toHaveLength(1);
  });
});
