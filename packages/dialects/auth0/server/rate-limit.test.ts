/** The request rate limit as clients of Auth0 read it: `x-ratelimit-*` on every answer, and a 429 they can wait after. */
import { auth0Caller, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const LIMIT = 3;

describe.each(databaseKinds)('the rate limit of /api/v2 on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind, { environment: { REEVE_RATE_LIMIT: String(LIMIT) } });
    // A window is a minute of the clock: no test runs into the next one.
    server.clock.advance(60_000 - (server.clock.now() % 60_000) + 10_000);
  });
  afterAll(() => server.stop());

  it('is told by every answer, refused as Auth0 refuses, and over with the minute', async () => {
    const call = await auth0Caller(server, ['read:users']);
    const endsAt = Math.ceil(server.clock.now() / 60_000) * 60;
    const told = (headers: Headers) =>
      ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'].map((name) => Number(headers.get(name)));
    for (const [path, status, left] of [
      ['/users', 200, 2],
      ['/users?per_page=nothing', 400, 1],
      ['/users/auth0%7Cnobody', 404, 0],
    ] as const) {
      const answer = await call('GET', path);
      expect([answer.status, ...told(answer.headers)], path).toEqual([status, LIMIT, left, endsAt]);
    }
    const over = await call('GET', '/users');
    expect(over).toMatchObject({
      status: 429,
      body: {
        statusCode: 429,
        error: 'Too Many Requests',
        message: expect.any(String) as string,
        errorCode: 'too_many_requests',
      },
    });
    expect(told(over.headers)).toEqual([LIMIT, 0, endsAt]);
    expect(Number(over.headers.get('retry-after'))).toBe(50);
    server.clock.advance(50_000);
    const next = await call('GET', '/users');
    expect(next.status).toBe(200);
    expect(told(next.headers)).toEqual([LIMIT, LIMIT - 1, endsAt + 60]);
  });
});
