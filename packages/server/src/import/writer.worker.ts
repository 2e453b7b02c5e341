/** The thread that writes an import: it alone of the import has the database, in large transactions. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  createAttempts,
  createPasswordHasher,
  createVault,
  createWork,
  ImportWriter,
  openLoan,
  type ReadingEnd,
  type Services,
  type Slice,
} from '@reeve/core';
import { failureOf } from './failure.ts';
import { Mailbox } from './mailbox.ts';
import type { FromWriter, FromWriterToReader, ToWriter, WriterData } from './messages.ts';

/**
 * Rows of a transaction: the more, the cheaper each is, and the longer a request that writes waits for its commit. So
 * while requests write, transactions are small; some time after the last one they grow again.
 */
const LARGEST_BATCH = 2048;
const SMALLEST_BATCH = 256;
const GROWTH = 256;
const CALM_MILLISECONDS = 1000;
/** How long a slow sender's rows wait for company. */
const PATIENCE_MILLISECONDS = 20;

const { ticket, secretKey, clockOffset, tenant, actor, caller, task, fromReader } = workerData as WriterData;
const tell = (message: FromWriter) => parentPort?.postMessage(message);
const mailbox = new Mailbox<ToWriter>();
fromReader.on('message', mailbox.put);

const database = openLoan(ticket);
const clock = { now: () => Date.now() + clockOffset };
const unreached = (): never => {
  throw new Error('No rule runs in an import.');
};
const services: Services = {
  database: database as unknown as Services['database'],
  clock,
  vault: createVault(secretKey),
  hasher: createPasswordHasher(),
  attempts: createAttempts(clock, { isLimited: false }),
  onMail: () => tell({ told: 'onMail' }),
  onAccessChange: () => tell({ told: 'onAccessChange' }),
  onKeyChange: () => {},
  onTenantChange: () => {},
  onJob: () => {},
  // An import signs nobody in.
  rules: { check: unreached, run: unreached },
  eventSignal: { notify: () => tell({ told: 'events' }), wait: async () => {} },
};

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Slices that have come, in order, and the end once it has. */
class Queue {
  slices: Slice[] = [];
  rows = 0;
  end: ReadingEnd | undefined;
  #limit = LARGEST_BATCH;
  #calmAt = 0;

  async fill(): Promise<void> {
    if (this.slices.length === 0 && !this.end) this.#put(await mailbox.take());
    if (this.rows < this.#limit && !this.end && mailbox.isEmpty) await sleep(PATIENCE_MILLISECONDS);
    for (let message = mailbox.poll(); message; message = mailbox.poll()) this.#put(message);
  }

  /** The slices of the next transaction. */
  batch(): Slice[] {
    let rows = 0;
    const end = this.slices.findIndex((slice) => {
      rows += slice.rows;
      return rows >= this.#limit;
    });
    return end < 0 ? this.slices : this.slices.slice(0, end + 1);
  }

  /** Forgets what was written. `isCut`: fewer than were to be, because a request waited. */
  drop(count: number, isCut: boolean): number {
    const now = performance.now();
    if (isCut) {
      this.#limit = SMALLEST_BATCH;
      this.#calmAt = now + CALM_MILLISECONDS;
    } else if (now > this.#calmAt) this.#limit = Math.min(LARGEST_BATCH, this.#limit + GROWTH);
    const rows = this.slices.splice(0, count).reduce((sum, slice) => sum + slice.rows, 0);
    this.rows -= rows;
    return rows;
  }

  #put(message: ToWriter): void {
    if ('end' in message) this.end = message.end;
    else {
      this.slices.push(message.slice);
      this.rows += message.slice.rows;
    }
  }
}

async function run(): Promise<ReadingEnd> {
  const writer = new ImportWriter(database, createWork({ services, tenant, actor, caller }), task);
  const queue = new Queue();
  for (;;) {
    await queue.fill();
    if (queue.slices.length === 0 && queue.end) {
      await writer.end(queue.end);
      return queue.end;
    }
    const batch = queue.batch();
    const written = await writer.write(batch);
    const rows = queue.drop(written, written < batch.length);
    fromReader.postMessage({ rows } satisfies FromWriterToReader);
  }
}

async function main(): Promise<void> {
  try {
    const end = await run();
    tell({ end });
  } catch (error) {
    tell({ failure: failureOf(error) });
  } finally {
    fromReader.close();
    await database.close();
  }
}

void main();
