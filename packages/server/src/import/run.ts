/**
 * One import in its threads: the reader takes the bytes, the writer the database. Owns the invariant that whatever ends
 * (the sender, a thread, the server), both threads are let go and the loan of the database is given back.
 */
import { MessageChannel } from 'node:worker_threads';
import { type BegunImport, type Loan, Problem, type ReadingEnd, type Work } from '@reeve/core';
import { errorOf } from './failure.ts';
import type { FromReader, FromWriter, ToReader } from './messages.ts';
import type { ImportThread, ImportThreads } from './threads.ts';

/** Bytes that may wait for the reader. */
const AHEAD = 262_144;
/** Rows of a slice: the step in which a writer looks whether a request waits. */
const SLICE_ROWS = { sqlite: 16, postgres: 500 } as const;

/** What the threads are started and told with. */
export interface ImportMeans {
  readonly threads: ImportThreads;
  readonly secretKey: string;
}

export class ImportRun {
  /** How it ended; the job is at rest then. */
  readonly ended: Promise<ReadingEnd>;
  /** Called when more bytes may come. */
  onReady: () => void = () => {};
  readonly #reader: ImportThread;
  readonly #writer: ImportThread | undefined;
  readonly #loan: Loan | undefined;
  #ahead = 0;
  #hasWritten = false;

  constructor(work: Work, begun: BegunImport, { threads, secretKey }: ImportMeans) {
    const { services } = work;
    const { mode, jobId, sendsVerification, connection, format, done, isComparison, dialect } = begun;
    const { port1: toWriter, port2: fromReader } = new MessageChannel();
    const clockOffset = services.clock.now() - Date.now();
    if (!isComparison) {
      this.#loan = services.database.lend();
      const { ticket } = this.#loan;
      const { tenant, actor, caller } = work;
      const task = { jobId, mode, sendsVerification, connection, total: done.rows };
      const written = { ticket, secretKey, clockOffset, tenant, actor, caller, task, fromReader };
      this.#writer = threads.begin('writer', written, [fromReader]);
    }
    const sliceRows = SLICE_ROWS[services.database.dialect];
    const read = { mode, connection, format, done, isComparison, dialect, sliceRows, clockOffset };
    this.#reader = isComparison
      ? threads.begin('reader', { ...read, toWriter: undefined })
      : threads.begin('reader', { ...read, toWriter }, [toWriter]);
    this.ended = this.#end(this.#watch(work));
  }

  /** Takes note of rows that were written since this was called last: whether any were. Each transaction of rows renews the lease. */
  takeWritten(): boolean {
    const has = this.#hasWritten;
    this.#hasWritten = false;
    return has;
  }

  /** Takes a piece of the file. False: wait for `onReady` before the next one. */
  push(chunk: Uint8Array): boolean {
    // Memory that is this piece's alone goes with it: as garbage of the main thread it would stay for long.
    const isWhole = chunk.byteLength === chunk.buffer.byteLength && chunk.buffer instanceof ArrayBuffer;
    const bytes = isWhole ? chunk : Uint8Array.from(chunk);
    this.#ahead += chunk.byteLength;
    this.#tell({ bytes }, [bytes.buffer as ArrayBuffer]);
    return this.#ahead < AHEAD;
  }

  /** The file is complete. */
  end(): void {
    this.#tell({ isOver: true });
  }

  /** The file does not go on: what has come is written, and the job left to be resumed. */
  interrupt(): void {
    this.#tell({ isInterrupted: true });
  }

  #tell(message: ToReader, transfer: ArrayBuffer[] = []): void {
    this.#reader.port.postMessage(message, transfer);
  }

  #watch(work: Work): Promise<ReadingEnd> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error & { code?: string }) =>
        reject(
          error.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? new Problem('overloaded', 'The import took too much memory.', { cause: error })
            : error,
        );
      this.#reader.port.on('message', (message: FromReader) => {
        if ('failure' in message) reject(errorOf(message.failure));
        else if ('taken' in message) this.#taken(message.taken);
        else if (!this.#writer) resolve(message.end);
      });
      this.#writer?.port.on('message', (message: FromWriter) => {
        if ('failure' in message) reject(errorOf(message.failure));
        else if ('end' in message) resolve(message.end);
        else if (message.told === 'rows') this.#hasWritten = true;
        else if (message.told === 'events') work.services.eventSignal.notify();
        else work.services[message.told]();
      });
      this.#reader.gone.catch(failed);
      this.#writer?.gone.catch(failed);
    });
  }

  #taken(bytes: number): void {
    const wasFull = this.#ahead >= AHEAD;
    this.#ahead -= bytes;
    if (wasFull && this.#ahead < AHEAD) this.onReady();
  }

  /** Nothing is left of the import when this is told. */
  async #end(end: Promise<ReadingEnd>): Promise<ReadingEnd> {
    const isWell = await end.then(
      () => true,
      () => false,
    );
    await Promise.all([this.#reader.release(isWell), this.#writer?.release(isWell)]);
    this.#loan?.end();
    return end;
  }
}
