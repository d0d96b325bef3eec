import type { LlamaError } from './LlamaError';

/** A promise settled from outside, once: whatever comes second is ignored. */
export class Deferred<T> {
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

  resolve(value: T): void {
    this.finish()?.resolve(value);
  }

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
