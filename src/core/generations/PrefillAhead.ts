import type { PrefillRequest } from './PrefillRequest';

/**
 * Prefills the newest of many turns that may come. One prefill runs at a time; a request that was overtaken while it
 * waited is never sent. Failures are ignored: the turn itself prefills whatever is missing.
 */
export class PrefillAhead {
  private isRunning = false;
  private newest: PrefillRequest | undefined;

  constructor(private readonly prefill: (request: PrefillRequest) => Promise<unknown>) {}

  /** Replaces the request that waits. */
  request(request: PrefillRequest): void {
    this.newest = request;
    if (!this.isRunning) this.next();
  }

  private readonly next = (): void => {
    const { newest } = this;
    this.newest = undefined;
    this.isRunning = newest !== undefined;
    if (newest !== undefined) this.prefill(newest).then(this.next, this.next);
  };
}
