import type { Scheduler } from '../core/state/Scheduler';

/** Time that stands still until a test moves it. */
export interface ManualScheduler extends Scheduler {
  /** Runs every deferred task, and those that they defer. */
  runDeferred(): void;
  /** Tasks that wait. */
  readonly deferred: number;
}

/** `wrap` runs around each flush: React's `act`, in a test of components. */
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
