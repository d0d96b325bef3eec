import { useSyncExternalStore } from 'react';

import type { ReadableStore } from '../core/state/Store';

/** Returns a store's value. It is the same on the server, because the snapshot is synchronous everywhere. */
export function useStore<T>({ subscribe, getSnapshot }: ReadableStore<T>): T {
  return useSyncExternalStore(subscribe, getSnapshot, getSnapshot);
}
