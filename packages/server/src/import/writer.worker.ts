/** The thread that writes an import: it alone of the import has the database, in large transactions. */
import type { MessagePort } from 'node:worker_threads';
import {
  createAttempts,
  createPasswordHasher,
  createVault,
  createWork,
  ImportWriter,
  MemoryTallies,
  openLoan,
  type ReadingEnd,
  type Services,
  type Slice,
} from '@reeve/core';
import { Mailbox } from './mailbox.ts';
import type { FromWriter, FromWriterToReader, ToWriter, WriterData } from './messages.ts';
import { takePart } from './part.ts';

/**
 * Rows of a transaction: the more, the cheaper each is, and the longer a request that writes waits for its commit. So
 * while requests write, transactions are small; some time after the last one they grow again.
 */
const LARGEST_BATCH = 2048;
const SMALLEST_BATCH = 64;
const GROWTH = 256;
const CALM_MILLISECONDS = 1000;
/** How long a slow sender's rows wait for company. */
const PATIENCE_MILLISECONDS = 20;

type Lent = ReturnType<typeof openLoan>;
type Tell = (message: FromWriter) => void;

const unreached = (): never => {
  throw new Error('No rule runs in an import.');
};

function servicesOf({ secretKey, clockOffset }: WriterData, database: Lent, tell: Tell): Services {
  const clock = { now: () => Date.now() + clockOffset };
  const vault = createVault(secretKey);
  const tallies = new MemoryTallies(clock, false);
  return {
    database: database as unknown as Services['database'],
    clock,
    vault,
    hasher: createPasswordHasher(),
    attempts: createAttempts({ clock, tallies, vault }, { isLimited: false }),
    onMail: () => tell({ told: 'onMail' }),
    onAccessChange: () => tell({ told: 'onAccessChange' }),
    onKeyChange: () => {},
    onTenantChange: () => {},
    onJob: () => {},
    // An import signs nobody in.
    rules: { check: unreached, run: unreached },
    eventSignal: { notify: () => tell({ told: 'events' }), wait: async () => {} },
  };
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Slices that have come, in order, and the end once it has. */
class Queue {
  readonly #mailbox = new Mailbox<ToWriter>();
  slices: Slice[] = [];
  rows = 0;
  end: ReadingEnd | undefined;
  #limit = LARGEST_BATCH;
  #calmAt = 0;

  constructor(fromReader: MessagePort) {
    fromReader.on('message', this.#mailbox.put);
  }

  async fill(): Promise<void> {
    if (this.slices.length === 0 && !this.end) this.#put(await this.#mailbox.take());
    if (this.rows < this.#limit && !this.end && this.#mailbox.isEmpty) await sleep(PATIENCE_MILLISECONDS);
    for (let message = this.#mailbox.poll(); message; message = this.#mailbox.poll()) this.#put(message);
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

async function write(data: WriterData, database: Lent, tell: Tell): Promise<ReadingEnd> {
  const { tenant, actor, caller, task, fromReader } = data;
  const queue = new Queue(fromReader);
  const services = servicesOf(data, database, tell);
  const writer = new ImportWriter(database, createWork({ services, tenant, actor, caller }), task);
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
    tell({ told: 'rows' });
  }
}

takePart<WriterData>(async (data, port) => {
  const tell: Tell = (message) => port.postMessage(message);
  const database = openLoan(data.ticket);
  try {
    tell({ end: await write(data, database, tell) });
  } finally {
    data.fromReader.close();
    await database.close();
  }
});
