/**
 * Matches text with wildcards, from left to right and piece by piece. What stands between two `*` is looked for behind what
 * was found before it and never again elsewhere, so that no text makes a pattern slow.
 */
import type { TermPart } from './query.ts';

/** Text as it is, or any one character. */
type Piece = readonly (string | null)[];

/** Whether a whole text is of the pattern, without case. */
export function wildcardMatcher(parts: readonly TermPart[]): (text: string) => boolean {
  const [first = [], ...rest] = piecesOf(parts);
  const last = rest.pop();
  return (given) => {
    const text = given.toLowerCase();
    let at = endAt(first, text, 0);
    if (at === -1 || last === undefined) return at === text.length;
    for (const piece of rest) {
      at = endAfter(piece, text, at);
      if (at === -1) return false;
    }
    return at <= beginBefore(last, text);
  };
}

/** What stands between the stars; the first piece begins the text, the last one ends it. */
function piecesOf(parts: readonly TermPart[]): Piece[] {
  let open: (string | null)[] = [];
  const pieces = [open];
  for (const part of parts) {
    if (typeof part === 'string') open.push(part.toLowerCase());
    else if (part.wildcard === '?') open.push(null);
    else {
      open = [];
      pieces.push(open);
    }
  }
  return pieces;
}

/** Where a piece ends that begins here; -1: it does not. */
function endAt(piece: Piece, text: string, start: number): number {
  let at = start;
  for (const part of piece) {
    if (part === null ? at >= text.length : !text.startsWith(part, at)) return -1;
    at += part === null ? String.fromCodePoint(text.codePointAt(at) as number).length : part.length;
  }
  return at;
}

/** Where a piece ends that begins here or later, as early as it can. */
function endAfter(piece: Piece, text: string, from: number): number {
  const [only] = piece;
  if (piece.length === 1 && typeof only === 'string') {
    const found = text.indexOf(only, from);
    return found === -1 ? -1 : found + only.length;
  }
  for (let start = from; start <= text.length; start++) {
    const end = endAt(piece, text, start);
    if (end !== -1) return end;
  }
  return -1;
}

/** Where a piece begins that ends the text; -1: none does. */
function beginBefore(piece: Piece, text: string): number {
  let at = text.length;
  for (const part of piece.toReversed()) {
    if (part === null ? at === 0 : !text.endsWith(part, at)) return -1;
    at -=
      part === null
        ? /[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(Math.max(0, at - 2), at))
          ? 2
          : 1
        : part.length;
  }
  return at;
}
