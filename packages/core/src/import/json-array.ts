/** One JSON array of any length: its items are cut out by their brackets and parsed one by one. */
import { BomFilter, decode, ROW_LIMIT, type RowParser, type SourceRow } from './source.ts';

const code = (character: string): number => character.charCodeAt(0);
const OPEN = code('[');
const CLOSE = code(']');
const OPEN_OBJECT = code('{');
const CLOSE_OBJECT = code('}');
const COMMA = code(',');
const QUOTE = code('"');
const BACKSLASH = code('\\');
const isSpace = (byte: number): boolean => byte === 32 || byte === 10 || byte === 13 || byte === 9;

type Place = 'start' | 'first' | 'item' | 'inside' | 'after' | 'end';

const TOO_LONG = `The row is longer than ${ROW_LIMIT} bytes.`;

export class JsonArrayParser implements RowParser {
  failure: string | undefined;
  readonly #bom = new BomFilter();
  #place: Place = 'start';
  #row = 0;
  /** Bytes of the file before the present piece. */
  #before = 0;
  #depth = 0;
  #isString = false;
  #isEscaped = false;
  #parts: Uint8Array[] = [];
  #length = 0;

  push(piece: Uint8Array): SourceRow[] {
    const rows: SourceRow[] = [];
    const bytes = this.#bom.push(piece);
    let from = 0;
    let at = 0;
    while (at < bytes.length && this.failure === undefined) {
      if (this.#place !== 'inside') {
        if (this.#step(bytes[at] as number, at)) from = at;
        else at++;
        continue;
      }
      at = this.#scan(bytes, at);
      if (at < bytes.length) {
        this.#keep(bytes.subarray(from, at));
        rows.push(this.#cut());
      }
    }
    if (this.#place === 'inside') this.#keep(bytes.subarray(from));
    this.#before += bytes.length;
    return rows;
  }

  end(): SourceRow[] {
    this.push(this.#bom.push(new Uint8Array(), true));
    if (this.#place !== 'end') this.#fail(0, 'the array is not closed');
    return [];
  }

  /** One byte between items. True: it begins an item. */
  #step(byte: number, at: number): boolean {
    if (isSpace(byte)) return false;
    const place = this.#place;
    if (place === 'start') {
      if (byte === OPEN) this.#place = 'first';
      else this.#fail(at, 'the file must begin with "["');
    } else if (place === 'end') this.#fail(at, 'nothing may follow the array');
    else if (byte === CLOSE && place !== 'item') this.#place = 'end';
    else if (place === 'after') {
      if (byte === COMMA) this.#place = 'item';
      else this.#fail(at, 'a comma or "]" must follow a row');
    } else if (byte === COMMA || byte === CLOSE || byte === CLOSE_OBJECT) this.#fail(at, 'a row is missing');
    else {
      this.#place = 'inside';
      return true;
    }
    return false;
  }

  /** Where the item ends in these bytes; their length where it goes on. */
  #scan(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (this.#isString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isString = false;
      } else if (byte === QUOTE) this.#isString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN) this.#depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE) {
        if (this.#depth === 0) return at;
        // Where the piece ends with the item, the next byte ends it.
        if (--this.#depth === 0) return at + 1;
      } else if (this.#depth === 0 && (byte === COMMA || isSpace(byte))) return at;
    }
    return bytes.length;
  }

  #keep(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length > ROW_LIMIT) this.#parts = [];
    else this.#parts.push(bytes);
  }

  #cut(): SourceRow {
    const line = ++this.#row;
    const isLong = this.#length > ROW_LIMIT;
    const text = isLong
      ? TOO_LONG
      : decode(this.#parts.length === 1 ? (this.#parts[0] as Uint8Array) : Buffer.concat(this.#parts));
    this.#parts = [];
    this.#length = 0;
    this.#place = 'after';
    return isLong ? { line, text, broken: TOO_LONG } : { line, text };
  }

  #fail(at: number, rule: string): void {
    this.failure ??= `The JSON array is broken after row ${this.#row}, at byte ${this.#before + at + 1}: ${rule}.`;
  }
}
