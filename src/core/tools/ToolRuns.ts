import type { Message } from '../../protocol/generated';
import type { GenerateRequest } from '../generations/GenerateRequest';
import type { Generation } from '../generations/Generation';
import { type Changes, type ReadableStore, Store } from '../state/Store';
import { ToolResults } from './ToolResults';
import { type PendingToolCall, type ToolRequest, ToolRun } from './ToolRun';

const NONE: readonly PendingToolCall[] = Object.freeze([]);

/**
 * Starts every turn, and holds at most one tool run per conversation: the next turn ends it. Belongs to the client, not
 * to a component: a tool that outlives its component finishes, and its result joins the conversation.
 */
export class ToolRuns {
  private readonly runs = new Map<string, ToolRun>();
  private readonly stores = new Map<string, Store<readonly PendingToolCall[]>>();
  private readonly results = new ToolResults();

  constructor(
    private readonly changes: Changes,
    private readonly begin: (request: GenerateRequest) => Generation,
  ) {}

  /** The calls of a conversation that have no result yet. */
  pending(scope: string): ReadableStore<readonly PendingToolCall[]> {
    return this.store(scope);
  }

  /** Starts a turn without tools. */
  generate(request: GenerateRequest): Generation {
    this.end(request.scope);
    return this.turn(request);
  }

  /** Starts a turn with tools, and the turns that follow from its calls. Returns the first answer. */
  start(request: ToolRequest): Generation {
    const { scope } = request;
    this.end(scope);
    const run = new ToolRun(request, {
      generate: (one) => this.turn(one),
      onCalls: (calls) => this.results.set(scope, calls),
      onPending: (calls) => this.store(scope).set(calls.length === 0 ? NONE : Object.freeze(calls)),
    });
    this.runs.set(scope, run);
    return run.start(() => {
      if (this.runs.get(scope) === run) this.runs.delete(scope);
    });
  }

  /** Settles a call that waits for the user's approval. A call that does not wait is ignored. */
  settleApproval(scope: string, callId: string, isApproved: boolean): void {
    this.runs.get(scope)?.settleApproval(callId, isApproved);
  }

  /** Ends the run of a conversation, and returns the results that are not in the conversation yet. */
  interrupt(scope: string): Message[] {
    this.end(scope);
    return this.results.unsent(scope);
  }

  /**
   * Ends the run that waits for this answer, which is about to be cancelled: if the answer completes first, its calls
   * are not wanted.
   */
  cancel(generation: Generation): void {
    if (this.runs.get(generation.scope)?.waitsFor(generation) === true) this.end(generation.scope);
  }

  /**
   * Ends the run of a deleted conversation, unless its answer is being written, which makes a new conversation of that
   * name.
   */
  deleted(scope: string): void {
    if (this.runs.get(scope)?.isAnswering() !== true) this.end(scope);
    this.results.forget(scope);
  }

  /** Ends the run of a conversation that `cut` shortens or deletes, with its calls. Returns `cut`. */
  cut(scope: string, cut: Promise<void>): Promise<void> {
    this.end(scope);
    cut.then(() => this.results.forget(scope), ignore);
    return cut;
  }

  /** Ends every run, because `deletion` deletes all conversations. Returns `deletion`. */
  deleteAll(deletion: Promise<void>): Promise<void> {
    this.close();
    deletion.then(() => this.results.forgetAll(), ignore);
    return deletion;
  }

  /** Ends every run. */
  close(): void {
    for (const scope of new Set([...this.runs.keys(), ...this.stores.keys()])) this.end(scope);
  }

  private end(scope: string): void {
    this.runs.get(scope)?.end();
    this.runs.delete(scope);
    // Unanswered calls stay pending beyond the end of their run.
    this.stores.get(scope)?.set(NONE);
  }

  private turn(request: GenerateRequest): Generation {
    const generation = this.begin(request);
    this.results.follow(generation, request.options?.keepPartial ?? false);
    return generation;
  }

  private store(scope: string): Store<readonly PendingToolCall[]> {
    let store = this.stores.get(scope);
    if (store === undefined) {
      store = new Store<readonly PendingToolCall[]>(this.changes, NONE);
      this.stores.set(scope, store);
    }
    return store;
  }
}

/** Ignores a refused cut: nothing was cut, and the caller's own promise says so. */
function ignore(): void {}
