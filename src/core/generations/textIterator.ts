import type { GenerationState } from '../../protocol/generated';
import type { ReadableStore } from '../state/Store';

/**
 * Iterates over a growing text, without a queue: a slow reader gets longer pieces. `end` settles when the text is
 * complete. If `end` rejects, the iteration throws the error after the text that came before it.
 */
export function textIterator(source: ReadableStore<GenerationState>, end: Promise<unknown>): AsyncIterator<string> {
  let place = 0;
  let left = false;

  return {
    async next() {
      await textBeyond(place, source, end);
      const value = source.getSnapshot().text.slice(place);
      if (left || value === '') return { done: true, value: undefined };
      place += value.length;
      return { done: false, value };
    },
    return() {
      left = true;
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}

/** Resolves when the text is longer than `place`, or settles as `end` does. */
function textBeyond(place: number, source: ReadableStore<GenerationState>, end: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (source.getSnapshot().text.length === place) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = source.subscribe(look);
    look();
    void end.then(() => resolve(), reject).then(unsubscribe);
  });
}
