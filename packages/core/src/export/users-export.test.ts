/** An export is read in portions that are small whatever the users are, and whole all the same. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStream } from '../audit/stream.ts';
import { exportUsers } from './users-export.ts';

const BIG = 60_000;
const USERS = 130;
/** What a portion is meant to come to, and what its last row may be beyond. */
const PORTION = 2 ** 20 + 4 * BIG;

describe.each(databaseKinds)('long answers on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
    for (let i = 0; i < USERS; i++) {
      const body = { username: `big-${i}`, user_metadata: { text: 'x'.repeat(BIG) } };
      expect((await server.api('POST', '/users', body)).status).toBe(201);
    }
  });
  afterAll(() => server.stop());

  const sizesOf = async (pieces: AsyncGenerator<string, void>): Promise<{ sizes: number[]; lines: string[] }> => {
    const sizes: number[] = [];
    const lines: string[] = [];
    for await (const piece of pieces) {
      sizes.push(piece.length);
      lines.push(...piece.split('\n').filter(Boolean));
    }
    return { sizes, lines };
  };
  /** The first portion knows nothing of the rows; each later one knows the one before. */
  const expectBounded = (sizes: readonly number[]) => {
    expect(sizes.length).toBeGreaterThan(4);
    for (const size of sizes.slice(1)) expect(size).toBeLessThan(PORTION);
  };

  it('exports large users in bounded portions, each once', async () => {
    const { sizes, lines } = await sizesOf(exportUsers(server.work(), { search: 'big-' }, 'ndjson'));
    expectBounded(sizes);
    const names = lines.slice(0, -1).map((line) => (JSON.parse(line) as { username: string }).username);
    expect(names).toEqual(Array.from({ length: USERS }, (_, i) => `big-${i}`));
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ trailer: { rows: USERS } });
  });

  it('streams large events in bounded portions, each once', async () => {
    const control = { abort: new AbortController().signal, mayGoOn: async () => true };
    const stream = await openStream(server.work(), { event_types: ['user.created'] } as never, control);
    const { sizes, lines } = await sizesOf(stream);
    expectBounded(sizes);
    const targets = lines.map((line) => (JSON.parse(line) as { target: { id: string } }).target.id);
    expect(new Set(targets).size).toBe(lines.length);
    // The administrator, too.
    expect(lines).toHaveLength(USERS + 1);
  });
});
