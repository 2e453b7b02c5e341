import type { RevokedToken } from '@reeve/contract';
import { bootServer, CLIENT_ID, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purgeExpired } from '../housekeeping.ts';
import { countRows } from '../rows.ts';

const DAY = 86_400_000;

describe.each(databaseKinds)('revoked tokens on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  const codeOf = async (token: string): Promise<string | undefined> => {
    const response = await fetch(`${server.url}/api/v1/groups`, { headers: { authorization: `Bearer ${token}` } });
    return ((await response.json()) as { code?: string }).code;
  };
  const revoke = (body: object) => server.api('POST', '/revoked-tokens', body);
  const list = async (query = ''): Promise<{ revoked_tokens: RevokedToken[]; next_cursor: string | null }> =>
    (await server.api('GET', `/revoked-tokens${query}`)).body;

  it('refuses a management token from the next request on, and tells so once', async () => {
    const jti = crypto.randomUUID();
    const token = await server.token(undefined, { jti });
    expect(await codeOf(token)).toBeUndefined();
    const first = await revoke({ jti });
    expect([first.status, first.body]).toMatchObject([200, { jti, aud: CLIENT_ID }]);
    expect(await codeOf(token)).toBe('token_revoked');
    expect(await revoke({ jti, aud: CLIENT_ID })).toMatchObject({ status: 200, body: first.body as object });
    const told = await server
      .work()
      .read((db) =>
        countRows(db.selectFrom('events').where('type', '=', 'token.revoked').where('target_id', '=', jti)),
      );
    expect(told).toBe(1);
  });

  it('means the token of the named client or audience alone', async () => {
    const jti = crypto.randomUUID();
    const token = await server.token(undefined, { jti });
    await revoke({ jti, aud: 'another-application' });
    expect(await codeOf(token)).toBeUndefined();
    await revoke({ jti, aud: `${server.url}/api` });
    expect(await codeOf(token)).toBe('token_revoked');
    const longest = 'j'.repeat(255);
    const other = await server.token(undefined, { jti: longest });
    expect((await revoke({ jti: longest })).status).toBe(200);
    expect(await codeOf(other)).toBe('token_revoked');
    for (const body of [{}, { jti: '' }, { jti: 'j'.repeat(256) }, { jti: 5 }, { jti, aud: '' }])
      expect(await revoke(body)).toMatchObject({ status: 400, body: { errors: [expect.anything()] } });
  });

  it('refuses what the revocation endpoint took, by the client that it was issued to', async () => {
    const token = await fetch(`${server.url}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        grant_type: 'client_credentials',
        client_id: CLIENT_ID,
        client_secret: 'test-management-secret-0123456789',
      }),
    });
    const { access_token } = (await token.json()) as { access_token: string };
    expect(await codeOf(access_token)).toBeUndefined();
    const form = new URLSearchParams({ client_id: CLIENT_ID, client_secret: 'test-management-secret-0123456789' });
    form.set('token', access_token);
    expect((await fetch(`${server.url}/oauth/revoke`, { method: 'POST', body: form })).status).toBe(200);
    expect(await codeOf(access_token)).toBe('token_revoked');
  });

  it('lists by audience in pages, and keeps an entry as long as a token can live', async () => {
    const made = Array.from({ length: 5 }, (_, i) => ({ jti: `listed ${i}`, aud: 'listed' }));
    for (const body of made) await revoke(body);
    await revoke({ jti: 'listed 0', aud: 'other' });
    const seen: RevokedToken[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await list(`?aud=listed&limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.revoked_tokens);
      cursor = page.next_cursor;
    }
    expect(seen.map(({ jti, aud }) => ({ jti, aud }))).toEqual(made);
    const all = (await list('?limit=100')).revoked_tokens.filter(({ jti }) => jti === 'listed 0');
    expect(all.map(({ aud }) => aud)).toEqual(['listed', 'other']);
    server.clock.advance(30 * DAY - 60_000);
    await purgeExpired(server.services);
    expect((await list('?aud=listed')).revoked_tokens).toHaveLength(5);
    server.clock.advance(120_000);
    expect((await list('?aud=listed')).revoked_tokens).toEqual([]);
    await purgeExpired(server.services);
    const left = await server.work().read((db) => countRows(db.selectFrom('revoked_tokens')));
    expect(left).toBe(0);
  });
});
