import type { ReadableStore } from '../../src/core/state/Store';

/** Resolves with the store's value as soon as it `holds`. */
export function until<T>(store: ReadableStore<T>, holds: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const look = () => {
      const value = store.getSnapshot();
      if (!holds(value)) return;
      unsubscribe();
      resolve(value);
    };
    const unsubscribe = store.subscribe(look);
    look();
  });
}
