import { describe, expect, it } from 'vitest';
import { CsvParser } from './csv.ts';
import { JsonArrayParser } from './json-array.ts';
import { NdjsonParser } from './ndjson.ts';
import { ROW_LIMIT, type RowParser, type SourceRow } from './source.ts';

const parsers = { ndjson: NdjsonParser, json: JsonArrayParser, csv: CsvParser };

/** The rows of a file, whatever pieces it comes in. */
function rowsOf(
  format: keyof typeof parsers,
  file: string | Uint8Array,
  size: number,
): { rows: SourceRow[]; parser: RowParser } {
  const parser = new parsers[format]();
  const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file;
  const rows: SourceRow[] = [];
  for (let at = 0; at < bytes.length; at += size) rows.push(...parser.push(bytes.subarray(at, at + size)));
  rows.push(...parser.end());
  return { rows, parser };
}
const short = ({ line, text, cells, broken }: SourceRow) =>
  broken === undefined ? [line, cells ? [...cells.values] : text] : [line, 'broken'];

describe.each([1, 2, 3, 7, 65_536])('in pieces of %i bytes', (size) => {
  it('cuts NDJSON into lines and passes over blank ones, a BOM and a trailer', () => {
    const trailer = `{"trailer":{"rows":2,"sha256":"${'a'.repeat(64)}"}}`;
    const { rows } = rowsOf('ndjson', `\uFEFF{"a":"ä"}\r\n\n  \n{"b":2}\n${trailer}\n{"c":"last"}`, size);
    expect(rows.map(short)).toEqual([
      [1, '{"a":"ä"}\r'],
      [4, '{"b":2}'],
      [6, '{"c":"last"}'],
    ]);
  });

  it('keeps what is not UTF-8 to its own row', () => {
    const file = Buffer.concat([
      Buffer.from('{"a":"ok \uFFFD"}\n{"b":"'),
      Buffer.from([0xc3, 0x28, 0xff]),
      Buffer.from('"}\n{"c":"ü"}\n'),
    ]);
    const { rows } = rowsOf('ndjson', file, size);
    expect(rows.map(({ text }) => text.isWellFormed())).toEqual([true, false, true]);
    expect(rows[0]?.text).toBe('{"a":"ok \uFFFD"}');
  });

  it('cuts an array into its items', () => {
    const { rows, parser } = rowsOf(
      'json',
      '\uFEFF [ {"a":"]},{"} ,{"b":[1,{"c":"\\"}"}]},5 , "x,y", null,[] ] \n',
      size,
    );
    expect(parser.failure).toBeUndefined();
    expect(rows.map(short)).toEqual([
      [1, '{"a":"]},{"}'],
      [2, '{"b":[1,{"c":"\\"}"}]}'],
      [3, '5'],
      [4, '"x,y"'],
      [5, 'null'],
      [6, '[]'],
    ]);
    expect(rowsOf('json', ' [\n] ', size)).toMatchObject({ rows: [], parser: { failure: undefined } });
  });

  it.each([
    ['{"a":1}', 'after row 0, at byte 1: the file must begin'],
    ['[{"a":1} {"b":2}]', 'after row 1, at byte 10: a comma'],
    ['[{"a":1},]', 'after row 1, at byte 10: a row is missing'],
    ['[,{"a":1}]', 'after row 0, at byte 2: a row is missing'],
    ['[{"a":1}', 'the array is not closed'],
    ['[{"a":1}]x', 'at byte 10: nothing may follow'],
    ['', 'the array is not closed'],
  ])('tells where the array %s is broken', (file, place) => {
    expect(rowsOf('json', file, size).parser.failure).toContain(place);
  });

  it('cuts CSV into rows; a quoted line break counts as a line', () => {
    const file = '\uFEFFa,b\r\n1,"x\r\ny ""z"", ü"\r\n\r\n,2\r\n"3",\n"4","5"';
    const { rows } = rowsOf('csv', file, size);
    expect(rows[0]?.cells?.columns).toEqual(['a', 'b']);
    expect(rows.map(short)).toEqual([
      [2, ['1', 'x\r\ny "z", ü']],
      [5, ['', '2']],
      [6, ['3', '']],
      [7, ['4', '5']],
    ]);
  });

  it('a broken CSV row costs that row only', () => {
    const file = 'a,b\n1,"2"x\n3,4\n5"5,6\n7\n8,9,10\n11,12\n13,"14\n15,16\n17,18\n';
    const { rows } = rowsOf('csv', file, size);
    expect(rows.map(short)).toEqual([
      [2, 'broken'],
      [3, ['3', '4']],
      [4, 'broken'],
      [5, 'broken'],
      [6, 'broken'],
      [7, ['11', '12']],
      [8, 'broken'],
      [9, ['15', '16']],
      [10, ['17', '18']],
    ]);
  });

  it.each([
    ['a,,c\n', 'has no name'],
    ['a,b,a\n', '"a" twice'],
    ['"a\n', 'header on line 1'],
  ])('refuses the CSV header %j', (file, reason) => {
    expect(rowsOf('csv', file, size).parser.failure).toContain(reason);
  });
});

describe('rows that are too long', () => {
  const long = 'x'.repeat(ROW_LIMIT + 10);
  it.each([
    ['ndjson', `{"a":1}\n{"b":"${long}"}\n{"c":1}\n`, [[1], [2, 'broken'], [3]]],
    ['json', `[{"a":1},{"b":"${long}"},{"c":1}]`, [[1], [2, 'broken'], [3]]],
    ['csv', `a\n1\n${long}\n2\n"${long}"\n3\n`, [[2], [3, 'broken'], [4], [5, 'broken'], [6]]],
  ] as const)('fail in %s, and the next one is read', (format, file, expected) => {
    for (const size of [1000, 65_536, 10_000_000]) {
      const { rows, parser } = rowsOf(format, file, size);
      expect(parser.failure).toBeUndefined();
      expect(rows.map(({ line, broken }) => (broken === undefined ? [line] : [line, 'broken']))).toEqual(expected);
    }
  });
});
