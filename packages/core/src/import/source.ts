/** What every file format is cut into: rows with their place in the file. */

export type ImportFormat = 'ndjson' | 'json' | 'csv';

/** A row longer than this fails. Bytes. */
export const ROW_LIMIT = 1_048_576;

export interface SourceRow {
  /** From 1: the line on which the row begins; in a JSON array the number of the row. */
  readonly line: number;
  /** As it stands in the file; rows are recognised by it when an import is resumed. */
  readonly text: string;
  /** CSV: the cells, and the columns that they stand under. */
  readonly cells?: { readonly columns: readonly string[]; readonly values: readonly string[] };
  /** Why the row can't be read at all. */
  readonly broken?: string;
}

/** The last line of an export, which an import passes over: an export can be imported as it is. */
export const isTrailer = (line: string): boolean =>
  /^(#trailer rows=\d+ sha256=[0-9a-f]{64}|\{"trailer":\{"rows":\d+,"sha256":"[0-9a-f]{64}"\}\})\s*$/.test(line);

/** Cuts a file into rows while it arrives. */
export interface RowParser {
  push(bytes: Uint8Array): SourceRow[];
  /** The file is complete. */
  end(): SourceRow[];
  /** Set when the rest of the file can't be read: what is wrong, and where. */
  readonly failure: string | undefined;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const REPLACEMENT = Buffer.from('\uFFFD');
/** Stands for bytes that are not UTF-8: no UTF-8 text can hold half of a surrogate pair. */
const NOT_UTF8 = '\uD800';

/** Decodes UTF-8; what is none becomes half a surrogate pair, so that the row that holds it can be refused. */
export function decode(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const parts: string[] = [];
    for (let from = 0; ; ) {
      // A replacement character that the file itself holds is kept.
      const at = buffer.indexOf(REPLACEMENT, from);
      parts.push(buffer.toString('utf8', from, at < 0 ? buffer.length : at).replaceAll('\uFFFD', NOT_UTF8));
      if (at < 0) return parts.join('\uFFFD');
      from = at + REPLACEMENT.length;
    }
  }
}

const LINE_FEED = 10;
const BOM = [0xef, 0xbb, 0xbf];

/** Removes a byte order mark from the beginning of a file that arrives in pieces. */
export class BomFilter {
  #head: Uint8Array | undefined = new Uint8Array();

  push(bytes: Uint8Array, isLast = false): Uint8Array {
    if (this.#head === undefined) return bytes;
    const head = Buffer.concat([this.#head, bytes]);
    const isPart = head.length < BOM.length && head.every((byte, i) => byte === BOM[i]);
    this.#head = isPart && !isLast ? head : undefined;
    if (this.#head) return new Uint8Array();
    return BOM.every((byte, i) => head[i] === byte) ? head.subarray(BOM.length) : head;
  }
}

/** Collects bytes into runs of whole lines. */
export class WholeLines {
  readonly #bom = new BomFilter();
  #rest: Uint8Array[] = [];
  #length = 0;

  /** The lines that are complete now, each with its line feed. */
  push(piece: Uint8Array): string {
    const bytes = this.#bom.push(piece);
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    if (end === 0) {
      this.#keep(bytes);
      return '';
    }
    const whole =
      this.#rest.length === 0 ? bytes.subarray(0, end) : Buffer.concat([...this.#rest, bytes.subarray(0, end)]);
    this.#rest = [];
    this.#length = 0;
    if (end < bytes.length) this.#keep(bytes.subarray(end));
    return decode(whole);
  }

  /** Bytes of the line that is not complete yet. */
  get pending(): number {
    return this.#length;
  }

  /** Gives up the line that is not complete yet. */
  take(): string {
    const rest = Buffer.concat([...this.#rest, this.#bom.push(new Uint8Array(), true)]);
    this.#rest = [];
    this.#length = 0;
    return decode(rest);
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#rest.push(bytes);
    this.#length += bytes.length;
  }
}
