import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

const PROGRAM = `
  const { goLast } = await import(${JSON.stringify(new URL('./background.ts', import.meta.url).href)});
  const { parentPort } = await import('node:worker_threads');
  const { readFileSync } = await import('node:fs');
  // Field 19 of proc_pid_stat(5), counted behind the command's closing parenthesis.
  const niceness = (path) => Number(readFileSync(path, 'utf8').split(') ').at(-1).split(' ')[16]);
  const before = niceness('/proc/thread-self/stat');
  goLast();
  parentPort.postMessage({ before, after: niceness('/proc/thread-self/stat'), process: niceness('/proc/self/stat') });
`;

// Elsewhere threads have no priority of their own.
it.runIf(existsSync('/proc/thread-self'))('a thread in the background goes last, and no other with it', async () => {
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(PROGRAM)}`));
  const { before, after, process } = await new Promise<Record<string, number>>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
  await worker.terminate();
  // Else it could not be told.
  expect(before).toBeLessThan(5);
  expect(process).toBe(before);
  expect(after).toBe(5);
});
