/**
 * A bad network under load: answers that never come although the change was made, that come late, twice or in part. What
 * was answered is there once, what was not is there whole or not at all, and asking again gives the first answer.
 */
import {
  bootServer,
  type DatabaseKind,
  databaseKinds,
  freshDatabase,
  type Random,
  startProxy,
  type TestProxy,
  type TestServer,
} from '@reeve/testkit';
import { faultScale, faultSeeds, randomFor, startRun } from '@reeve/testkit/faults';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const CHANGES = 100 * faultScale;

/** Whether a piece is one whole answer of HTTP. */
function isWhole(piece: Buffer): boolean {
  const text = piece.toString('latin1');
  const [, length] = /^HTTP\/1\.1 [\s\S]*?\r\ncontent-length: (\d+)\r\n/i.exec(text) ?? [];
  return length !== undefined && text.length === text.indexOf('\r\n\r\n') + 4 + Number(length);
}

/** What a bad network does to one answer in five. */
const badly =
  (random: Random): Parameters<TestProxy['meddle']>[0] =>
  (piece, direction) => {
    const dice = random.next();
    // The request is half there, or not at all.
    if (direction === 'request') return dice < 0.02 ? { bytes: random.upTo(piece.length), cuts: true } : undefined;
    if (dice < 0.06) return { bytes: 0, cuts: true };
    if (dice < 0.1) return { bytes: random.upTo(piece.length), cuts: true };
    if (dice < 0.15) return { delay: random.upTo(150) };
    if (dice < 0.18 && isWhole(piece)) return { times: 2 };
    return undefined;
  };

describe.each(databaseKinds)('a bad network before the server on %s', (kind: DatabaseKind) => {
  let server: TestServer;
  let proxy: TestProxy;
  beforeEach(async () => {
    server = await bootServer(kind);
    proxy = await startProxy(server.url);
  });
  afterEach(async () => {
    await proxy.close();
    await server.stop();
  });

  it.each(faultSeeds())('loses nothing and doubles nothing (seed %i)', { timeout: 600_000 }, async (seed) => {
    const run = await startRun({ seed, urls: [proxy.url], plainUrl: server.url });
    proxy.meddle(badly(randomFor(seed, 'network')));
    await run.workload.more(CHANGES);
    proxy.meddle(undefined);
    expect(await run.conclude(server.databaseUrl)).toEqual([]);
    // Otherwise nothing was tried.
    expect(run.answers.broken).toBeGreaterThan(0);
  });
});

/** CommandComplete of a COMMIT (PostgreSQL's protocol, "Message Formats"). */
const COMMITTED = Buffer.from('COMMIT\0');

describe('a bad network between the server and postgres', () => {
  it.each(faultSeeds())('loses nothing and doubles nothing (seed %i)', { timeout: 600_000 }, async (seed) => {
    const database = await freshDatabase('postgres', { from: 'migrated' });
    const proxy = await startProxy(database.url);
    const server = await bootServer('postgres', { on: { url: proxy.url, dir: database.dir } });
    try {
      const run = await startRun({ seed, urls: [server.url], plainUrl: server.url });
      const random = randomFor(seed, 'network');
      let unheard = 0;
      proxy.meddle((piece, direction) => {
        if (direction === 'answer' && piece.includes(COMMITTED) && random.chance(0.08)) {
          unheard++;
          return { bytes: 0, cuts: true };
        }
        if (random.chance(0.002)) return { bytes: random.upTo(piece.length), cuts: true };
        return random.chance(0.01) ? { delay: random.upTo(60) } : undefined;
      });
      await run.workload.more(CHANGES);
      proxy.meddle(undefined);
      expect(await run.conclude(database.url)).toEqual([]);
      expect(unheard).toBeGreaterThan(0);
      expect(run.answers.byStatus.get(503)).toBeGreaterThan(0);
    } finally {
      await server.stop();
      await proxy.close();
      await database.drop();
    }
  });
});
