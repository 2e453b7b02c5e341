/**
 * One import in its threads: the reader takes the bytes, the writer the database. Owns the invariant that whatever ends
 * (the sender, a thread, the server), both threads end and the loan of the database is given back.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import { type BegunImport, type Loan, Problem, type ReadingEnd, type Work } from '@reeve/core';
import { errorOf } from './failure.ts';
import type { FromReader, FromWriter, ReaderData, ToReader, WriterData } from './messages.ts';

/** Bytes that may wait for the reader. */
const AHEAD = 262_144;
/** Rows of a slice: the step in which a writer looks whether a request waits. */
const SLICE_ROWS = { sqlite: 64, postgres: 500 } as const;
const OLD_SPACE_MEGABYTES = 64;
const YOUNG_SPACE_MEGABYTES = 4;

const limits = { maxOldGenerationSizeMb: OLD_SPACE_MEGABYTES, maxYoungGenerationSizeMb: YOUNG_SPACE_MEGABYTES };
// From source, modules are found under the condition under which this one was.
const execArgv = import.meta.url.endsWith('.ts') ? ['--conditions=reeve-source'] : [];

export class ImportRun {
  /** How it ended; the job is at rest then. */
  readonly ended: Promise<ReadingEnd>;
  /** Called when more bytes may come. */
  onReady: () => void = () => {};
  readonly #reader: Worker;
  readonly #writer: Worker | undefined;
  readonly #loan: Loan | undefined;
  #ahead = 0;

  constructor(work: Work, begun: BegunImport, secretKey: string) {
    const { services } = work;
    const { port1, port2 } = new MessageChannel();
    const clockOffset = services.clock.now() - Date.now();
    const read: ReaderData = {
      mode: begun.mode,
      connection: begun.connection,
      format: begun.format,
      done: begun.done,
      isComparison: begun.isComparison,
      dialect: begun.dialect,
      sliceRows: SLICE_ROWS[services.database.dialect],
      clockOffset,
      toWriter: begun.isComparison ? undefined : port1,
    };
    this.#reader = new Worker(new URL('./reader.worker.ts', import.meta.url), {
      workerData: read,
      transferList: begun.isComparison ? [] : [port1],
      resourceLimits: limits,
      execArgv,
    });
    if (!begun.isComparison) {
      this.#loan = services.database.lend();
      const { mode, jobId, sendsVerification, connection, done } = begun;
      const write: WriterData = {
        ticket: this.#loan.ticket,
        secretKey,
        clockOffset,
        tenant: work.tenant,
        actor: work.actor,
        caller: work.caller,
        task: { jobId, mode, sendsVerification, connection, total: done.rows },
        fromReader: port2,
      };
      this.#writer = new Worker(new URL('./writer.worker.ts', import.meta.url), {
        workerData: write,
        transferList: [port2],
        resourceLimits: limits,
        execArgv,
      });
    }
    this.ended = this.#watch(work).finally(() => this.#close());
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
    this.#reader.postMessage(message, transfer);
  }

  #watch(work: Work): Promise<ReadingEnd> {
    return new Promise((resolve, reject) => {
      const died = (code: number) => reject(new Error(`A thread of the import ended (${code}).`));
      const failed = (error: Error & { code?: string }) =>
        reject(
          error.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? new Problem('overloaded', 'The import took too much memory.', { cause: error })
            : error,
        );
      this.#reader.on('message', (message: FromReader) => {
        if ('failure' in message) reject(errorOf(message.failure));
        else if ('taken' in message) this.#taken(message.taken);
        else if (!this.#writer) resolve(message.end);
      });
      this.#writer?.on('message', (message: FromWriter) => {
        if ('failure' in message) reject(errorOf(message.failure));
        else if ('end' in message) resolve(message.end);
        else if (message.told === 'events') work.services.eventSignal.notify();
        else work.services[message.told]();
      });
      this.#reader.on('error', failed);
      this.#writer?.on('error', failed).on('exit', died);
      if (!this.#writer) this.#reader.on('exit', died);
    });
  }

  #taken(bytes: number): void {
    const wasFull = this.#ahead >= AHEAD;
    this.#ahead -= bytes;
    if (wasFull && this.#ahead < AHEAD) this.onReady();
  }

  async #close(): Promise<void> {
    await Promise.allSettled([this.#reader.terminate(), this.#writer?.terminate()]);
    this.#loan?.end();
  }
}
