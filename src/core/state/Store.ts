import type { Scheduler } from './Scheduler';

/** A value that can be watched, by `useSyncExternalStore`, MobX or any other library. */
export interface ReadableStore<T> {
  /** Calls `listener` after each change, at most once per batch of events. Returns the function that unsubscribes. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Returns the current value: the same object until it changes. */
  readonly getSnapshot: () => T;
}

/** Collects changed stores, so that a batch of events notifies each listener once, after the whole batch is applied. */
export class Changes {
  private readonly changed = new Set<Store<unknown>>();
  private depth = 0;

  constructor(private readonly scheduler: Scheduler) {}

  /** Runs `change`, then notifies. Nested calls notify with the outermost. */
  run(change: () => void): void {
    this.depth += 1;
    try {
      change();
    } finally {
      this.depth -= 1;
      if (this.depth === 0 && this.changed.size > 0) this.scheduler.flush(() => this.notify());
    }
  }

  /** Notifies the listeners of `store` when the outermost `run` ends, or at once outside of one. */
  add(store: Store<unknown>): void {
    this.changed.add(store);
    // Outside of `run` a change is a batch of its own.
    if (this.depth === 0) this.run(() => undefined);
  }

  private notify(): void {
    const stores = [...this.changed];
    this.changed.clear();
    for (const store of stores) store.notify((error) => this.throwLater(error));
  }

  /**
   * A listener that throws must neither silence the others nor reach the port, because it would kill the port's host.
   */
  private throwLater(error: unknown): void {
    this.scheduler.defer(() => {
      throw error;
    });
  }
}

/** A value and its listeners. Only its owner changes it. */
export class Store<T> implements ReadableStore<T> {
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly changes: Changes,
    private value: T,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    // The wrapper makes each subscription separate: a function that is subscribed twice is called twice.
    const entry = () => listener();
    this.listeners.add(entry);
    return () => {
      this.listeners.delete(entry);
    };
  };

  readonly getSnapshot = (): T => this.value;

  /** Changes the value. Setting the same object again changes nothing. */
  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    this.changes.add(this);
  }

  /** Calls every listener. An exception goes to `onError`, and the other listeners are still called. */
  notify(onError: (error: unknown) => void): void {
    for (const listener of [...this.listeners]) {
      try {
        listener();
      } catch (error) {
        onError(error);
      }
    }
  }
}
