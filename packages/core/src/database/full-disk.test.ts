/** A full disk under load: what does not fit is refused as such and changes nothing, reads go on, and so do writes once there is room. */
import { bootServer, type TestServer } from '@reeve/testkit';
import { faultScale, faultSeeds, startRun } from '@reeve/testkit/faults';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const CHANGES = 60 * faultScale;
const ROUNDS = faultScale;

describe('a full disk under sqlite', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await bootServer('sqlite');
  });
  afterEach(() => server.stop());

  /** Lets the file have so many pages more: of a full disk SQLite reports the same. */
  async function leaveRoom(pages: number): Promise<void> {
    const { root } = server.services.database;
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(root);
    await sql`pragma max_page_count = ${sql.lit((rows[0]?.page_count as number) + pages)}`.execute(root);
  }

  it.each(faultSeeds())('refuses what does not fit, whole (seed %i)', { timeout: 600_000 }, async (seed) => {
    const isRefusal = ({ code }: { code: string }) => code === 'storage_full';
    const run = await startRun({ seed, urls: [server.url], plainUrl: server.url, isRefusal });
    for (let round = 0; round < ROUNDS; round++) {
      await run.workload.more(CHANGES);
      const before = run.answers.byStatus.get(507) ?? 0;
      await leaveRoom(6);
      const refused = () => expect(run.answers.byStatus.get(507)).toBeGreaterThan(before + 30);
      await vi.waitFor(refused, { timeout: 60_000 });
      const large = { username: 'large', user_metadata: { a: 'x'.repeat(60_000) } };
      const full = await server.api('POST', '/users', large);
      expect([full.status, full.body]).toEqual([507, expect.objectContaining({ code: 'storage_full' })]);
      expect((await server.api('GET', '/users?limit=1')).status).toBe(200);
      expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
      await leaveRoom(1_000_000);
    }
    await run.workload.more(CHANGES);
    expect(await run.conclude(server.databaseUrl)).toEqual([]);
  });
});
