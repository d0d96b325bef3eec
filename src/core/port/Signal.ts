/** The part of `AbortSignal` that this library uses; some engines lack the class itself. */
export interface Signal {
  /** Whether it has been aborted already. */
  readonly aborted: boolean;
  /** Calls `listener` when the signal is aborted. */
  addEventListener(type: 'abort', listener: () => void): void;
  /** Removes a listener. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Calls `cancel` at once if the signal is aborted already, or when it is aborted before `end` settles. */
export function followSignal(signal: Signal | undefined, cancel: () => void, end: Promise<unknown>): void {
  if (signal === undefined) return;
  if (signal.aborted) {
    cancel();
    return;
  }
  signal.addEventListener('abort', cancel);
  const leave = () => signal.removeEventListener('abort', cancel);
  end.then(leave, leave);
}
