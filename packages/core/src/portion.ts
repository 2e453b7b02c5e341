/**
 * How much a long answer reads at once. Rows differ a thousandfold in size, so a number of rows alone bounds nothing: the
 * next portion is as many rows as would have been near the wanted size by the last one, and at most twice as many as that.
 */

/** Characters that a portion should come to. */
const WANTED_CHARACTERS = 2 ** 20;
const FIRST_ROWS = 50;

export interface Portions {
  /** Rows to read next. */
  readonly rows: number;
  /** Tells what was read. */
  took(rows: number, characters: number): void;
}

/** Portions of 1 to `most` rows. */
export function createPortions(most: number, wanted: number = WANTED_CHARACTERS): Portions {
  let next = Math.min(most, FIRST_ROWS);
  return {
    get rows() {
      return next;
    },
    took(rows, characters) {
      if (rows === 0) return;
      const fitting = Math.floor(wanted / Math.max(1, characters / rows));
      next = Math.max(1, Math.min(most, next * 2, fitting));
    },
  };
}
