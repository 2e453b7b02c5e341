/**
 * Reads a file while it arrives: rows, their digest, slices of judged rows. Owns two invariants: a resumed import
 * begins exactly behind the rows that are done, and only where they are the same rows; and a row that comes later in
 * the file never wins an identifier over an earlier one.
 *
 * Rows are written in windows: within one, in the order of their e-mail addresses, so that a transaction touches few
 * pages of the large indexes. The order depends on the rows alone, so a window that was cut off is found again.
 */
import { createHash, type Hash } from 'node:crypto';
import { ScratchSet } from '../database/scratch.ts';
import { fieldProblem } from '../problem.ts';
import { keyOf, phoneKeyOf } from '../users/document.ts';
import { CsvParser } from './csv.ts';
import { JsonArrayParser } from './json-array.ts';
import { NdjsonParser } from './ndjson.ts';
import { type PrepareOptions, type ReadRow, readRow, SliceMaker } from './prepare.ts';
import type { ReadingEnd, Slice } from './slice.ts';
import type { ImportFormat, RowParser, SourceRow } from './source.ts';
import { orderRows, WINDOW_BYTES, WINDOW_ROWS } from './window.ts';

/** What a job has done of its file. */
export interface Done {
  /** Rows that are done, those of a window that was cut off among them. */
  readonly rows: number;
  /** Of the rows up to the end of the window that was cut off, else of the rows that are done. */
  readonly digest: string | null;
  /** The window that was cut off: its rows, and how many of them are done. 0, 0: none was. */
  readonly windowRows: number;
  readonly windowDone: number;
}

export interface ReaderOptions extends PrepareOptions {
  readonly format: ImportFormat;
  /** Rows of a full slice. */
  readonly sliceRows: number;
  readonly done: Done;
  /** The job has ended: the file is only compared with the one that it read. */
  readonly isComparison: boolean;
}

/** The file as it comes in. */
export interface Incoming {
  /** The next piece; undefined at the end. Throws `Interrupted`. */
  next(): Promise<Uint8Array | undefined>;
  /** Whether nothing more is there at the moment: rows that wait are given on. */
  readonly isIdle: boolean;
}

/** The file does not go on. */
export class Interrupted extends Error {}

const parsers: Readonly<Record<ImportFormat, new () => RowParser>> = {
  ndjson: NdjsonParser,
  json: JsonArrayParser,
  csv: CsvParser,
};

const IDENTIFIERS = {
  email: keyOf,
  username: keyOf,
  phone_number: phoneKeyOf,
  user_id: (text: string) => text,
} as const;

/** The identifiers of a vendor's row, as they are compared. */
function identifiersOf(value: unknown): { readonly field: string; readonly key: string }[] {
  if (value === null || typeof value !== 'object') return [];
  const row = value as Readonly<Record<string, unknown>>;
  return Object.entries(IDENTIFIERS).flatMap(([field, keyed]) => {
    const text = row[field];
    return typeof text === 'string' && text !== '' ? [{ field, key: `${field} ${keyed(text)}` }] : [];
  });
}

/** Characters of rows that are digested at once. */
const DIGEST_PIECE = 65_536;

