/**
 * Bulk import: a source of rows or bytes becomes one streamed request body, in constant memory and no faster than the
 * server reads. Owns two invariants: an import that broke off names its job, so that it can be resumed, and the body
 * is sent again only where the server refused the token before anything of it was lost.
 */
import { ReeveError } from './error.ts';
import { Limit, sleep } from './limit.ts';
import type { ImportAnswer, ImportQuery, ImportRow, Job } from './models.ts';
import { type RequestOptions, requestOf, type Wiring } from './operations.ts';
import type { Table } from './routes.ts';
import type { StreamedBody } from './transport.ts';
import { cutTemplate, fillTemplate } from './wire.ts';

/** Bytes or text of a file, or rows. */
export type ImportChunk = string | Uint8Array | ImportRow;

/** A Node `Readable`, a web stream, any iterable, or a whole file as text or bytes. */
export type ImportSource =
  | string
  | Uint8Array
  | AsyncIterable<ImportChunk>
  | Iterable<ImportChunk>
  | ReadableStream<ImportChunk>;

/** How far an import is: what was sent, and what the server has done with it. */
export interface ImportProgress {
  readonly job_id: string | null;
  readonly bytes_sent: number;
  /** Known where the source gives rows. */
  readonly rows_sent?: number;
  readonly inserted: number;
  readonly updated: number;
  readonly failed: number;
  readonly total: number;
}

export interface ImportOptions extends RequestOptions {
  /** Of the file; NDJSON unless said otherwise. */
  readonly contentType?: 'application/x-ndjson' | 'application/json' | 'text/csv' | undefined;
  /** Called about twice a second and at the end. What it throws is ignored. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

/** Small pieces are gathered into chunks of this many characters. */
const CHUNK = 65_536;
/** A slow source's pieces do not wait for a full chunk longer than this (ms). */
const PATIENCE = 200;
/** Bytes kept to begin anew after a 401. */
const HELD = 65_536;
/** Between two looks at the job (ms). */
const POLL = 500;
/** For finding the job of a broken import (ms). */
const LOOKUP = 5_000;
/** A broken request may still be on its way through the server: so long its job is waited for (ms). */
const APPEARANCE = 2_000;
const APPEARANCE_POLL = 50;

async function* readerOf(stream: ReadableStream<ImportChunk>): AsyncGenerator<ImportChunk> {
  const reader = stream.getReader();
  let isDone = false;
  try {
    while (!isDone) {
      const { value, done } = await reader.read();
      isDone = done;
      if (value !== undefined) yield value;
    }
  } finally {
    if (!isDone) await reader.cancel();
  }
}

const chunksOf = (source: ImportSource): AsyncIterable<ImportChunk> | Iterable<ImportChunk> => {
  if (typeof source === 'string' || source instanceof Uint8Array) return [source];
  if (Symbol.asyncIterator in source || Symbol.iterator in source) return source;
  return readerOf(source);
};

/** The bytes of a source, and how many rows went into them. */
class Pieces {
  rows: number | undefined;
  readonly #source: ImportSource;
  readonly #takesRows: boolean;
  #text = '';
  #sentAt = Date.now();

