/** Keyset pages: a cursor holds the sort it belongs to and the key of the last item; no offset is ever counted. */
import { Problem } from './problem.ts';

export type Key = readonly (string | number)[];

export const DEFAULT_LIMIT = 50;

export const encodeCursor = (sort: string, key: Key): string =>
  Buffer.from(JSON.stringify([sort, ...key])).toString('base64url');

/** The key in `cursor`, which must have been made for this sort and hold values of these types. */
export function decodeCursor(cursor: string, sort: string, types: readonly ('string' | 'number')[]): Key {
  try {
    const [madeFor, ...key] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as [
      string,
      ...(string | number)[],
    ];
    if (madeFor === sort && key.length === types.length && key.every((value, i) => isKeyPart(value, types[i])))
      return key;
  } catch {
    // Not a cursor at all: refused below.
  }
  throw new Problem('invalid_cursor', 'The cursor was not made by this list with this sort; begin again without one.', {
    errors: [{ field: 'cursor', code: 'cursor', message: 'must be the `next_cursor` of the page before' }],
  });
}

/** What a database takes as a value: a forged cursor is refused here, not there. */
const isKeyPart = (value: unknown, type: 'string' | 'number' | undefined): boolean =>
  type === 'string'
    ? typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
    : Number.isSafeInteger(value);

/** Cuts `limit + 1` fetched rows to a page. */
export function cut<Row>(
  rows: Row[],
  limit: number,
  cursorOf: (row: Row) => string,
): { rows: Row[]; next_cursor: string | null } {
  if (rows.length <= limit) return { rows, next_cursor: null };
  const kept = rows.slice(0, limit);
  return { rows: kept, next_cursor: cursorOf(kept[limit - 1] as Row) };
}
