import type { LlamaError } from '../LlamaError';

/** A promise that is settled from outside, once. A second `resolve` or `reject` is ignored. */
export class Deferred<T> {
  /** Its rejection is never reported as unhandled. */
  readonly promise: Promise<T>;
  private settle: { resolve(value: T): void; reject(error: LlamaError): void } | undefined;

  /** `onSettled` is called once, as the promise settles. */
  constructor(private readonly onSettled: () => void) {
    this.promise = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    // A caller that ignores the promise sees the failure elsewhere: in a store, or in an iteration.
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