  constructor(source: ImportSource, contentType: string) {
    this.#source = source;
    this.#takesRows = contentType === 'application/x-ndjson';
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder();
    for await (const chunk of chunksOf(this.#source)) {
      if (chunk instanceof Uint8Array) {
        if (this.#text) yield encoder.encode(this.#take(''));
        if (chunk.length > 0) yield chunk;
        continue;
      }
      this.#text += typeof chunk === 'string' ? chunk : this.#line(chunk);
      if (this.#text.length < CHUNK && Date.now() - this.#sentAt < PATIENCE) continue;
      // A character of two code units may be split between two pieces of text.
      const half = /[\uD800-\uDBFF]$/.exec(this.#text)?.[0] ?? '';
      const ready = this.#take(half);
      if (ready) yield encoder.encode(ready);
    }
    if (this.#text) yield encoder.encode(this.#take(''));
  }

  #take(rest: string): string {
    const ready = rest ? this.#text.slice(0, -rest.length) : this.#text;
    this.#text = rest;
    this.#sentAt = Date.now();
    return ready;
  }

  #line(row: unknown): string {
    if (typeof row !== 'object' || row === null)
      throw new TypeError(`A ${typeof row} is neither a row nor a piece of a file`);
    if (!this.#takesRows) throw new TypeError('Rows are sent as application/x-ndjson; leave contentType out');
    this.rows = (this.rows ?? 0) + 1;
    return `${JSON.stringify(row)}\n`;
  }
}

/**
 * The request body. Holds its first bytes until they need not be sent again, and feeds only the newest stream: a `fetch`
 * may go on pulling a body long after its connection is dead (undici does), and would take what is meant for the next.
 */
class Upload implements StreamedBody {
  sent = 0;
  /** What the source threw. */
  failure: { readonly error: unknown } | undefined;
  readonly pieces: Pieces;
  readonly #iterator: AsyncIterator<Uint8Array>;
  #held: Uint8Array[] | undefined = [];
  #heldBytes = 0;
  #reading: Promise<Uint8Array | undefined> | undefined;
  #newest = 0;

  constructor(pieces: Pieces) {
    this.pieces = pieces;
    this.#iterator = pieces[Symbol.asyncIterator]();
  }

  rewind(): boolean {
    this.#newest++;
    return this.#held !== undefined && this.failure === undefined;
  }

  open(): ReadableStream<Uint8Array> {
    const own = ++this.#newest;
    let at = 0;
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      let piece = this.#held?.[at++];
      if (!piece && own === this.#newest) {
        piece = await this.#read();
        if (own === this.#newest && this.#heldBytes > HELD) this.#held = undefined;
      }
      if (own !== this.#newest) controller.error(new Error('The body is no longer wanted'));
      else if (piece) controller.enqueue(piece);
      else controller.close();
    };
    return new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  /** Lets go of the source. A source that is stuck is not waited for. */
  close(): void {
    this.#newest++;
    this.#iterator.return?.().catch(() => {});
  }

  /** One read at a time: that of an earlier stream may still be under way, and its piece is then the next one's. */
  async #read(): Promise<Uint8Array | undefined> {
    this.#reading ??= this.#next();
    try {
      return await this.#reading;
    } finally {
      this.#reading = undefined;
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      const { value, done } = await this.#iterator.next();
      if (done) return undefined;
      this.sent += value.length;
      this.#heldBytes += value.length;
      this.#held?.push(value);
      return value;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

/** Looks at the job behind an idempotency key. */
class JobWatch {
  job: Job | undefined;
  readonly #look: (options: RequestOptions) => Promise<{ data: unknown }>;
  readonly #stop = new AbortController();

  constructor(wiring: Wiring, jobs: Table, key: string) {
    const row = jobs.list as Table[string];
    this.#look = (options) =>
      wiring.transport.send(
        requestOf(wiring, 'jobs.list', row, row.path, { idempotency_key: key, limit: 1 }, options, {
          deadline: LOOKUP,
        }),
        wiring.tokens,
      );
  }

  /** Best effort: an import does not fail because its job could not be seen. Tells whether there was an answer. */
  async look(signal?: AbortSignal): Promise<boolean> {
    try {
      const { data } = await this.#look({ signal });
      this.job = (data as { jobs: Job[] }).jobs[0] ?? this.job;
      return true;
    } catch {
      return false;
    }
  }

  /** Looks until the job is there, for so long (ms). */
  async find(patience: number, signal: AbortSignal | undefined): Promise<string | undefined> {
    const limit = new Limit(signal, patience);
    try {
      while ((await this.look(signal)) && !this.job) await sleep(APPEARANCE_POLL, limit);
    } catch {
      // Out of time.
    } finally {
      limit.end();
    }
    return this.job?.id;
  }

  async report(tell: () => void): Promise<void> {
    const { signal } = this.#stop;
    const limit = new Limit(signal, Number.POSITIVE_INFINITY);
    try {
      for (;;) {
        await sleep(POLL, limit);
        await this.look(signal);
        if (signal.aborted) return;
        tell();
      }
    } catch {
      limit.end();
    }
  }

  stop(): void {
    this.#stop.abort();
  }
}

/**
 * Waits, until the client's deadline, while a job still runs: the server winds up a broken import in its own time, and
 * only then lets another request take it over. What else is wrong with the job is the import's to say.
 */
const untilResumable = async (wiring: Wiring, jobs: Table, id: string, signal: AbortSignal | undefined) => {
  const { transport, tokens } = wiring;
  const row = jobs.get as Table[string];
  const path = fillTemplate(cutTemplate(row.path), [id]);
  if (path === null) return;
  const endsAt = Date.now() + transport.deadline - POLL;
  for (;;) {
    let job: Job;
    try {
      const request = requestOf(wiring, 'jobs.get', row, path, undefined, { signal }, { deadline: LOOKUP });
      job = (await transport.send(request, tokens)).data as Job;
    } catch {
      return;
    }
    if (job.state !== 'running' || Date.now() >= endsAt) return;
    await transport.wait('users.bulkImport', signal, Number.POSITIVE_INFINITY, (limit) => sleep(POLL, limit));
  }
};

/** Sends the source and waits for the end of the import. `query` holds the server's own options. */
export const importUsers = async (
  wiring: Wiring,
  routes: { readonly users: Table; readonly jobs: Table },
  source: ImportSource,
  {
    contentType = 'application/x-ndjson',
    onProgress,
    signal,
    timeout,
    idempotencyKey,
    ifMatch,
    headers,
    ...query
  }: ImportQuery & ImportOptions,
): Promise<ImportAnswer> => {
  const key = idempotencyKey ?? crypto.randomUUID();
  const upload = new Upload(new Pieces(source, contentType));
  const watch = new JobWatch(wiring, routes.jobs, key);
  const tell = (answer?: ImportAnswer) => tellProgress(onProgress, upload, watch.job, answer);
  if (onProgress) void watch.report(tell);
  try {
    if (query.resume !== undefined) await untilResumable(wiring, routes.jobs, query.resume, signal);
    const row = routes.users.bulkImport as Table[string];
    const options = { signal, timeout: timeout ?? Number.POSITIVE_INFINITY, idempotencyKey: key, ifMatch, headers };
    const shape = { body: upload, contentType, deadline: Number.POSITIVE_INFINITY };
    const request = requestOf(wiring, 'users.bulkImport', row, row.path, query, options, shape);
    const answer = (await wiring.transport.send(request, wiring.tokens)).data as ImportAnswer;
    watch.stop();
    upload.close();
    tell(answer);
    return answer;
  } catch (error) {
    watch.stop();
    // First of all: a body that is still being pulled could keep the event loop from ever turning.
    upload.close();
    throw await interruptionOf(wiring, error, upload, watch, signal);
  }
};

/** Names the job of an import that broke off, and the source where that was the reason. */
const interruptionOf = async (
  wiring: Wiring,
  error: unknown,
  upload: Upload,
  watch: JobWatch,
  signal: AbortSignal | undefined,
): Promise<unknown> => {
  if (!(error instanceof ReeveError) || (error.status > 0 && error.status < 500)) return error;
  const patience = error.status === 0 && upload.sent > 0 ? APPEARANCE : 0;
  // Whoever aborts wants to be gone: no further request.
  const job_id = error.code === 'aborted' ? watch.job?.id : await watch.find(patience, signal);
  const { failure } = upload;
  const known = job_id === undefined ? {} : { job_id };
  if (failure && error.status === 0) {
    const reason = failure.error instanceof Error ? failure.error.message : String(failure.error);
    const fields = { code: 'source_failed', cause: failure.error, ...known };
    return wiring.transport.error('users.bulkImport', `The source failed: ${reason}`, fields);
  }
  if (job_id !== undefined) Object.assign(error, known);
  return error;
};

const tellProgress = (
  onProgress: ImportOptions['onProgress'],
  upload: Upload,
  job: Job | undefined,
  answer: ImportAnswer | undefined,
): void => {
  const { inserted = 0, updated = 0, failed = 0, total = 0 } = answer ?? job ?? {};
  const { rows } = upload.pieces;
  try {
    onProgress?.({
      job_id: answer?.job_id ?? job?.id ?? null,
      bytes_sent: upload.sent,
      ...(rows === undefined ? {} : { rows_sent: rows }),
      inserted,
      updated,
      failed,
      total,
    });
  } catch {}
};
