/** The thread that rules run in: whatever a script does to it, requests go on. */
import { parentPort } from 'node:worker_threads';
import type { FromSandbox, ToSandbox } from './messages.ts';
import { createSandbox } from './sandbox.ts';

const port = parentPort as NonNullable<typeof parentPort>;
const tell = (message: FromSandbox) => port.postMessage(message);
const sandbox = await createSandbox();

async function answer(message: ToSandbox): Promise<FromSandbox> {
  if ('check' in message) return { checked: await sandbox.check(message.check) };
  return { ran: await sandbox.run(message.run, (place) => tell({ begins: place })) };
}

port.on('message', (message: ToSandbox) => {
  answer(message).then(tell, (error: unknown) => tell({ failure: String(error) }));
});
tell({ ready: true });
