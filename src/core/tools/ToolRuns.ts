import type { Message } from '../../protocol/generated';
import { CallResults } from './ToolResults';
import type { GenerateRequest } from '../generations/GenerateRequest';
import type { Generation } from '../generations/Generation';
import { type Changes, type ReadableStore, Store } from '../state/Store';
import { ToolRun, type ToolRequest } from './ToolRun';
import type { OpenCall } from './ToolDefinition';

const NONE: readonly OpenCall[] = Object.freeze([]);

/**
 * Begins every turn, and has at most one run of tools for each conversation: whoever goes on, ends it. Belongs to the client, not to
 * a component: a tool that outlives its component finishes, and its result is in the conversation.
 */
export class ToolRuns {
  private readonly runs = new Map<string, ToolRun>();
  private readonly stores = new Map<string, Store<readonly OpenCall[]>>();
  private readonly results = new CallResults();

  constructor(
    private readonly changes: Changes,
    private readonly begin: (request: GenerateRequest) => Generation,
  ) {}

  /** The calls of a conversation that have no result yet. */
  open(scope: string): ReadableStore<readonly OpenCall[]> {
    return this.store(scope);
  }

  /** Starts a turn that nothing follows from. */
  generate(request: GenerateRequest): Generation {
    this.end(request.scope);
    return this.turn(request);
  }

  /** Starts a turn, and those that follow from what its answers call. Gives the first. */
  start(request: ToolRequest): Generation {
    const { scope } = request;
    this.end(scope);
    const run = new ToolRun(request, {
      generate: (one) => this.turn(one),
      onCalls: (calls) => this.results.set(scope, calls),
      onOpen: (calls) => this.store(scope).set(calls.length === 0 ? NONE : Object.freeze(calls)),
    });
    this.runs.set(scope, run);
    return run.start(() => {
      if (this.runs.get(scope) === run) this.runs.delete(scope);
    });
  }

  /** Answers a call that waits for the user. One that does not wait is no error. */
  approve(scope: string, callId: string, isApproved: boolean): void {
    this.runs.get(scope)?.approve(callId, isApproved);
  }

  /** Ends the run of a conversation, and gives the results that are there and not yet in it. */
  interrupt(scope: string): Message[] {
    this.end(scope);
    return this.results.unsent(scope);
  }

  /** An answer is to end. It may end by itself first, and what it calls then is not wanted. */
  cancel(generation: Generation): void {
    if (this.runs.get(generation.scope)?.waitsFor(generation) === true) this.end(generation.scope);
  }

  /** A conversation is gone, whoever disposed of it. An answer that is under way in it begins another one of that name. */
  disposed(scope: string): void {
    if (this.runs.get(scope)?.isAnswering() !== true) this.end(scope);
    this.results.forget(scope);
  }

  /** Gives `cut`, which takes the end of a conversation away, and calls with it. */
  cut(scope: string, cut: Promise<void>): Promise<void> {
    this.end(scope);
    cut.then(() => this.results.forget(scope), ignore);
    return cut;
  }

  /** Gives `erase`, which takes every conversation away. */
  erase(erase: Promise<void>): Promise<void> {
    this.close();
    erase.then(() => this.results.forgetAll(), ignore);
    return erase;
  }

  /** Ends every run. */
  close(): void {
    for (const scope of new Set([...this.runs.keys(), ...this.stores.keys()])) this.end(scope);
  }

  private end(scope: string): void {
    this.runs.get(scope)?.end();
    this.runs.delete(scope);
    // Calls that were left stay open beyond their run.
    this.stores.get(scope)?.set(NONE);
  }

  private turn(request: GenerateRequest): Generation {
    const generation = this.begin(request);
    this.results.follow(generation, request.options?.keepPartial ?? false);
    return generation;
  }

  private store(scope: string): Store<readonly OpenCall[]> {
    let store = this.stores.get(scope);
    if (store === undefined) {
      store = new Store<readonly OpenCall[]>(this.changes, NONE);
      this.stores.set(scope, store);
    }
    return store;
  }
}

/** Then nothing was cut, and whoever asked for it is told. */
function ignore(): void {}
