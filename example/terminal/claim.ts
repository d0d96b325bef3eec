/** What the demo was about to say was not so. */
export class Untrue extends Error {
  override readonly name = 'Untrue';
}

/** Throws `Untrue` unless it holds. `otherwise`: what was the case instead, as a sentence. */
export function claim(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Untrue(otherwise);
}
