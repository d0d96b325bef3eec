import type { ReadableStore } from '../../src/core/state/Store';

/** Resolves to the store's value as soon as `holds` is true for it. */
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