export class Reader {
  readonly #options: ReaderOptions;
  readonly #parser: RowParser;
  readonly #hash: Hash = createHash('sha256');
  /** Rows before the first window. */
  readonly #before: number;
  #text = '';
  #skipped = 0;
  #window: ReadRow[] = [];
  #windowBytes = 0;
  /** The window that was cut off is not complete yet. */
  #isResuming: boolean;
  /** So many rows of the present window are done already. */
  #windowDone = 0;
  #end: ReadingEnd | undefined;
  /** Of a vendor's file: the identifiers of all its rows so far, which no later row may have. */
  readonly #seen: ScratchSet | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#parser = new parsers[options.format]();
    const { rows, windowRows, windowDone } = options.done;
    this.#before = rows - windowDone;
    this.#isResuming = windowRows > 0;
    if (options.translate) this.#seen = new ScratchSet();
  }

  /** The slices of the file, then how its reading ended. */
  async *read(incoming: Incoming): AsyncGenerator<Slice, ReadingEnd> {
    try {
      for (;;) {
        const bytes = await incoming.next();
        for (const row of bytes === undefined ? this.#parser.end() : this.#parser.push(bytes)) {
          this.#take(row);
          if (this.#end) break;
          if (this.#isFull) yield* this.#cut();
        }
        if (this.#parser.failure !== undefined) this.#end ??= { state: 'broken', detail: this.#parser.failure };
        if (bytes === undefined) this.#end ??= this.#complete();
        if (this.#end || incoming.isIdle) yield* this.#cut();
        if (this.#end) return this.#end;
      }
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      yield* this.#cut();
      return { state: 'interrupted' };
    } finally {
      this.#seen?.close();
    }
  }

  #complete(): ReadingEnd {
    return this.#skipped < this.#before || this.#isResuming ? { state: 'mismatch' } : { state: 'complete' };
  }

  get #isFull(): boolean {
    if (this.#isResuming) return false;
    return this.#windowDone > 0 || this.#window.length >= WINDOW_ROWS || this.#windowBytes >= WINDOW_BYTES;
  }

  #take(row: SourceRow): void {
    const { format, isComparison, done, parse } = this.#options;
    if (this.#skipped < this.#before) {
      this.#skipped++;
      if (this.#seen) this.#meet(readRow(row, parse));
      this.#digest(row);
      if (this.#skipped === this.#before && !this.#isResuming) this.#compare();
      return;
    }
    const read = isComparison ? undefined : readRow(row, parse);
    if (!read) this.#end = { state: 'mismatch' };
    else if (format === 'json' && read.isNoJson)
      this.#end = { state: 'broken', detail: `Row ${row.line} of the JSON array is not valid JSON.` };
    if (!read || this.#end) return;
    this.#digest(row);
    this.#window.push(this.#meet(read));
    this.#windowBytes += row.text.length;
    if (this.#isResuming && this.#window.length === done.windowRows) this.#resume();
  }

  /** Refuses a row whose identifier an earlier row of the file has; it need not have been a good one. */
  #meet(read: ReadRow): ReadRow {
    const seen = this.#seen;
    if (!seen || read.problem) return read;
    const given = identifiersOf(read.value);
    const twice = given.find(({ key }) => seen.has(key));
    for (const { key } of given) seen.add(key);
    if (!twice) return read;
    const message = `An earlier row of the file has this ${twice.field}.`;
    return { ...read, problem: fieldProblem(twice.field, 'duplicate', message, 'conflict') };
  }

  #compare(): void {
    if (this.#told() !== this.#options.done.digest) this.#end = { state: 'mismatch' };
  }

  /** The window that was cut off is here again: what is done of it is left out. */
  #resume(): void {
    this.#isResuming = false;
    this.#windowDone = this.#options.done.windowDone;
    this.#compare();
  }

  /** Makes slices of the rows that wait. */
  async *#cut(): AsyncGenerator<Slice> {
    if (this.#isResuming || this.#window.length === 0 || this.#end?.state === 'mismatch') return;
    const { mode, sliceRows } = this.#options;
    const rows = mode === 'insert' ? orderRows(this.#window) : this.#window;
    const digest = this.#told();
    this.#window = [];
    this.#windowBytes = 0;
    const done = this.#windowDone;
    this.#windowDone = 0;
    for (let at = done; at < rows.length; ) {
      const maker = new SliceMaker(this.#options);
      const end = Math.min(rows.length, at + sliceRows);
      for (; at < end; at++) {
        maker.add(rows[at] as ReadRow);
        rows[at] = undefined as never;
      }
      yield maker.finish({ digest, windowRows: rows.length, windowDone: at });
    }
  }

  #digest(row: SourceRow): void {
    this.#text += `${row.text}\n`;
    if (this.#text.length >= DIGEST_PIECE) this.#flush();
  }

  #flush(): void {
    this.#hash.update(this.#text, 'utf8');
    this.#text = '';
  }

  /** The digest of all rows so far. */
  #told(): string {
    this.#flush();
    return this.#hash.copy().digest('hex');
  }
}
