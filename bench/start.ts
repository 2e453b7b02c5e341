/** How long a start takes on an existing directory of 100,000 users, and what memory the idle server holds. */
import { setTimeout } from 'node:timers/promises';
import { median, quantile } from './compare.ts';
import { startReeve } from './processes.ts';
import { seededCopy } from './seed.ts';

const USERS = 100_000;
/** After the start's own garbage is gone, and what runs once a minute has run. */
const IDLE_MILLISECONDS = 65_000;

export interface Start {
  /** Milliseconds from spawning the process to its `listening on` line. */
  readonly ready: number;
  readonly fastest: number;
  readonly spread: readonly [number, number];
  /** Milliseconds from spawning the process to the first answer of the API, a refusal: what a start leaves for later is in it. */
  readonly answered: number;
  /** Bytes. */
  readonly atStart: number;
  readonly idle: number;
}

export async function start(rounds = 15): Promise<Start> {
  const copy = await seededCopy(USERS);
  try {
    const times: number[] = [];
    const answers: number[] = [];
    for (let i = 0; i <= rounds; i++) {
      const startedAt = performance.now();
      const server = await startReeve(copy.dir);
      // The first one fills the caches of the disk and of V8.
      const took = performance.now() - startedAt;
      await (await fetch(`http://127.0.0.1:${server.port}/api/v1/users`)).text();
      const answered = performance.now() - startedAt;
      if (i > 0) {
        times.push(took);
        answers.push(answered);
      }
      await server.stop();
    }
    const server = await startReeve(copy.dir);
    const atStart = server.memory();
    await setTimeout(IDLE_MILLISECONDS);
    const idle = server.memory();
    await server.stop();
    return {
      ready: median(times),
      fastest: Math.min(...times),
      spread: [quantile(times, 0.25), quantile(times, 0.75)],
      answered: median(answers),
      atStart,
      idle,
    };
  } finally {
    await copy.drop();
  }
}
