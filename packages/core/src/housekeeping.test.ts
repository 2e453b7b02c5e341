/** Expired rows go, live rows stay, whatever the number. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purgeExpired } from './housekeeping.ts';

describe.each(databaseKinds)('housekeeping on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
  });
  afterAll(() => server.stop());

  it('deletes what has expired, in batches, and nothing else', async () => {
    const now = server.clock.now();
    const expired = 1203;
    const alive = 7;
    await server.work().write(async ({ db, tenant }) => {
      const rows = Array.from({ length: expired + alive }, (_, i) => ({
        tenant_id: tenant.id,
        jti: `token ${i}`,
        aud: '',
        // Many expire in the same moment.
        expires_at: i < expired ? now - 1 - (i % 3) : now + 600_000,
      }));
      for (let i = 0; i < rows.length; i += 300)
        await db
          .insertInto('revoked_tokens')
          .values(rows.slice(i, i + 300))
          .execute();
      for (const [id, expires_at] of [
        ['old', now - 1],
        ['new', now + 600_000],
      ] as const) {
        const artifact = { grant_id: null, user_id: null, session_id: null, payload: '{}', consumed_at: null };
        await db
          .insertInto('oidc_artifacts')
          .values({ tenant_id: tenant.id, kind: 'RefreshToken', id, expires_at, ...artifact })
          .execute();
        await db
          .insertInto('idempotency_keys')
          .values({
            tenant_id: tenant.id,
            actor_id: 'app',
            key: id,
            digest: '',
            status: 200,
            etag: null,
            body: '',
            target_id: null,
            expires_at,
          })
          .execute();
      }
    });
    expect(await purgeExpired(server.services)).toBe(expired + 2);
    const left = await server.work().read(async (db) => ({
      tokens: (await db.selectFrom('revoked_tokens').select('jti').execute()).length,
      artifacts: await db.selectFrom('oidc_artifacts').select('id').execute(),
      keys: await db.selectFrom('idempotency_keys').select('key').execute(),
    }));
    expect(left).toEqual({ tokens: alive, artifacts: [{ id: 'new' }], keys: [{ key: 'new' }] });
    expect(await purgeExpired(server.services)).toBe(0);
  });

  it('stops between two batches when it is told to', async () => {
    const now = server.clock.now();
    await server.work().write(async ({ db, tenant }) => {
      const rows = Array.from({ length: 900 }, (_, i) => ({
        tenant_id: tenant.id,
        jti: `more ${i}`,
        aud: '',
        expires_at: now - i,
      }));
      await db.insertInto('revoked_tokens').values(rows).execute();
    });
    let asked = 0;
    expect(await purgeExpired(server.services, () => asked++ >= 3)).toBe(500);
    expect(await purgeExpired(server.services)).toBe(400);
  });

  it('leaves a count that has just been ended to those who have not heard of it', async () => {
    const now = server.clock.now();
    const count = { used: 0, lifetime: 1000, changed_at: now };
    await server.services.database.write((db) =>
      db
        .insertInto('tallies')
        .values([
          { ...count, name: 'old', expires_at: now - 120_000 },
          { ...count, name: 'ended', expires_at: now },
        ])
        .execute(),
    );
    await purgeExpired(server.services);
    const left = await server.services.database.read((db) => db.selectFrom('tallies').select('name').execute());
    expect(left.map(({ name }) => name)).toEqual(['ended']);
  });
});
