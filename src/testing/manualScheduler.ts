import type { Scheduler } from '../core/state/Scheduler';

/** A scheduler whose time stands still until a test moves it. */
export interface ManualScheduler extends Scheduler {
  /** Runs every deferred task, and the tasks that they defer. */
  runDeferred(): void;
  /** The number of deferred tasks. */
  readonly deferred: number;
}

/** Makes a manual scheduler. `wrap` runs around each flush; a test of components passes React's `act`. */
export function manualScheduler(wrap: (flush: () => void) => void = (flush) => flush()): ManualScheduler {
  const tasks = new Set<() => void>();
  return {
    defer(task) {
      const entry = () => task();
      tasks.add(entry);
      return () => {
        tasks.delete(entry);
      };
    },
    flush: wrap,
    runDeferred() {
      for (const task of tasks) {
        tasks.delete(task);
        task();
      }
    },
    get deferred() {
      return tasks.size;
    },
  };
}
