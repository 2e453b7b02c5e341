/**
 * Bags of free JSON: what their keeper may put into them. The bounds are judged before anything else touches a bag, so
 * that nothing after it meets a depth or a size that it can't bear.
 */
import { fieldProblem } from './problem.ts';

const MAX_BYTES = 65_536;
const MAX_DEPTH = 10;

export type Bag = Readonly<Record<string, unknown>>;

export const isBag = (value: unknown): value is Bag =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/**
 * The bag after a change at its first level: a name's value replaces the one before whole, null removes the name. Further
 * down a null is a value like any other. Neither argument is changed.
 */
export function mergeTop(bag: Bag, change: Bag): Bag {
  const merged = new Map(Object.entries(bag));
  for (const [name, value] of Object.entries(change)) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

/** A text that every database keeps and JSON can tell again: no U+0000, no half of a surrogate pair. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

/** Throws unless `bag` is at most 10 levels deep, and its numbers, texts and names are ones that JSON can tell again. */
export function checkDepth(field: string, bag: unknown, depth = 0): void {
  if (depth > MAX_DEPTH) throw fieldProblem(field, 'depth', `${field} may be at most ${MAX_DEPTH} levels deep.`);
  if (typeof bag === 'number' && !Number.isFinite(bag))
    throw fieldProblem(field, 'number', `${field} holds a number that is out of range.`);
  if (typeof bag === 'string' && !isStorable(bag))
    throw fieldProblem(field, 'characters', `${field} holds characters that are none.`);
  if (bag !== null && typeof bag === 'object')
    for (const [name, inner] of Object.entries(bag)) {
      if (!isStorable(name)) throw fieldProblem(field, 'characters', `${field} holds characters that are none.`);
      checkDepth(field, inner, depth + 1);
    }
}

/** Both bounds: 10 levels, and 64 KiB of JSON. */
export function checkBag(field: string, bag: Bag): void {
  checkDepth(field, bag);
  if (isOver(bag, MAX_BYTES))
    throw fieldProblem(field, 'maxLength', `${field} may be at most ${MAX_BYTES} bytes of JSON.`);
}

/** Whether the value is more than so many bytes of JSON. */
export function isOver(value: unknown, bytes: number): boolean {
  const text = JSON.stringify(value);
  return text.length > bytes / 3 && Buffer.byteLength(text) > bytes;
}
