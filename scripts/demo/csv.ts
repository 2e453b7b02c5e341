/** A small reader of CSV (RFC 4180), apart from the server's own, so that the comparison has a second opinion. */

export interface CsvRecord {
  /** Where it begins in the file, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Every record of a well-formed file, the header included. */
export function readCsv(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  let cells: string[] = [];
  let line = 1;
  let start = 1;
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex;
    const match = cell.exec(text);
    if (!match) throw new Error(`Line ${line}: the quotes don't fit (at character ${at}).`);
    const [whole, quoted, plain = '', separator] = match;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    line += whole.split('\n').length - 1;
    if (separator === ',') continue;
    records.push({ line: start, cells });
    cells = [];
    start = line;
  }
  return records;
}
