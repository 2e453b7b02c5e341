/** Behind proxies: whose word counts, and that nobody else's does. */
import { ask, bootServer, databaseKinds, type TestServer, type WireAnswer } from '@reeve/testkit';
import { describe, expect, it } from 'vitest';
import { addressOf, readTrustedProxies, schemeOf } from './proxies.ts';

describe('the list of trusted proxies', () => {
  it.each([
    ['127.0.0.1', ['127.0.0.1']],
    [' 10.0.0.0/8 , 192.0.2.7', ['10.0.0.0/8', '192.0.2.7']],
    ['::1,fd00::/8', ['::1', 'fd00::/8']],
    ['1', 1],
    ['32', 32],
  ])('is read from "%s"', (text, expected) => {
    expect(readTrustedProxies(text)).toEqual(expected);
  });

  it.each([
    '0',
    '33',
    '-1',
    '1.5',
    'true',
    '*',
    ',',
    '127.0.0.1,',
    'proxy.example.com',
    '10.0.0.0/33',
    '10.0.0.0/0',
    '::/129',
    '10.0.0.0/8/8',
    '10.0.0/8',
    'fe80::1%eth0',
    'loopback',
  ])('is not "%s"', (text) => {
    expect(readTrustedProxies(text)).toBeUndefined();
  });
});

describe('what a proxy sends', () => {
  const arrived = (ip: string) => ({ ip, socket: { remoteAddress: '10.0.0.1' } as never, protocol: 'http' as const });

  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:51000', '203.0.113.9'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]:51000', '2001:db8::7'],
    ['unknown', '10.0.0.1'],
    ['', '10.0.0.1'],
    ['<script>', '10.0.0.1'],
  ])('"%s" as an address is %s', (sent, expected) => {
    expect(addressOf(arrived(sent))).toBe(expected);
  });

  it('is http or https, or refused', () => {
    expect(schemeOf({ protocol: 'HTTPS' as never })).toBe('https');
    expect(() => schemeOf({ protocol: 'ftp' as never })).toThrow('X-Forwarded-Proto');
  });
});

describe.each(databaseKinds)('behind a proxy on %s', (kind) => {
  const using = async (environment: Record<string, string>, test: (server: TestServer) => Promise<void>) => {
    const server = await bootServer(kind, { environment });
    try {
      await test(server);
    } finally {
      await server.stop();
    }
  };
  const issuerOf = ({ text }: WireAnswer): string => (JSON.parse(text) as { issuer: string }).issuer;
  /** The address that the audit log has of a refused call. */
  const recorded = async (server: TestServer, headers: Record<string, string>): Promise<string | null | undefined> => {
    const answer = await ask(`${server.url}/api/v1/users`, { headers });
    expect(answer.status, answer.text).toBe(401);
    const events = await server.services.database.read((db) =>
      db
        .selectFrom('events')
        .select('ip')
        .where('request_id', '=', answer.headers.get('x-request-id') ?? '')
        .execute(),
    );
    expect(events).toHaveLength(1);
    return events[0]?.ip;
  };
  const DISCOVERY = '/.well-known/openid-configuration';

  it('believes nobody unless told to', () =>
    using({}, async (server) => {
      expect(await recorded(server, { 'x-forwarded-for': '203.0.113.9' })).toBe('127.0.0.1');
      const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' };
      expect(issuerOf(await ask(server.url + DISCOVERY, { headers }))).toBe(`${server.url}/`);
    }));

  it('believes the proxies that are listed, up to the first other address', () =>
    using({ REEVE_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' }, async (server) => {
      expect(await recorded(server, {})).toBe('127.0.0.1');
      expect(await recorded(server, { 'x-forwarded-for': '203.0.113.9' })).toBe('203.0.113.9');
      expect(await recorded(server, { 'x-forwarded-for': '198.51.100.1, 203.0.113.9, 10.1.2.3' })).toBe('203.0.113.9');
      const made = await server.api('POST', '/tenants', { name: 'proxied', domains: ['id.proxied.test'] });
      expect(made.status).toBe(201);
      const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'id.proxied.test' };
      expect(issuerOf(await ask(server.url + DISCOVERY, { headers }))).toBe('https://id.proxied.test/');
      const odd = await ask(`${server.url}/api/v1/users`, { headers: { 'x-forwarded-proto': 'gopher' } });
      expect([odd.status, (JSON.parse(odd.text) as { code: string }).code]).toEqual([400, 'invalid_request']);
    }));

  it('believes nobody who is not listed', () =>
    using({ REEVE_TRUSTED_PROXIES: '10.0.0.0/8' }, async (server) => {
      expect(await recorded(server, { 'x-forwarded-for': '203.0.113.9' })).toBe('127.0.0.1');
      expect(issuerOf(await ask(server.url + DISCOVERY, { headers: { 'x-forwarded-proto': 'https' } }))).toBe(
        `${server.url}/`,
      );
    }));

  it('counts the proxies in a row', () =>
    using({ REEVE_TRUSTED_PROXIES: '2' }, async (server) => {
      const chain = '198.51.100.1, 203.0.113.9, 10.1.2.3';
      expect(await recorded(server, { 'x-forwarded-for': chain })).toBe('203.0.113.9');
    }));

  it('limits each caller behind the proxy by itself', () =>
    using({ REEVE_TRUSTED_PROXIES: '127.0.0.1', REEVE_RATE_LIMIT: '2' }, async (server) => {
      server.clock.advance(60_000 - (server.clock.now() % 60_000));
      const call = async (address: string) =>
        (await ask(`${server.url}/api/v1/users`, { headers: { 'x-forwarded-for': address } })).status;
      for (const expected of [401, 401, 429]) expect(await call('203.0.113.9')).toBe(expected);
      expect(await call('203.0.113.10')).toBe(401);
    }));
});
