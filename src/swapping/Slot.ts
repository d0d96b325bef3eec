import type { Generation } from '../core/generations/Generation';
import { LlamaError } from '../core/LlamaError';

/** A conversation by a name that one `Llama` knows. What is asked of it happens in the order of asking. */
export class Slot {
  /** Set and not yet being answered. */
  prompt: string | undefined;
  private generation: Generation | undefined;
  private freed = false;
  private work: Promise<unknown> = Promise.resolve();

  /** `scope`: the conversation that it stands for now. */
  constructor(public scope: string) {}

  /** Runs `job` after everything asked before, however that ended. */
  queue<T>(job: () => Promise<T>): Promise<T> {
    const result = this.work.then(job);
    this.work = result.catch(() => undefined);
    return result;
  }

  /** The answer that is being written, from now on. Throws `cancelled` if the slot was freed before its turn came. */
  begin(start: () => Generation): Generation {
    if (this.freed) throw new LlamaError('cancelled', 'the slot was freed before its prompt was answered - create it again');
    this.generation = start();
    return this.generation;
  }

  /** Ends what is being answered, and whatever waits behind it. */
  free(): void {
    this.freed = true;
    this.generation?.cancel().catch(() => undefined);
  }
}
