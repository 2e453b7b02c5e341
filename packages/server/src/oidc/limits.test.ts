/** The OAuth endpoints under the request rate limit, and the providers behind them under made-up Host headers. */
import { ask, askForToken, bootServer, databaseKinds, signInWith, type TestServer, withBearer } from '@reeve/testkit';
import { describe, expect, it } from 'vitest';
import { createClients } from './clients.ts';
import { createProviders } from './providers.ts';

describe.each(databaseKinds)('limits of the OAuth endpoints on %s', (kind) => {
  const using = async (limit: string, test: (server: TestServer) => Promise<void>) => {
    const server = await bootServer(kind, { environment: { REEVE_RATE_LIMIT: limit } });
    try {
      // A window is a minute of the clock: no test runs into the next one.
      server.clock.advance(60_000 - (server.clock.now() % 60_000));
      await test(server);
    } finally {
      await server.stop();
    }
  };

  it('counts calls without a token by address, and tells so in standard headers', () =>
    using('3', async (server) => {
      const first = await askForToken(server);
      expect(first.status).toBe(200);
      expect(first.headers.get('ratelimit-limit')).toBe('3');
      expect(first.headers.get('ratelimit-remaining')).toBe('2');
      expect(first.headers.get('x-ratelimit-remaining')).toBe('2');
      expect(Number(first.headers.get('ratelimit-reset'))).toBeLessThanOrEqual(60);
      const keys = await fetch(`${server.url}/.well-known/jwks.json`);
      expect([keys.status, keys.headers.get('ratelimit-remaining')]).toEqual([200, '1']);
      expect((await fetch(`${server.url}/.well-known/openid-configuration`)).status).toBe(200);
      for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server'])
        expect((await fetch(server.url + path)).status).toBe(429);
      const over = await askForToken(server);
      expect(over).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
      expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(over.headers.get('ratelimit-remaining')).toBe('0');
      // What was refused by a limit leaves no trace, and the API has a count of its own.
      expect((await fetch(`${server.url}/api/v1/users`)).status).toBe(401);
      const issued = await server.services.database.read((db) =>
        db.selectFrom('events').select('id').where('type', '=', 'token.issued').execute(),
      );
      expect(issued).toHaveLength(1);
      server.clock.advance(60_000);
      expect((await askForToken(server)).status).toBe(200);
    }));

  it('counts /userinfo by who asks', () =>
    using('2', async (server) => {
      const { body } = await signInWith(server, { scope: 'openid' });
      for (const [status, left] of [
        [200, '1'],
        [200, '0'],
        [429, '0'],
      ]) {
        const answer = await withBearer(server, body.access_token, '/userinfo');
        expect([answer.status, answer.headers.get('ratelimit-remaining')]).toEqual([status, left]);
      }
    }));

  it('counts callers of hosts that nobody has, too', () =>
    using('1', async (server) => {
      for (const expected of [400, 429]) {
        const answer = await ask(`${server.url}/.well-known/jwks.json`, { headers: { host: 'nobody.example' } });
        expect(answer.status).toBe(expected);
      }
    }));

  it('is off with the rate limit', () =>
    using('off', async (server) => {
      const answers = [await askForToken(server), await fetch(`${server.url}/.well-known/jwks.json`)];
      for (const { status, headers } of answers) expect([status, headers.get('ratelimit-limit')]).toEqual([200, null]);
    }));

  it('keeps the providers of origins that were set up, whatever ports are named in Host headers', () =>
    using('off', async (server) => {
      const conclude = async () => {};
      const providers = createProviders(server.services, createClients(server.services), conclude);
      const own = await providers.of(server.tenant, true);
      const passing = { ...server.tenant, origin: 'http://localhost:1' };
      const first = await providers.of(passing, false);
      expect(await providers.of(passing, false)).toBe(first);
      for (let port = 2; port < 40; port++)
        await providers.of({ ...server.tenant, origin: `http://localhost:${port}` }, false);
      expect(await providers.of(server.tenant, true)).toBe(own);
      expect(await providers.of(passing, false)).not.toBe(first);
    }));
});
