/** The log: the directory's own events in Auth0's words (contract §13), paged and searched. */
import { eventTypes } from '@reeve/contract';
import { type Auth0Call, auth0Caller, bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventTypesOf, sayingOf } from '../log-types.ts';

const CONNECTION = 'Username-Password-Authentication';
const PASSWORD = 'correct horse battery';

interface Log {
  log_id: string;
  _id: string;
  date: string;
  type: string;
  description: string;
  user_id?: string;
  user_name?: string;
  client_id?: string;
  connection?: string;
  ip?: string;
  hostname: string;
  details: { event_type: string };
}

describe('codes of the log', () => {
  it('name every event, and are found again by their code', () => {
    for (const event_type of eventTypes) {
      const { type, description } = sayingOf({ event_type, data: null } as never);
      expect(description).not.toBe('');
      expect(eventTypesOf(new Set([type]))).toContain(event_type);
    }
  });
});

describe.each(databaseKinds)('logs of Auth0 on %s', (kind) => {
  let server: TestServer;
  let call: Auth0Call;
  let userId: string;
  let path: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    call = await auth0Caller(server);
    const { body } = await call('POST', '/users', {
      connection: CONNECTION,
      email: 'log@example.com',
      password: PASSWORD,
    });
    userId = (body as { user_id: string }).user_id;
    path = `/users/${encodeURIComponent(userId)}`;
    await signIn('wrong password');
    await signIn('wrong password', 'nobody@example.com');
    await signIn(PASSWORD);
    await call('PATCH', path, { email: 'moved@example.com' });
    await call('PATCH', path, { blocked: true });
    for (const name of ['a', 'b', 'c'])
      await call('POST', '/users', { connection: CONNECTION, email: `${name}@example.com` });
  });
  afterAll(() => server.stop());

  const signIn = (password: string, username = 'log@example.com') =>
    fetch(`${server.url}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        grant_type: 'password',
        username,
        password,
        client_id: 'test-management',
        client_secret: 'test-management-secret-0123456789',
      }),
    });
  const logs = async (query: string): Promise<Log[]> => {
    const { status, body } = await call('GET', `/logs?${query}`);
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  };
  const search = (q: string) => logs(`per_page=100&q=${encodeURIComponent(q)}`);
  const typesOf = (found: readonly Log[]) => [...new Set(found.map(({ type }) => type))].sort();

  it('shows an event in Auth0’s fields, in a list and by its id', async () => {
    const [log] = await search(`type:s AND user_id:"${userId}"`);
    expect(log).toMatchObject({
      type: 's',
      user_id: userId,
      user_name: 'moved@example.com',
      client_id: 'test-management',
      connection: CONNECTION,
      strategy: 'auth0',
      ip: '127.0.0.1',
      hostname: new URL(server.url).host,
    });
    expect(log?._id).toBe(log?.log_id);
    expect((await call('GET', `/logs/${log?.log_id}`)).body).toEqual(log);
    expect(await call('GET', '/logs/evt_nothing')).toMatchObject({
      status: 404,
      body: { errorCode: 'inexistent_log_event' },
    });
  });

  it('tells what was done to and by a user', async () => {
    const { status, body } = await call('GET', `${path}/logs?include_totals=true&sort=date:-1&per_page=3`);
    expect(status).toBe(200);
    const page = body as { start: number; limit: number; length: number; total: number; logs: Log[] };
    expect(page).toMatchObject({ start: 0, limit: 3, length: 3 });
    const all = (await call('GET', `${path}/logs?per_page=100&sort=date:1`)).body as Log[];
    expect(page.total).toBe(all.length);
    expect(all.every((log) => log.user_id === userId)).toBe(true);
    expect(typesOf(all)).toEqual(expect.arrayContaining(['fp', 's', 'sapi', 'sce', 'sepft', 'ss']));
    expect(page.logs.map(({ log_id }) => log_id)).toEqual(
      all
        .slice(-3)
        .reverse()
        .map(({ log_id }) => log_id),
    );
    expect((await call('GET', '/users/auth0%7Cnobody/logs')).status).toBe(404);
  });

  it('pages with a true total, and by checkpoint, oldest first', async () => {
    const newest = (await call('GET', '/logs?per_page=4&page=1&include_totals=true')).body as {
      total: number;
      logs: Log[];
    };
    const ordered = await logs('per_page=100&sort=date:1');
    expect(newest.total).toBe(ordered.length);
    expect(newest.logs.map(({ log_id }) => log_id)).toEqual(
      ordered
        .toReversed()
        .slice(4, 8)
        .map(({ log_id }) => log_id),
    );
    const seen: string[] = [];
    let next = `/logs?take=5&from=${ordered[0]?.log_id}`;
    for (let found = -1; found !== 0; ) {
      const { body, headers } = await call('GET', next);
      found = (body as Log[]).length;
      seen.push(...(body as Log[]).map(({ log_id }) => log_id));
      const [, url] = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '') ?? [];
      next = (url as string).replace(`${server.url}/api/v2`, '');
    }
    expect(seen).toEqual(ordered.slice(1).map(({ log_id }) => log_id));
    expect(await logs('per_page=1&fields=type,log_id')).toEqual([
      { type: ordered.at(-1)?.type, log_id: ordered.at(-1)?.log_id },
    ]);
    expect((await call('GET', '/logs?from=evt_none&take=2')).status).toBe(400);
  });

  it('searches by type, user, words, dates and their combinations', async () => {
    expect(typesOf(await search('type:(fp OR fu)'))).toEqual(['fp', 'fu']);
    expect(typesOf(await search('type:f*'))).toEqual(expect.arrayContaining(['fp', 'fu']));
    expect(await search('type:fp AND NOT user_id:"auth0|x"')).toHaveLength(1);
    expect(await search(`user_id:"${userId}" AND type:sce`)).toHaveLength(1);
    expect(await search('description:signup AND user_name:"a@example.com"')).toHaveLength(1);
    expect(await search('date:[* TO 2001-01-01]')).toEqual([]);
    const day = new Date(server.clock.now()).toISOString().slice(0, 10);
    const today = await search(`date:[${day} TO *] AND type:ss`);
    expect(today).toHaveLength((await search('type:ss')).length);
    expect((await search('ip:127.0.0.1')).length).toBeGreaterThan(3);
    expect(await search('type:nosuchcode')).toEqual([]);
    const counted = await call('GET', `/logs?q=${encodeURIComponent('type:ss')}&include_totals=true&per_page=1`);
    expect(counted.body).toMatchObject({ total: today.length, length: 1 });
  });

  it('goes on from the last entry that a query looked at, where none was taken', async () => {
    const ordered = await logs('per_page=100&sort=date:1');
    const nextOf = async (from: string | undefined, q: string) => {
      const { body, headers } = await call('GET', `/logs?take=5&from=${from}&q=${encodeURIComponent(q)}`);
      const [, url] = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '') ?? [];
      return { body: body as Log[], next: new URL(url as string).searchParams.get('from') };
    };
    const last = ordered.at(-1)?.log_id;
    expect(await nextOf(ordered[0]?.log_id, 'user_agent:nothing*like*this')).toEqual({ body: [], next: last });
    expect(await nextOf(last, 'user_agent:nothing*like*this')).toEqual({ body: [], next: last });
    const first = await nextOf(ordered[0]?.log_id, 'type:ss');
    const isSignup = ({ type }: Log) => type === 'ss';
    expect(first.body).toEqual(ordered.slice(1).filter(isSignup).slice(0, 5));
  });

  it('counts what the directory itself can find as it counts what it has to judge', async () => {
    const day = new Date(server.clock.now()).toISOString().slice(0, 10);
    const count = async (q: string) =>
      ((await call('GET', `/logs?q=${encodeURIComponent(q)}&include_totals=true&per_page=1`)).body as { total: number })
        .total;
    // A wildcard is judged, entry by entry.
    for (const q of ['type:ss', 'type:(fp OR fu)', 'type:sapi', 'type:fp', `type:s AND date:[${day} TO *]`])
      expect([q, await count(q)]).toEqual([q, await count(`${q} AND hostname:*`)]);
    expect(await count('type:ss AND (date:[* TO 2001-01-01] AND type:ss)')).toBe(0);
  });

  it('refuses what it can’t read, with the place', async () => {
    for (const q of ['type:(fp', 'colour:red', 'type:[a TO b]']) {
      const { status, body } = await call('GET', `/logs?q=${encodeURIComponent(q)}`);
      expect([status, (body as { errorCode: string }).errorCode]).toEqual([400, 'invalid_query_string']);
      expect((body as { message: string }).message).toMatch(/character \d+/);
    }
    expect((await call('GET', '/logs?sort=type:1')).status).toBe(400);
  });

  it('counts sign-ins and new users by day, and active users', async () => {
    const today = new Date(server.clock.now()).toISOString().slice(0, 10).replaceAll('-', '');
    const { status, body } = await call('GET', `/stats/daily?from=${today}&to=${today}`);
    expect(status).toBe(200);
    const signups = (await search('type:ss')).length;
    expect(body).toEqual([
      {
        date: expect.stringMatching(/T00:00:00\.000Z$/) as string,
        logins: 1,
        signups,
        leaked_passwords: 0,
        created_at: expect.any(String) as string,
        updated_at: expect.any(String) as string,
      },
    ]);
    expect((await call('GET', '/stats/daily?from=20240101&to=20240131')).body).toHaveLength(31);
    expect((await call('GET', '/stats/daily')).body).toHaveLength(30);
    expect((await call('GET', '/stats/daily?from=20240230')).status).toBe(400);
    expect((await call('GET', '/stats/daily?from=2024-01-01')).status).toBe(400);
    expect((await call('GET', '/stats/active-users')).body).toBe(1);
    server.clock.advance(31 * 86_400_000);
    const later = await auth0Caller(server);
    expect((await later('GET', '/stats/active-users')).body).toBe(0);
  });
});
