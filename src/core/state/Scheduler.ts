/** What the core needs of time. Injected, so that tests decide when things happen. */
export interface Scheduler {
  /** Runs `task` once in a later macrotask. Returns what takes that back. */
  defer(task: () => void): () => void;
  /** Runs `notify` now. Called once per batch of events; a test wraps it in React's `act`. */
  flush(notify: () => void): void;
}

/** Timers, and nothing around a flush. Never `requestAnimationFrame`: it stops when the app pauses. */
export const timerScheduler: Scheduler = {
  defer(task) {
    const timer = setTimeout(task, 0);
    return () => clearTimeout(timer);
  },
  flush(notify) {
    notify();
  },
};
