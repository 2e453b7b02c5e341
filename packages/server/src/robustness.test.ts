/** What goes wrong on the wire: too large, too slow, malformed, out of place, too often. */
import type { Event } from '@reeve/contract';
import { ask, bootServer, databaseKinds, openRaw, pg, rw3issPerson, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const LIMITS = { headerMilliseconds: 500, bodyMilliseconds: 400, drainMilliseconds: 2000 };
const MEGABYTE = 1_048_576;

describe.each(databaseKinds)('robustness on %s', (kind) => {
  let server: TestServer;
  let authorization: string;
  beforeAll(async () => {
    server = await bootServer(kind, { limits: LIMITS });
    authorization = `Bearer ${await server.token()}`;
  });
  afterAll(() => server.stop());

  const post = (text: string, more = '') =>
    `POST /api/v1/users HTTP/1.1\r\nhost: ${new URL(server.url).host}\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\n${more}\r\n${text}`;
  const create = (body: string) =>
    ask(server.url, {
      path: '/api/v1/users',
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body,
    });
  const codeOf = ({ text }: { text: string }) => (JSON.parse(text) as { code: string }).code;

  it('cuts off who trickles headers', async () => {
    const connection = await openRaw(server.url);
    connection.write('GET /api/v1/users HTTP/1.1\r\nhost: x\r\n');
    const drip = setInterval(() => connection.write('x-a: b\r\n'), 100);
    expect(await connection.closed()).toMatch(/^HTTP\/1\.1 408 /);
    clearInterval(drip);
  });

  it('answers 408 to who trickles a body, and then cuts off', async () => {
    const connection = await openRaw(server.url);
    connection.write(post('{"username":"', 'content-length: 1000\r\n'));
    const drip = setInterval(() => connection.write('a'), 50);
    expect(await connection.until(/request_timeout/)).toMatch(/^HTTP\/1\.1 408 /);
    await connection.closed();
    clearInterval(drip);
  });

  it('answers 413 to a body that is too large, whether it says so or not, while it is still being sent', async () => {
    for (const framing of ['content-length', 'chunked']) {
      const connection = await openRaw(server.url);
      const size = 3 * MEGABYTE;
      connection.write(
        post('', framing === 'chunked' ? 'transfer-encoding: chunked\r\n' : `content-length: ${size}\r\n`),
      );
      const piece = 'a'.repeat(65_536);
      for (let sent = 0; sent < size; sent += piece.length)
        connection.write(framing === 'chunked' ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece);
      const text = await connection.until(/payload_too_large/);
      expect(text, framing).toMatch(/^HTTP\/1\.1 413 /);
      connection.destroy();
    }
    const fits = JSON.stringify({ username: 'large', user_metadata: { a: 'x'.repeat(60_000) } });
    expect((await create(fits.padEnd(MEGABYTE))).status).toBe(201);
    expect((await create(fits.padEnd(MEGABYTE + 1))).status).toBe(413);
  });

  it('refuses a body that breaks off, and stays', async () => {
    const connection = await openRaw(server.url);
    connection.write(post('{"username":"brok', 'content-length: 100\r\nexpect: 100-continue\r\n'));
    await connection.until(/100 Continue/);
    connection.destroy();
    const { status, body } = await server.api('GET', '/users?username=brok');
    expect([status, (body as { users: [] }).users]).toEqual([200, []]);
    // Its sender's fault, not the server's.
    await vi.waitFor(async () => {
      const refused = await server.api('GET', '/audit?event_types=request.refused&limit=1');
      expect((refused.body as { events: { data: unknown }[] }).events[0]?.data).toMatchObject({
        code: 'invalid_request',
        verb: 'POST',
        path: '/api/v1/users',
      });
    });
  });

  it('refuses bodies that nest without end', async () => {
    for (const depth of [12, 200, 5_000, 150_000]) {
      const arrays = `{"username":"deep","user_metadata":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
      expect((await create(arrays)).status, `arrays ${depth}`).toBe(400);
      const objects = `{"username":"deep","user_metadata":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
      expect((await create(objects)).status, `objects ${depth}`).toBe(400);
    }
    const wide = `{${Array.from({ length: 50_000 }, (_, i) => `"field${i}":1`).join(',')}}`;
    const answer = await create(wide);
    expect(answer.status).toBe(400);
    expect(answer.text.length).toBeLessThan(20_000);
  });

  it('refuses what can’t be stored as it is, anywhere, alike on both databases', async () => {
    for (const wrong of ['\\u0000', '\\ud800', '\\udfff', 'a\\udc00b', '\\ud800\\ud800']) {
      for (const body of [
        `{"username":"u${wrong}"}`,
        `{"username":"stored","name":"x${wrong}"}`,
        `{"username":"stored","user_metadata":{"k":"${wrong}"}}`,
        `{"username":"stored","user_metadata":{"k${wrong}":1}}`,
        `{"username":"stored","app_metadata":{"a":[{"b":["${wrong}"]}]}}`,
      ]) {
        const answer = await create(body);
        expect([answer.status, codeOf(answer)], body).toEqual([400, 'invalid_request']);
      }
    }
    for (const path of [
      '/users?search=%00',
      '/users?email=a%00b',
      '/audit?target=%00',
      '/users/usr_%00',
      '/groups/%00',
    ])
      expect([400, 404], path).toContain(
        (await ask(server.url, { path: `/api/v1${path}`, headers: { authorization } })).status,
      );
    const kept = await create(
      '{"username":"stored","name":"\\ud83d\\ude00 \\u0001 Zoë","user_metadata":{"":"","\\n":"\\u2028"}}',
    );
    expect(JSON.parse(kept.text)).toMatchObject({ name: '😀 \u0001 Zoë', user_metadata: { '': '', '\n': '\u2028' } });
  });

  it('takes no keys that reach for prototypes', async () => {
    for (const key of ['__proto__', '\\u005f_proto__']) {
      for (const body of [
        `{"${key}":{"a":1},"username":"proto"}`,
        `{"username":"proto","user_metadata":{"b":{"${key}":1}}}`,
      ])
        expect((await create(body)).status, body).toBe(400);
    }
    expect((await create('{"username":"proto","user_metadata":{"constructor":{"prototype":{"a":1}}}}')).status).toBe(
      400,
    );
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });

  it.each([
    '/api/v1/users/%2e%2e/groups',
    '/api/v1/users/../groups',
    '/api/v1/../v1/users',
    '//api/v1/users',
    '/api/v1//users',
    '/api/v1/users/%2f..%2fgroups',
    '/api/v1/users/usr_x%2fgroups',
    '/api/v1/users/%',
    '/api/v1/users/%zz',
    '/api/v1/users/%ff',
    '/api/v1/users;a=b',
    '/API/V1/users',
    '/api/v1/users/',
    '/api/v1/users\\..\\groups',
    `/api/v1/users/${'a'.repeat(5000)}`,
    '/docs/../api/v1/users',
    '/docs/assets/..%2f..%2fpackage.json',
  ])('answers %s with a refusal', async (path) => {
    const answer = await ask(server.url, { path, headers: { authorization } });
    expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
    expect(answer.status, answer.text).toBeLessThan(500);
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    expect(JSON.parse(answer.text)).toMatchObject({ status: answer.status });
  });

  it('answers a part of a path that is too long to name anything as what is not there', async () => {
    const bearers = {
      '/api/v1/users/': await server.token(),
      '/api/v2/users/': await server.token(['read:users'], { aud: `https://${new URL(server.url).host}/api/v2/` }),
      '/rw3iss/api/v1/admin/users/': (await rw3issPerson(server)).tokens.access_token,
    };
    for (const [path, token] of Object.entries(bearers)) {
      const headers = { authorization: `Bearer ${token}` };
      const { status, text } = await ask(server.url, { path: path + 'a'.repeat(1100), headers });
      expect(status, path + text).toBe(404);
    }
  });

  it('answers allowed hosts only', async () => {
    const asked = (host: string) => ask(server.url, { path: '/api/v1/users', headers: { authorization, host } });
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:9', '[::1]', '[::1]:80'])
      expect((await asked(host)).status, host).toBe(200);
    for (const host of [
      'evil.example.com',
      'localhost.evil.com',
      '127.0.0.1.evil.com',
      'a b',
      'localhost:99999999',
      '[::2]',
      'localhost@evil.com',
      '127.1',
    ])
      expect((await asked(host)).status, host).toBe(400);
  });

  it('survives what is not HTTP', async () => {
    for (const garbage of [
      '\x16\x03\x01\x02\x00\x01',
      'hello\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
    ]) {
      const connection = await openRaw(server.url);
      connection.write(garbage);
      const text = await connection.closed();
      expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(text).toMatch(/^x-request-id: req_/m);
      expect(JSON.parse(text.slice(text.indexOf('{')))).toMatchObject({ request_id: expect.stringMatching(/^req_/) });
    }
    const smuggled = await openRaw(server.url);
    smuggled.write(post('0\r\n\r\n', 'content-length: 3\r\ntransfer-encoding: chunked\r\n'));
    expect(await smuggled.closed()).toMatch(/^HTTP\/1\.1 400 /);
    expect((await server.api('GET', '/users?limit=1')).status).toBe(200);
  });

  it('tells which methods a path answers', async () => {
    const { status, body, headers } = await server.api('DELETE', '/groups');
    expect([status, (body as { code: string }).code]).toEqual([405, 'method_not_allowed']);
    expect(headers.get('allow')).toBe('GET, POST');
    expect((await server.api('GET', '/nothing')).body).toMatchObject({ code: 'route_not_found' });
  });

  it('lets one of many creates of one e-mail address through', async () => {
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, i) =>
        server.api('POST', '/users', { email: i % 2 ? 'Race@Example.com' : 'race@example.com' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const { status, body } of answers)
      if (status !== 201) expect(body).toMatchObject({ code: 'email_taken', errors: [{ field: 'email' }] });
    const { body } = await server.api('GET', '/users?email=race@example.com&include_total=true');
    expect(body).toMatchObject({ total: 1 });
  });

  it('limits requests by client and minute, tells so in standard headers, and records no excess', async () => {
    const limited = await bootServer(kind, { environment: { REEVE_RATE_LIMIT: '5' } });
    try {
      const first = await limited.api('GET', '/users');
      expect(first.headers.get('ratelimit-limit')).toBe('5');
      expect(first.headers.get('ratelimit-remaining')).toBe('4');
      expect(Number(first.headers.get('ratelimit-reset'))).toBeLessThanOrEqual(60);
      for (let i = 0; i < 4; i++) expect((await limited.api('GET', '/users')).status).toBe(200);
      const over = await limited.api('GET', '/users');
      expect([over.status, (over.body as { code: string }).code]).toEqual([429, 'rate_limited']);
      expect(over.headers.get('ratelimit-remaining')).toBe('0');
      expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
      // Strangers share a limit of their own, by address.
      for (let i = 0; i < 5; i++) expect((await fetch(`${limited.url}/api/v1/users`)).status).toBe(401);
      expect((await fetch(`${limited.url}/api/v1/users`)).status).toBe(429);
      expect((await fetch(`${limited.url}/api/v1/nothing`)).status).toBe(429);
      expect((await fetch(`${limited.url}/health/ready`)).status).toBe(200);
      const refused = await limited.services.database.read((db) =>
        db.selectFrom('events').select('data').where('type', '=', 'request.refused').execute(),
      );
      expect(refused).toHaveLength(5);
      // One limit behind every door: what may be asked without a token must not fill the audit log.
      const info = await fetch(`${limited.url}/userinfo`);
      expect([info.status, info.headers.get('ratelimit-remaining')]).toEqual([429, '0']);
      limited.clock.advance(60_000);
      expect((await limited.api('GET', '/users')).status).toBe(200);
    } finally {
      await limited.stop();
    }
    const { headers } = await server.api('GET', '/users');
    expect(headers.get('ratelimit-limit')).toBeNull();
  });

  it('records a refusal once, with no value that was sent', async () => {
    const { headers } = await server.api('POST', '/users', { email: 'my-secret-value', password: 'x'.repeat(2000) });
    const { body } = await server.api('GET', `/audit?request_id=${headers.get('x-request-id')}`);
    const { events } = body as { events: Event[] };
    expect(events).toHaveLength(1);
    expect(events[0]?.data).toMatchObject({
      verb: 'POST',
      path: '/api/v1/users',
      fields: expect.arrayContaining([{ field: 'email', code: 'pattern' }]),
    });
    expect(JSON.stringify(events)).not.toContain('my-secret-value');
  });
});

it('says that it is not ready when its database does not answer, and lives on (postgres)', async () => {
  const server = await bootServer('postgres');
  const authorization = `Bearer ${await server.token()}`;
  const { pathname } = new URL(server.databaseUrl);
  const name = pathname.slice(1);
  const client = new pg.Client({ connectionString: server.databaseUrl.replace(pathname, '/postgres') });
  await client.connect();
  try {
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
    await client.query(`alter database ${name} rename to ${name}_away`).catch(async () => {
      await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
      await client.query(`alter database ${name} allow_connections false`);
    });
    const ready = await fetch(`${server.url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ code: 'overloaded' });
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
    const asked = await fetch(`${server.url}/api/v1/users`, { headers: { authorization } });
    expect(asked.status).toBeGreaterThanOrEqual(500);
    expect(asked.headers.get('x-request-id')).toMatch(/^req_/);
    await client.query(`alter database ${name} allow_connections true`);
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
    expect((await fetch(`${server.url}/api/v1/users`, { headers: { authorization } })).status).toBe(200);
  } finally {
    await client.end();
    await server.stop();
  }
});
