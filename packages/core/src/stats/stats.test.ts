/** Figures by day, from the events themselves. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const DAY = 86_400_000;

describe.each(databaseKinds)('stats on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const dateOf = (instant: number) => new Date(instant).toISOString().slice(0, 10);
  const signIn = (username: string) =>
    fetch(`${server.url}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        grant_type: 'password',
        username,
        password: 'correct horse battery',
        client_id: 'test-management',
        client_secret: 'test-management-secret-0123456789',
      }),
    });
  const dailyOf = async (query: string) => {
    const { status, body } = await server.api('GET', `/stats/daily?${query}`);
    return { status, days: (body as { days: { date: string; sign_ins: number; sign_ups: number }[] }).days };
  };

  it('counts each event on its own day', async () => {
    const first = server.clock.now();
    for (const name of ['one', 'two'])
      await server.api('POST', '/users', { email: `${name}@stats.example`, password: 'correct horse battery' });
    expect((await signIn('one@stats.example')).status).toBe(200);
    server.clock.advance(2 * DAY);
    const last = server.clock.now();
    expect((await signIn('one@stats.example')).status).toBe(200);
    expect((await signIn('two@stats.example')).status).toBe(200);
    const { days } = await dailyOf(`from=${dateOf(first)}&to=${dateOf(last)}`);
    const told = days.map(({ date, sign_ins, sign_ups }) => [date, sign_ins, sign_ups]);
    // The administrator was created on the first day, too.
    expect(told).toEqual([
      [dateOf(first), 1, 3],
      [dateOf(first + DAY), 0, 0],
      [dateOf(last), 2, 0],
    ]);
    expect((await server.api('GET', '/stats/active-users')).body).toEqual({ active_users: 2 });
    server.clock.advance(29 * DAY);
    await signIn('two@stats.example');
    server.clock.advance(2 * DAY);
    expect((await server.api('GET', '/stats/active-users')).body).toEqual({ active_users: 1 });
    const { users } = (await server.api('GET', '/users?email=two@stats.example')).body as { users: { id: string }[] };
    await server.api('DELETE', `/users/${users[0]?.id}`);
    expect((await server.api('GET', '/stats/active-users')).body).toEqual({ active_users: 0 });
  });

  it('refuses what is no day, no range, or too much', async () => {
    expect((await dailyOf('')).days).toHaveLength(30);
    expect((await dailyOf('from=2024-01-01&to=2024-12-31')).days).toHaveLength(366);
    for (const query of [
      'from=2024-02-30',
      'from=2024-01-02&to=2024-01-01',
      'from=2023-01-01&to=2024-12-31',
      'to=today',
    ])
      expect([query, (await dailyOf(query)).status]).toEqual([query, 400]);
  });
});
