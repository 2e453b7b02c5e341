/**
 * kill -9 under load: what was acknowledged is there after the restart, and no change is without its event, nor an event
 * without its change. On PostgreSQL one of two nodes dies while the other one goes on.
 */
import {
  ADMIN_EMAIL,
  ADMIN_PASSWORD,
  CLIENT_ID,
  CLIENT_SECRET,
  freshDatabase,
  type ServerProcess,
  spawnServer,
  startProxy,
  type TestDatabase,
  type TestProxy,
} from '@reeve/testkit';
import { faultScale, faultSeeds, startRun } from '@reeve/testkit/faults';
import { describe, expect, it } from 'vitest';

// Each node dies once at least.
const ROUNDS = 1 + faultScale;
const CHANGES = 50 * faultScale;

interface Node {
  server: ServerProcess;
  /** Clients know one address, as of a load balancer, and go on asking. */
  readonly proxy: TestProxy;
}

const start = ({ dir, url }: TestDatabase): ServerProcess =>
  spawnServer({
    REEVE_DATA_DIR: dir,
    REEVE_DATABASE_URL: url,
    REEVE_ADMIN_EMAIL: ADMIN_EMAIL,
    REEVE_ADMIN_PASSWORD: ADMIN_PASSWORD,
    REEVE_CLIENT_ID: CLIENT_ID,
    REEVE_CLIENT_SECRET: CLIENT_SECRET,
  });

describe.each([
  ['sqlite', 1],
  ['postgres', 2],
] as const)('kill -9 on %s', (kind, count) => {
  it.each(faultSeeds())('loses nothing and leaves nothing half (seed %i)', { timeout: 600_000 }, async (seed) => {
    const database = await freshDatabase(kind);
    const nodes: Node[] = [];
    try {
      for (let i = 0; i < count; i++) {
        const server = start(database);
        nodes.push({ server, proxy: await startProxy(await server.url) });
      }
      const urls = nodes.map(({ proxy }) => proxy.url);
      const run = await startRun({ seed, urls, plainUrl: urls[0] as string });
      for (let round = 0; round < ROUNDS; round++) {
        await run.workload.more(CHANGES);
        const node = nodes[round % count] as Node;
        expect(await node.server.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
        node.server = start(database);
        node.proxy.retarget(await node.server.url);
      }
      await run.workload.more(CHANGES);
      expect(await run.conclude(database.url)).toEqual([]);
      expect(run.answers.broken).toBeGreaterThan(0);
      for (const { server } of nodes) expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    } finally {
      for (const { server, proxy } of nodes) {
        await server.kill('SIGKILL');
        await proxy.close();
      }
      await database.drop();
    }
  });
});
