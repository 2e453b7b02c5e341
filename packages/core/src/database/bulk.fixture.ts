/** For tests: a bulk writer that stops inside its transaction, or that writes `rounds` transactions of a hundred rows. */
import { parentPort, workerData } from 'node:worker_threads';
import { sql } from 'kysely';
import type { LoanTicket } from './database.ts';
import { openLoan } from './open.ts';

const { rounds = 0, ...ticket } = workerData as LoanTicket & { rounds?: number };
const bulk = openLoan(ticket);
const put = (db: Parameters<Parameters<typeof bulk.write>[0]>[0]) =>
  sql`insert into numbers values (0, 'bulk')`.execute(db);

for (let round = 0; round < rounds; round++)
  await bulk.write(async (db) => {
    for (let row = 0; row < 100; row++) await put(db);
  });
if (rounds === 0) {
  await bulk.write(async (db) => {
    await put(db);
    parentPort?.postMessage('inside');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
}
await bulk.close();
