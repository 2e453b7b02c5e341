/** Choices for property tests, the same for the same seed (mulberry32). */
export interface Random {
  /** 0 to 1, exclusive. */
  next(): number;
  /** An integer of 0 to `n`, exclusive. */
  upTo(n: number): number;
  one<T>(values: readonly T[]): T;
  chance(probability: number): boolean;
}

export function randomOf(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const upTo = (n: number): number => Math.floor(next() * n);
  return { next, upTo, one: (values) => values[upTo(values.length)] as never, chance: (p) => next() < p };
}
