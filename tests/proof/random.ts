/** Random choices that a seed repeats. */
export interface Random {
  /** Returns a whole number from 0 to `end`, without `end`. */
  below(end: number): number;
  /** Returns one of the items, or `undefined` if there is none. */
  of<T>(choices: readonly T[]): T | undefined;
}

/** The generator mulberry32: 32 bits of state, good enough to shuffle steps. */
export function seededRandom(seed: number): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number) => Math.floor(next() * end);
  return { below, of: (choices) => choices[below(choices.length)] };
}
