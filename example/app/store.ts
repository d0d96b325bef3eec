import { useSyncExternalStore } from 'react';
import type { ReadableStore } from 'react-native-llama-rs';

/** A value of the app that outlives its screens. */
export class Cell<T> implements ReadableStore<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: T) {}

  readonly getSnapshot = (): T => this.value;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  readonly set = (value: T): void => {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of [...this.listeners]) listener();
  };
}

/** The current value. The component renders again when it changes. */
export function useCell<T>(cell: ReadableStore<T>): T {
  return useSyncExternalStore(cell.subscribe, cell.getSnapshot, cell.getSnapshot);
}
