import type { LlamaClient } from '../core/LlamaClient';
import { type Open, Run } from './ChatAnswer';

/** The answers that this client's chats wait for, by scope: whoever shows one finds it, whichever transport began it. */
export class Runs {
  private static readonly all = new WeakMap<LlamaClient, Runs>();
  private readonly byScope = new Map<string, Run>();

  /** The client's own, always the same. */
  static of(client: LlamaClient): Runs {
    const runs = Runs.all.get(client) ?? new Runs();
    Runs.all.set(client, runs);
    return runs;
  }

  /** The newest that has not ended. */
  get(scope: string): Run | undefined {
    return this.byScope.get(scope);
  }

  /** Begins one, which is found until it has ended. */
  start(scope: string, open: Open): Run {
    const run = new Run(open);
    this.byScope.set(scope, run);
    void run.ended.then(() => {
      if (this.byScope.get(scope) === run) this.byScope.delete(scope);
    });
    return run;
  }
}
