import type { Generation } from '../core/generations/Generation';
import { LlamaError } from '../core/LlamaError';

/** A conversation with a name that one `Llama` knows. Its jobs run in the order of the calls. */
export class Slot {
  /** The message that is set and not yet being answered. */
  prompt: string | undefined;
  private generation: Generation | undefined;
  private freed = false;
  private work: Promise<unknown> = Promise.resolve();

  /** `scope` is the conversation that the slot stands for now. */
  constructor(public scope: string) {}

  /** Runs `job` after every earlier job, even if one failed. */
  queue<T>(job: () => Promise<T>): Promise<T> {
    const result = this.work.then(job);
    this.work = result.catch(() => undefined);
    return result;
  }

  /** Starts the answer. Throws `cancelled` if the slot was freed before. */
  begin(start: () => Generation): Generation {
    if (this.freed) {
      throw new LlamaError('cancelled', 'the slot was freed before its prompt was answered - create it again');
    }
    this.generation = start();
    return this.generation;
  }

  /** Cancels the answer that is being written, and every job that waits. */
  free(): void {
    this.freed = true;
    this.generation?.cancel().catch(() => undefined);
  }
}
