/** Lends a SQLite database to bulk writers in other threads, and keeps its write-ahead log short meanwhile. */
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { Loan } from './database.ts';
import type { WriteGate } from './gate.ts';
import type { Snapshot } from './snapshot.ts';

/** Pages of the log after which a commit moves them into the database file; SQLite's own default. */
const CHECKPOINT_PAGES = 1000;
const execArgv = import.meta.url.endsWith('.ts') ? ['--conditions=reeve-source'] : [];

export interface Lender {
  lend(): Loan;
  /** Resolves when the log is moved and no thread of the lender runs. */
  idle(): Promise<void>;
}

/**
 * Megabytes of a connection's page cache meanwhile. A connection forgets all pages whenever another one has committed, so what it
 * holds beyond a transaction is of no use then.
 */
const SMALL_CACHE = 4;

/** The file, and the two connections by which requests are answered. */
export interface LenderOptions {
  readonly path: string;
  readonly writer: DatabaseSync;
  readonly reader: DatabaseSync;
  readonly cacheMegabytes: number;
  readonly gate: WriteGate;
  readonly snapshot: Snapshot;
}

export function createLender({ path, writer, reader, cacheMegabytes, gate, snapshot }: LenderOptions): Lender {
  const lent = new Set<number>();
  let nextId = 2;
  let moving: Promise<void> | undefined;

  const resizeCaches = (megabytes: number) => {
    for (const handle of [writer, reader]) handle.exec(`PRAGMA cache_size = -${megabytes * 1024}`);
  };

  /** While anybody bulk-writes, a thread moves the log: in a commit of a request it would stop the event loop. */
  async function moveLog(id: number): Promise<void> {
    gate.open();
    writer.exec('PRAGMA wal_autocheckpoint = 0');
    resizeCaches(Math.min(SMALL_CACHE, cacheMegabytes));
    for (const handle of [writer, reader]) handle.exec('PRAGMA shrink_memory');
    const worker = new Worker(new URL('./checkpoint.worker.ts', import.meta.url), {
      workerData: { path, gate: gate.cells, id },
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
      execArgv,
    });
    await new Promise<void>((resolve) => {
      // Without the thread the log grows, and is moved by the next commit after the loans.
      worker.once('error', () => {}).once('exit', () => resolve());
    });
    gate.leave(id);
    moving = undefined;
    if (lent.size > 0) moving = moveLog(nextId++);
    else {
      // Not before: what is read holds up the thread that moves the log.
      snapshot.allow();
      if (!writer.isOpen || !reader.isOpen) return;
      writer.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      resizeCaches(cacheMegabytes);
    }
  }

  return {
    lend() {
      const id = nextId++;
      lent.add(id);
      snapshot.forbid();
      moving ??= moveLog(nextId++);
      return {
        ticket: { url: `sqlite:${path}`, id, gate: gate.cells },
        end() {
          gate.leave(id);
          lent.delete(id);
          if (lent.size === 0) gate.close();
        },
      };
    },
    async idle() {
      while (moving) await moving;
    },
  };
}
