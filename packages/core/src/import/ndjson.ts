/** NDJSON: one JSON document on each line. A line that can't be read costs that line only. */
import { isTrailer, ROW_LIMIT, type RowParser, type SourceRow, WholeLines } from './source.ts';

const TOO_LONG = `The row is longer than ${ROW_LIMIT} bytes.`;
const isBlank = (line: string): boolean => /^[ \t\r]*$/.test(line);

export class NdjsonParser implements RowParser {
  readonly failure = undefined;
  readonly #lines = new WholeLines();
  #line = 0;
  /** Inside a line that is too long and was told already. */
  #isSkipping = false;

  push(bytes: Uint8Array): SourceRow[] {
    const rows: SourceRow[] = [];
    const text = this.#lines.push(bytes);
    if (text !== '') {
      const lines = text.split('\n');
      lines.pop();
      for (const line of lines) this.#add(line, rows);
    }
    if (this.#lines.pending > ROW_LIMIT) {
      this.#lines.take();
      if (!this.#isSkipping) rows.push({ line: this.#line + 1, text: TOO_LONG, broken: TOO_LONG });
      this.#isSkipping = true;
    }
    return rows;
  }

  end(): SourceRow[] {
    const rows: SourceRow[] = [];
    this.#add(this.#lines.take(), rows);
    return rows;
  }

  #add(text: string, rows: SourceRow[]): void {
    const line = ++this.#line;
    if (this.#isSkipping) this.#isSkipping = false;
    else if (text.length > ROW_LIMIT) rows.push({ line, text: TOO_LONG, broken: TOO_LONG });
    else if (!isBlank(text) && !(text.startsWith('{"trailer"') && isTrailer(text))) rows.push({ line, text });
  }
}
