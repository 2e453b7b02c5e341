/** CPU of one SDK call against bare `fetch`, with and without the transport on Node's own HTTP client. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bearerOf } from './bearer.ts';
import { median } from './compare.ts';
import { sampleOf } from './directory.ts';
import { startReeve } from './processes.ts';
import { seededCopy } from './seed.ts';

export interface SdkCost {
  /** Microseconds of client CPU for one call. */
  readonly fetch: number;
  readonly sdk: number;
  readonly node: number;
  /** Medians of the rounds' ratios to bare fetch. */
  readonly sdkRatio: number;
  readonly nodeRatio: number;
}

export async function sdk(): Promise<SdkCost> {
  const copy = await seededCopy(10_000);
  const server = await startReeve(copy.dir);
  try {
    const url = `http://127.0.0.1:${server.port}`;
    const [someone] = sampleOf(copy.dir);
    const program = join(dirname(fileURLToPath(import.meta.url)), 'sdk-calls.ts');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=reeve-source', program, url, someone?.id ?? '', await bearerOf(copy.dir, server.port)],
      { timeout: 300_000, maxBuffer: 1e7 },
    );
    const rounds = JSON.parse(stdout) as { fetch: number; sdk: number; node: number }[];
    return {
      fetch: median(rounds.map((round) => round.fetch)),
      sdk: median(rounds.map((round) => round.sdk)),
      node: median(rounds.map((round) => round.node)),
      sdkRatio: median(rounds.map((round) => round.sdk / round.fetch)),
      nodeRatio: median(rounds.map((round) => round.node / round.fetch)),
    };
  } finally {
    await server.stop();
    await copy.drop();
  }
}
