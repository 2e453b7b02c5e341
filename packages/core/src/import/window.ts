/** The order in which the rows of a window are written. */
import { keyOf, phoneKeyOf } from '../users/document.ts';
import type { ReadRow } from './prepare.ts';

/** Rows of the largest window: more of them touch fewer pages, and take more memory. */
export const WINDOW_ROWS = 8192;
/** Of the rows' text, in characters. */
export const WINDOW_BYTES = 8_388_608;

const textAt = (row: ReadRow, field: 'email' | 'username' | 'phone_number'): string | undefined => {
  const value = row.value as Readonly<Record<string, unknown>> | null | undefined;
  const text = value?.[field];
  return typeof text === 'string' ? text : undefined;
};

/** Whether two rows have one username or one phone number: then only the order of the file is right. */
function hasRivals(rows: readonly ReadRow[]): boolean {
  const seen = new Set<string>();
  let given = 0;
  for (const row of rows) {
    const username = textAt(row, 'username');
    const phone = textAt(row, 'phone_number');
    if (username !== undefined) seen.add(`u${keyOf(username)}`);
    if (phone !== undefined) seen.add(`p${phoneKeyOf(phone)}`);
    given += (username === undefined ? 0 : 1) + (phone === undefined ? 0 : 1);
  }
  return seen.size < given;
}

/**
 * Rows by e-mail address; rows of one address keep the order of the file. A resumed import relies on this order: it
 * depends on nothing but the rows.
 */
export function orderRows(rows: ReadRow[]): ReadRow[] {
  if (hasRivals(rows)) return rows;
  const keyed = rows.map((row, place) => ({ row, place, key: keyOf(textAt(row, 'email') ?? '') }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.place - b.place));
  return keyed.map(({ row }) => row);
}
