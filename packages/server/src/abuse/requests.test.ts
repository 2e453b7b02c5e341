/**
 * Requests that two readers would read differently, that are larger than they look, or that lead somewhere else than they
 * say: each is one request to this server, or none.
 */
import { readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import {
  ask,
  auth0Caller,
  auth0Scopes,
  bootServer,
  databaseKinds,
  openRaw,
  readMail,
  type TestServer,
} from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MEGABYTE = 1_048_576;

describe.each(databaseKinds)('requests on %s', (kind) => {
  let server: TestServer;
  let authorization: string;
  beforeAll(async () => {
    server = await bootServer(kind);
    authorization = `Bearer ${await server.token()}`;
  });
  afterAll(() => server.stop());

  /** A whole request that makes a user. */
  const hidden = () => {
    const body = '{"username":"smuggled"}';
    return `POST /api/v1/users HTTP/1.1\r\nhost: localhost\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  };
  /** What comes back until the server closes the connection. */
  const exchange = async (text: string): Promise<string> => {
    const connection = await openRaw(server.url);
    connection.write(text);
    return connection.closed();
  };
  const smuggled = async () =>
    ((await server.api('GET', '/users?username=smuggled')).body as { users: object[] }).users.length;

  /** Header lines that leave it open where the body ends, and a body whose rest is a request of its own. */
  const framings: readonly [what: string, headers: string, body?: string][] = [
    ['a length and chunks', 'content-length: 5\r\ntransfer-encoding: chunked', '0\r\n\r\n'],
    ['chunks and a length', 'transfer-encoding: chunked\r\ncontent-length: 5', '0\r\n\r\n'],
    ['two lengths', 'content-length: 0\r\ncontent-length: 400'],
    ['two equal lengths', 'content-length: 0\r\ncontent-length: 0'],
    ['a list of lengths', 'content-length: 0, 0'],
    ['a length with a sign', 'content-length: +0'],
    ['a negative length', 'content-length: -1'],
    ['a hexadecimal length', 'content-length: 0x0'],
    ['an exponent', 'content-length: 0e1'],
    ['an unknown coding', 'transfer-encoding: xchunked', '0\r\n\r\n'],
    ['a coding after chunked', 'transfer-encoding: chunked, identity', '0\r\n\r\n'],
    ['two codings', 'transfer-encoding: chunked\r\ntransfer-encoding: identity', '0\r\n\r\n'],
    ['a space before the colon', 'transfer-encoding : chunked\r\ncontent-length: 5', '0\r\n\r\n'],
    ['a folded coding', 'transfer-encoding:\r\n chunked\r\ncontent-length: 5', '0\r\n\r\n'],
    ['a folded length', 'content-length:\r\n 0'],
    ['a vertical tab', 'transfer-encoding: \x0bchunked', '0\r\n\r\n'],
    ['a bare line feed', 'x-a: b\ntransfer-encoding: chunked\r\ncontent-length: 5', '0\r\n\r\n'],
    ['a bare carriage return', 'x-a: b\rcontent-length: 0'],
    ['a NUL', 'x-a: b\0c\r\ncontent-length: 0'],
    ['a chunk size with a prefix', 'transfer-encoding: chunked', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a negative chunk size', 'transfer-encoding: chunked', '-3\r\nabc\r\n0\r\n\r\n'],
    ['a chunk size that is no number', 'transfer-encoding: chunked', '3g\r\nabc\r\n0\r\n\r\n'],
    ['a chunk size that wraps round', 'transfer-encoding: chunked', '10000000000000003\r\nabc\r\n0\r\n\r\n'],
    ['a chunk that is longer than it says', 'transfer-encoding: chunked', '1\r\nabc\r\n0\r\n\r\n'],
    ['a chunk size that ends in a line feed', 'transfer-encoding: chunked', '3\nabc\r\n0\r\n\r\n'],
  ];

  it.each(framings)('with %s are refused, and what follows is no request', async (_what, headers, body = '') => {
    const head = `POST /api/v1/users HTTP/1.1\r\nhost: localhost\r\nauthorization: ${authorization}\r\ncontent-type: application/json`;
    const text = await exchange(`${head}\r\n${headers}\r\n\r\n${body}${hidden()}`);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text.match(/HTTP\/1\.1 \d\d\d/g)).toHaveLength(1);
    expect(await smuggled()).toBe(0);
  });

  it('with two hosts are of no tenant', async () => {
    for (const hosts of ['localhost\r\nHost: other.example', 'localhost\r\nhost: localhost']) {
      const text = await exchange(
        `GET /api/v1/users HTTP/1.1\r\nhost: ${hosts}\r\nconnection: close\r\nauthorization: ${authorization}\r\n\r\n`,
      );
      expect(text).toMatch(/^HTTP\/1\.1 400 /);
    }
    const one = `GET /api/v1/users?limit=1 HTTP/1.1\r\nHOST: localhost\r\nx-host: a\r\nconnection: close\r\nauthorization: ${authorization}\r\n\r\n`;
    expect(await exchange(one)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('that are packed are refused by whatever reads a body, and nothing is unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MEGABYTE, ' '));
    expect(bomb.length).toBeLessThan(MEGABYTE / 10);
    const auth0Token = await server.token(auth0Scopes, { aud: `https://${new URL(server.url).host}/api/v2/` });
    const targets: readonly [path: string, type: string, bearer?: string][] = [
      ['/api/v1/users', 'application/json', authorization],
      ['/api/v1/users/import', 'application/x-ndjson', authorization],
      ['/api/v1/users/import', 'text/csv', authorization],
      ['/api/v2/users', 'application/json', `Bearer ${auth0Token}`],
      ['/api/v2/jobs/users-imports', 'multipart/form-data; boundary=x', `Bearer ${auth0Token}`],
      ['/oauth/token', 'application/x-www-form-urlencoded'],
      ['/oauth/token', 'application/json'],
      ['/rw3iss/api/v1/auth/login', 'application/json'],
      ['/authing/graphql/v2', 'application/json'],
      ['/reset-password', 'application/x-www-form-urlencoded'],
    ];
    for (const [path, type, bearer] of targets)
      for (const coding of ['gzip', 'GZIP', 'deflate', 'br', 'zstd', 'identity, gzip']) {
        const headers = {
          'content-type': type,
          'content-encoding': coding,
          ...(bearer ? { authorization: bearer } : {}),
        };
        const { status, text } = await ask(server.url, { path, method: 'POST', headers, body: bomb });
        const isRefused = status === 415 || ([200, 400].includes(status) && text.includes('Content-Encoding'));
        expect(isRefused, `${path} ${coding}: ${status} ${text}`).toBe(true);
      }
    const headers = { authorization, 'content-type': 'application/json', 'content-encoding': 'identity' };
    const plain = { path: '/api/v1/users', method: 'POST', headers, body: '{"username":"unpacked"}' };
    expect((await ask(server.url, plain)).status).toBe(201);
  });

  it('that are too large are refused in every form', async () => {
    const form = 'application/x-www-form-urlencoded';
    const json = 'application/json';
    const sizes: readonly [path: string, type: string, body: string][] = [
      ['/oauth/token', form, `grant_type=password&username=${'x'.repeat(70_000)}`],
      ['/oauth/token', json, JSON.stringify({ username: 'x'.repeat(70_000) })],
      ['/oauth/introspect', form, `token=${'x'.repeat(70_000)}`],
      ['/rw3iss/api/v1/auth/login', json, JSON.stringify({ email: 'x'.repeat(MEGABYTE) })],
      ['/authing/graphql/v2', json, JSON.stringify({ query: '{__typename}', variables: { a: 'x'.repeat(MEGABYTE) } })],
    ];
    for (const [path, type, body] of sizes) {
      const { status, text } = await ask(server.url, { path, method: 'POST', headers: { 'content-type': type }, body });
      if (!/^.(rw3iss|authing)/.test(path)) expect(status, `${path}: ${text}`).toBe(413);
      expect(text, path).toMatch(/at most \d+ bytes/);
    }
  });

  it('that nest without end are refused by every dialect', async () => {
    const auth0Api = await server.token(auth0Scopes, { aud: `https://${new URL(server.url).host}/api/v2/` });
    for (const depth of [500, 150_000]) {
      // A pair of surrogates, written so that every text inside is looked at.
      const deep = `${'{"a":'.repeat(depth)}"\\ud83d\\ude00"${'}'.repeat(depth)}`;
      const calls: readonly [path: string, body: string, bearer?: string][] = [
        ['/api/v2/users', `{"connection":"Username-Password-Authentication","user_metadata":${deep}}`, auth0Api],
        ['/oauth/token', `{"grant_type":${deep}}`],
        ['/rw3iss/api/v1/auth/login', `{"email":${deep}}`],
        [
          '/authing/graphql/v2',
          `{"query":"query ($a: String) { isUserExists(username: $a) }","variables":{"a":${deep}}}`,
        ],
        ['/authing/graphql/v2', `{"query":"${'{users{list'.repeat(400)}"}`],
      ];
      for (const [path, body, bearer] of calls) {
        const headers = {
          'content-type': 'application/json',
          ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
        };
        const { status, text } = await ask(server.url, { path, method: 'POST', headers, body });
        if (path.startsWith('/authing')) expect(JSON.parse(text), path).toMatchObject({ errors: [{}] });
        else expect([400, 413], `${path} ${depth}: ${status} ${text.slice(0, 200)}`).toContain(status);
      }
    }
    expect((await server.api('GET', '/users?limit=1')).status).toBe(200);
  });

  it('do not climb out of where they lead', async () => {
    const readUsers = await auth0Caller(server, ['read:users']);
    expect((await readUsers('GET', '/users?per_page=1')).status).toBe(200);
    const bearer = await server.token(['read:users'], { aud: `https://${new URL(server.url).host}/api/v2/` });
    const climbs = ['..', '%2e%2e', '%2E%2E', '.%2e', '..%2f', '%2e%2e%2f', '..%5c', '%252e%252e', '..%00', '..;'];
    const before = readdirSync(server.dir, { recursive: true }).length;
    for (const climb of climbs)
      for (const path of [
        `/api/v2/users/${climb}/clients`,
        `/api/v2/users/${climb}clients`,
        `/docs/assets/${climb}/${climb}/package.json`,
        `/docs/assets/${climb}${climb}package.json`,
        `/exports/${climb}/${climb}/secret.key?expires=99999999999999&signature=x`,
        `/exports/${climb}${climb}secret.key?expires=99999999999999&signature=x`,
        `/api/v2/jobs/${climb}/errors`,
        `/.well-known/${climb}/secret.key`,
      ]) {
        const { status, text } = await ask(server.url, { path, headers: { authorization: `Bearer ${bearer}` } });
        expect([400, 401, 403, 404], `${path}: ${status} ${text.slice(0, 200)}`).toContain(status);
        expect(text, path).not.toMatch(/"name": ?"swagger|client_secret/);
      }
    expect(readdirSync(server.dir, { recursive: true })).toHaveLength(before);
  });

  it('name no file of the server by the name of what they upload', async () => {
    const bearer = await server.token(auth0Scopes, { aud: `https://${new URL(server.url).host}/api/v2/` });
    const connections = (await (await auth0Caller(server))('GET', '/connections')).body as { id: string }[];
    for (const name of ['../../../escaped.json', '..\\..\\escaped.json', '/tmp/escaped.json', 'escaped%00.json']) {
      const form = new FormData();
      form.set('connection_id', connections[0]?.id ?? '');
      form.set('users', new Blob(['[]'], { type: 'application/json' }), name);
      const response = await fetch(`${server.url}/api/v2/jobs/users-imports`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}` },
        body: form,
      });
      expect(response.status, await response.text()).toBeLessThan(500);
    }
    const names = readdirSync(server.dir, { recursive: true }) as string[];
    expect(names.filter((name) => name.includes('escaped'))).toEqual([]);
  });

  it('put no host of their own into a link that is mailed', async () => {
    const { host } = new URL(server.url);
    const forwarded = [
      'x-forwarded-host',
      'x-host',
      'x-forwarded-server',
      'x-http-host-override',
      'forwarded',
      'origin',
    ];
    const path = '/rw3iss/api/v1/auth/password/reset-request';
    const wanted = async (headers: Record<string, string>, target = path) => {
      const email = `poisoned${crypto.randomUUID()}@example.com`;
      await server.api('POST', '/users', { email, email_verified: true, password: 'Correct-horse-1' });
      const body = JSON.stringify({ email });
      const type = { 'content-type': 'application/json' };
      return {
        email,
        ...(await ask(server.url, { path: target, method: 'POST', headers: { ...type, ...headers }, body })),
      };
    };
    await Promise.all(
      forwarded.map(async (name) => {
        const { email, status } = await wanted({ [name]: name === 'forwarded' ? 'host=evil.example' : 'evil.example' });
        expect(status, name).toBe(200);
        expect(new URL((await readMail(server, email)).link).host, name).toBe(host);
      }),
    );
    for (const evil of ['evil.example', `${host}.evil.example`, `${host}@evil.example`, 'evil.example#localhost'])
      expect((await wanted({ host: evil })).status, evil).toBe(400);
    for (const evil of ['http://evil.example', 'HTTP://evil.example', `http://${host}@evil.example`])
      expect((await wanted({}, evil + path)).status, evil).toBe(400);
    expect((await wanted({}, `http://${host}${path}`)).status).toBe(200);
  });
});
