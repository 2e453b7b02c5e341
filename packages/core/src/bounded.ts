/** Bounds of caches that may hold many entries. */

/**
 * Options of an lru-cache of so many entries. Its `max` would set their room aside at once: 10 ms of a start for each cache of
 * fifty thousand, most of which stay empty.
 */
export const atMost = (entries: number) => ({ maxSize: entries, sizeCalculation: () => 1 });
