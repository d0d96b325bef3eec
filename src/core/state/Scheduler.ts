/** Decides when deferred work runs. Injected, so that tests control time. */
export interface Scheduler {
  /** Runs `task` once in a later macrotask. Returns the function that cancels it. */
  defer(task: () => void): () => void;
  /** Runs `notify` now. Called once per batch of events; a test wraps it in React's `act`. */
  flush(notify: () => void): void;
}

/** Defers by timers, and wraps nothing around a flush. Never `requestAnimationFrame`: it stops when the app pauses. */
export const timerScheduler: Scheduler = {
  defer(task) {
    const timer = setTimeout(task, 0);
    return () => clearTimeout(timer);
  },
  flush(notify) {
    notify();
  },
};
