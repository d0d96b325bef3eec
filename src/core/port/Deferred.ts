import type { LlamaError } from '../LlamaError';

/** A promise settled from outside, once: whatever comes second is ignored. */
export class Deferred<T> {
  /** Settles as `resolve` or `reject` says, whichever comes first. Its rejection is never reported as unhandled. */
  readonly promise: Promise<T>;
  private settle: { resolve(value: T): void; reject(error: LlamaError): void } | undefined;

  /** `onSettled` is called once, as the promise settles. */
  constructor(private readonly onSettled: () => void) {
    this.promise = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    // Who does not look at the promise sees the failure elsewhere: in a store, in an iteration.
    this.promise.catch(() => undefined);
  }

  /** Fulfils the promise, unless it has been settled. */
  resolve(value: T): void {
    this.finish()?.resolve(value);
  }

  /** Rejects the promise, unless it has been settled. */
  reject(error: LlamaError): void {
    this.finish()?.reject(error);
  }

  private finish() {
    const settle = this.settle;
    this.settle = undefined;
    if (settle !== undefined) this.onSettled();
    return settle;
  }
}
