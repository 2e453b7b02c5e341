import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../credentials/policy.ts';
import { Problem } from '../problem.ts';
import { type Done, Interrupted, Reader } from './reader.ts';
import type { ImportMode, ReadingEnd, Slice } from './slice.ts';

const nothingDone: Done = { rows: 0, digest: null, windowRows: 0, windowDone: 0 };

const readerOf = (done: Done, mode: ImportMode = 'insert', isComparison = false) =>
  new Reader({
    mode,
    format: 'ndjson',
    connection: { id: 'con_1', policy: defaultPolicy, customFields: [] },
    sliceRows: 10,
    done,
    isComparison,
    parse: (text) => {
      try {
        return JSON.parse(text);
      } catch {
        throw new Problem('invalid_json', 'No JSON.');
      }
    },
    judge: (row) => row,
    hash: async (password) => `hash of ${password}`,
    now: () => 1_700_000_000_000,
  });

/** Reads pieces; after each piece the sender is idle where `idle` says so. `isCut`: the file breaks off after them. */
async function read(reader: Reader, pieces: readonly string[], { idle = false, isCut = false } = {}) {
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  const slices: Slice[] = [];
  const rows = reader.read({
    isIdle: idle,
    async next() {
      const piece = left.shift();
      if (!piece && isCut) throw new Interrupted();
      return piece;
    },
  });
  for (;;) {
    const { value, done } = await rows.next();
    if (done) return { slices, end: value as ReadingEnd };
    slices.push(value);
  }
}

const file = Array.from({ length: 95 }, (_, i) =>
  i % 9 === 8
    ? `broken ${i}\n`
    : `${JSON.stringify({ email: `u${(i * 37) % 95}@example.com`, password: `password ${i}` })}\n`,
);
const emails = (slices: readonly Slice[]) => slices.flatMap(({ keys }) => keys);

/** What a job stands at after the first `count` slices. */
const doneAfter = (slices: readonly Slice[], count: number): Done => {
  const last = slices[count - 1] as Slice;
  const isWhole = last.windowRows === last.windowDone;
  return {
    rows: slices.slice(0, count).reduce((sum, { rows }) => sum + rows, 0),
    digest: last.digest,
    windowRows: isWhole ? 0 : last.windowRows,
    windowDone: isWhole ? 0 : last.windowDone,
  };
};

describe('reader', () => {
  it('writes the rows of a window in the order of their addresses', async () => {
    const { slices, end } = await read(readerOf(nothingDone), [file.join('')]);
    expect(end).toEqual({ state: 'complete' });
    expect(slices.map(({ rows }) => rows)).toEqual([...Array(9).fill(10), 5]);
    expect(emails(slices)).toEqual([...emails(slices)].sort());
    expect(slices.flatMap(({ failures }) => failures.map(({ line }) => line))).toEqual([
      9, 18, 27, 36, 45, 54, 63, 72, 81, 90,
    ]);
    const [slice] = slices;
    expect(slice?.users.password_hash.filter((hash) => hash?.startsWith('hash of password')).length).toBe(
      slice?.lines.length,
    );
  });

  it.each([[false], [true]])('goes on behind any slice, wherever the pieces were cut (idle: %s)', async (idle) => {
    const pieces = [file.slice(0, 31).join(''), file.slice(31, 64).join(''), file.slice(64).join('')];
    const { slices } = await read(readerOf(nothingDone), pieces, { idle });
    for (let count = 1; count <= slices.length; count++) {
      const done = doneAfter(slices, count);
      const resumed = await read(readerOf(done), [file.slice(0, 50).join(''), file.slice(50).join('')], {
        idle: !idle,
      });
      expect(resumed.end).toEqual({ state: 'complete' });
      const lines = [...slices.slice(0, count), ...resumed.slices].flatMap((slice) => [
        ...slice.lines,
        ...slice.failures.map(({ line }) => line),
      ]);
      expect(lines.sort((a, b) => a - b)).toEqual(file.map((_, i) => i + 1));
    }
  });

  it('tells another file, and a shorter one, from the one that it began with', async () => {
    const { slices } = await read(readerOf(nothingDone), [file.join('')]);
    for (const count of [1, 5, slices.length]) {
      const done = doneAfter(slices, count);
      for (const other of [file.with(2, '{"email":"x@example.com"}\n'), file.slice(0, 5), []]) {
        const { end, slices: made } = await read(readerOf(done), [other.join('')]);
        expect(end).toEqual({ state: 'mismatch' });
        expect(made).toEqual([]);
      }
    }
    const done = doneAfter(slices, slices.length);
    expect((await read(readerOf(done, 'insert', true), [file.join('')])).end).toEqual({ state: 'complete' });
    expect((await read(readerOf(done, 'insert', true), [`${file.join('')}{}\n`])).end).toEqual({ state: 'mismatch' });
    expect((await read(readerOf(nothingDone, 'insert', true), ['{}\n'])).end).toEqual({ state: 'mismatch' });
  });

  it('gives on what is whole when the file breaks off', async () => {
    const { slices, end } = await read(readerOf(nothingDone), [`${file.slice(0, 12).join('')}{"email":"part`], {
      isCut: true,
    });
    expect(end).toEqual({ state: 'interrupted' });
    expect(slices.reduce((sum, { rows }) => sum + rows, 0)).toBe(12);
  });

  it('keeps the order of the file where rows share a username, and for an upsert', async () => {
    const rows = ['{"email":"b@x.y","username":"n"}', '{"email":"a@x.y","username":"N"}', '{"email":"A@x.y"}'].map(
      (t) => `${t}\n`,
    );
    expect(emails((await read(readerOf(nothingDone), [rows.join('')])).slices)).toEqual(['b@x.y', 'a@x.y', 'A@x.y']);
    const upsert = await read(readerOf(nothingDone, 'upsert'), [file.slice(0, 8).join('')]);
    expect(upsert.slices.flatMap(({ lines }) => lines)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(upsert.slices.flatMap(({ patches }) => patches).join()).not.toContain('password');
  });
});
