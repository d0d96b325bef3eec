/** The demo was about to show something that is not true. */
export class Untrue extends Error {
  override readonly name = 'Untrue';
}

/** Throws `Untrue` unless the claim holds. `otherwise` is a sentence that tells the truth instead. */
export function claim(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Untrue(otherwise);
}
