/** What both threads of an import do: one import after another, each on the channel that comes with it. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { goLast } from '@reeve/core';
import { failureOf } from './failure.ts';
import type { Assignment } from './messages.ts';

/** `run` resolves when it holds nothing of the import any more; what it rejects with is told. */
export function takePart<Data>(run: (data: Data, port: MessagePort) => Promise<void>): void {
  goLast();
  const server = parentPort as NonNullable<typeof parentPort>;
  server.on('message', async ({ data, port }: Assignment<Data>) => {
    try {
      await run(data, port);
      server.postMessage('at rest');
    } catch (error) {
      port.postMessage({ failure: failureOf(error) });
    }
  });
}
