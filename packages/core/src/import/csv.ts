/**
 * CSV (RFC 4180, with LF or CRLF): a header, then rows whose cells may be quoted and then hold commas, quotes and line
 * breaks. Written here rather than taken from a library, because a broken row must cost that row only, with its line.
 */
import { isTrailer, ROW_LIMIT, type RowParser, type SourceRow, WholeLines } from './source.ts';

const isBlank = (line: string): boolean => /^[ \t]*\r?\n$/.test(line);
const TOO_LONG = `The row is longer than ${ROW_LIMIT} bytes.`;

/** A row as it was cut: where its text ends, and its cells or what is wrong. */
interface Cut {
  readonly end: number;
  readonly lines: number;
  readonly cells?: string[];
  readonly broken?: string;
}

/** Cuts one row that begins at `from`; undefined where a quoted cell is still open at the end of `text`. */
function cutRow(text: string, from: number): Cut | undefined {
  const lineEnd = text.indexOf('\n', from);
  const line = text.slice(from, text[lineEnd - 1] === '\r' ? lineEnd - 1 : lineEnd);
  if (!line.includes('"')) return { end: lineEnd + 1, lines: 1, cells: line.split(',') };
  const cells: string[] = [];
  for (let at = from; ; ) {
    const isQuoted = text[at] === '"';
    const cell = isQuoted ? quotedCell(text, at) : plainCell(text, at);
    if (cell === undefined) return undefined;
    if ('broken' in cell) {
      const end = text.indexOf('\n', cell.at) + 1;
      return { end, lines: countLines(text, from, end), broken: cell.broken };
    }
    cells.push(cell.value);
    if (text[cell.end] === ',') at = cell.end + 1;
    else {
      const end = text.indexOf('\n', cell.end) + 1;
      return { end, lines: countLines(text, from, end), cells };
    }
  }
}

type Cell = { readonly value: string; readonly end: number } | { readonly broken: string; readonly at: number };

const isRowEnd = (text: string, at: number): boolean =>
  text[at] === '\n' || (text[at] === '\r' && text[at + 1] === '\n');

function quotedCell(text: string, from: number): Cell | undefined {
  for (let at = from + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at < 0) return undefined;
    if (text[at + 1] === '"') continue;
    const end = at + 1;
    if (text[end] !== ',' && !isRowEnd(text, end))
      return { broken: 'A comma or the end of the line must follow the closing quote of a cell.', at: end };
    return { value: text.slice(from + 1, at).replaceAll('""', '"'), end };
  }
}

function plainCell(text: string, from: number): Cell {
  let at = from;
  while (text[at] !== ',' && !isRowEnd(text, at)) {
    if (text[at] === '"') return { broken: 'A cell with a quote in it must be quoted, and the quote doubled.', at };
    at++;
  }
  return { value: text.slice(from, at), end: at };
}

function countLines(text: string, from: number, end: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

export class CsvParser implements RowParser {
  failure: string | undefined;
  readonly #lines = new WholeLines();
  #columns: readonly string[] | undefined;
  /** Whole lines that are not cut into rows yet. */
  #text = '';
  #line = 1;
  #isSkipping = false;

  push(bytes: Uint8Array): SourceRow[] {
    const rows: SourceRow[] = [];
    const text = this.#lines.push(bytes);
    if (text !== '') this.#add(text, rows, false);
    if (this.#lines.pending > ROW_LIMIT) {
      this.#lines.take();
      if (!this.#isSkipping) {
        this.#add('', rows, true);
        rows.push({ line: this.#line, text: TOO_LONG, broken: TOO_LONG });
      }
      this.#isSkipping = true;
    }
    return rows;
  }

  end(): SourceRow[] {
    const rows: SourceRow[] = [];
    const rest = this.#lines.take();
    this.#add(rest === '' ? '' : `${rest}\n`, rows, true);
    return rows;
  }

  #add(whole: string, rows: SourceRow[], isLast: boolean): void {
    let text = whole;
    if (this.#isSkipping && text !== '') {
      text = text.slice(text.indexOf('\n') + 1);
      this.#line++;
      this.#isSkipping = false;
    }
    this.#text += text;
    let at = 0;
    while (at < this.#text.length && this.failure === undefined) {
      let cut = cutRow(this.#text, at);
      if (cut === undefined) {
        if (!isLast && this.#text.length - at <= ROW_LIMIT) break;
        // The quote is never closed: what follows its line is read as rows of their own.
        cut = { end: this.#text.indexOf('\n', at) + 1, lines: 1, broken: 'A quoted cell is not closed.' };
      }
      this.#take(cut, this.#text.slice(at, cut.end), rows);
      at = cut.end;
    }
    this.#text = this.#text.slice(at);
  }

  #take({ cells, broken, lines }: Cut, text: string, rows: SourceRow[]): void {
    const line = this.#line;
    this.#line += lines;
    if (broken === undefined && cells?.length === 1 && (isBlank(text) || isTrailer(text))) return;
    if (this.#columns === undefined) {
      if (cells) this.#header(cells);
      else this.failure = `The header on line ${line} can't be read: ${broken}`;
    } else if (broken !== undefined) rows.push({ line, text, broken });
    else if (text.length > ROW_LIMIT) rows.push({ line, text: TOO_LONG, broken: TOO_LONG });
    else if (cells && cells.length !== this.#columns.length) {
      const wrong = `The row has ${cells.length} cells, the header ${this.#columns.length}.`;
      rows.push({ line, text, broken: wrong });
    } else rows.push({ line, text, cells: { columns: this.#columns, values: cells as string[] } });
  }

  #header(names: readonly string[]): void {
    const columns = names.map((name) => name.trim());
    const twice = columns.find((name, i) => columns.indexOf(name) !== i);
    if (columns.some((name) => name === '')) this.failure = 'A column of the CSV header has no name.';
    else if (twice !== undefined) this.failure = `The CSV header names "${twice.slice(0, 100)}" twice.`;
    this.#columns = columns;
  }
}
