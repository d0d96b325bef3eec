import type { LlamaClient } from '../LlamaClient';
import type { PrefillRequest } from './PrefillRequest';

/**
 * Prefills the newest of many guesses: one at a time, and those that were overtaken while they waited are never sent. What
 * becomes of one is nobody's concern: the turn computes whatever is missing.
 */
export class Preparation {
  private isUnderWay = false;
  private newest: PrefillRequest | undefined;

  constructor(private readonly client: LlamaClient) {}

  /** Takes the place of a guess that waits. */
  guess(request: PrefillRequest): void {
    this.newest = request;
    if (!this.isUnderWay) this.next();
  }

  private readonly next = (): void => {
    const { newest } = this;
    this.newest = undefined;
    this.isUnderWay = newest !== undefined;
    if (newest !== undefined) this.client.prefill(newest).then(this.next, this.next);
  };
}
