/**
 * Bytes to lines, in constant memory. Owns the invariant that text is only ever decoded in whole lines, so that a
 * character split between two chunks cannot be damaged, and that a line of any length is joined once, not over and over.
 */
import type { OpenAnswer } from './transport.ts';

export const NEWLINE = 10;

/** Joins pieces into one array; a single piece is not copied. */
export const join = (pieces: readonly Uint8Array[]): Uint8Array => {
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
};

/**
 * Reads an open answer as blocks of whole lines; only the last block may lack its newline. Stopping early closes the
 * connection. What breaks the reading is thrown as the client's error.
 */
export async function* blocksOf(answer: OpenAnswer): AsyncGenerator<Uint8Array, void> {
  const reader = answer.body?.getReader();
  let open: Uint8Array[] = [];
  let isDone = !reader;
  try {
    while (reader && !isDone) {
      const { value, done } = await reader.read();
      answer.limit.renew();
      isDone = done;
      if (!value) continue;
      const cut = value.lastIndexOf(NEWLINE) + 1;
      if (cut === 0) {
        open.push(value);
        continue;
      }
      open.push(value.subarray(0, cut));
      yield join(open);
      open = cut < value.length ? [value.subarray(cut)] : [];
    }
    if (open.length > 0) yield join(open);
  } catch (error) {
    isDone = true;
    throw answer.fault(error);
  } finally {
    answer.limit.end();
    if (!isDone) reader?.cancel().catch(() => {});
  }
}
