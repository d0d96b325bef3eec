import { useSyncExternalStore } from 'react';

import type { ReadableStore } from '../core/state/Store';

/** A store's value, the same on the server: the snapshot is synchronous everywhere. */
export function useStore<T>({ subscribe, getSnapshot }: ReadableStore<T>): T {
  return useSyncExternalStore(subscribe, getSnapshot, getSnapshot);
}
