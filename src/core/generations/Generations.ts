import type { ErrorInfo, GenerationPhase, GenerationState, TokenLogprob, ToolCall } from '../../protocol/generated';
import { Generation, type Sent } from './Generation';
import type { Pending } from '../port/Pending';
import { type Changes, type ReadableStore, Store } from '../state/Store';

/** Finished generations that can still be looked up by id. */
const REMEMBERED = 16;

const NOT_FOUND: ErrorInfo = {
  code: 'generationNotFound',
  detail: 'the engine no longer knows the generation - read the transcript for its answer',
};
const LOST: ErrorInfo = {
  code: 'closed',
  detail: 'the connection to the engine was replaced before it took the generation - generate again',
};

interface Entry {
  generation: Generation;
  /** Whether the engine has spoken of it: before that, its absence from a snapshot means nothing. */
  seen: boolean;
}

/** Every generation that this client knows: its own, and those it found running. */
export class Generations {
  /** Those that `get` finds, oldest first. Changes when one begins or ends. */
  readonly list: ReadableStore<readonly Generation[]>;
  private readonly entries = new Map<string, Entry>();
  private readonly all: Store<readonly Generation[]>;

  constructor(
    private readonly changes: Changes,
    private readonly pending: Pending,
    private readonly cancel: (generation: Generation) => Promise<void>,
    private readonly onActive: (scope: string, active: readonly Generation[], failure: ErrorInfo | undefined) => void,
  ) {
    this.all = new Store<readonly Generation[]>(changes, Object.freeze([]));
    this.list = this.all;
  }

  /** One that is queued, running, or among the last 16 that finished. */
  get(id: string): Generation | undefined {
    return this.entries.get(id)?.generation;
  }

  /** Registers one before its command is sent, so that no first token is missed. */
  begin(state: GenerationState, sent: Sent): Generation {
    return this.add(state, sent, false);
  }

  /** The engine's word on one generation, known or not. */
  put(state: GenerationState): void {
    const entry = this.entries.get(state.id);
    if (entry === undefined) {
      this.add(state, {}, true);
    } else {
      entry.seen = true;
      entry.generation.update(state);
    }
  }

  /** An id that is not known changes nothing. */
  setPhase(id: string, phase: GenerationPhase): void {
    this.get(id)?.setPhase(phase);
  }

  /** Returns whether the text joins on to what is known. */
  addText(id: string, offset: number, text: string): boolean {
    return this.get(id)?.addText(offset, text) ?? true;
  }

  /** Returns whether the reasoning joins on to what is known. */
  addReasoning(id: string, offset: number, text: string): boolean {
    return this.get(id)?.addReasoning(offset, text) ?? true;
  }

  /** Returns whether the call's arguments join on to what is known. */
  addToCall(id: string, index: number, offset: number, piece: ToolCall): boolean {
    return this.get(id)?.addToCall(index, offset, piece) ?? true;
  }

  /** Returns whether the tokens join on to those that are known. */
  addLogprobs(id: string, offset: number, logprobs: readonly TokenLogprob[]): boolean {
    return this.get(id)?.addLogprobs(offset, logprobs) ?? true;
  }

  /** Returns whether the call is known. */
  dropCall(id: string, index: number): boolean {
    return this.get(id)?.dropCall(index) ?? true;
  }

  /** Takes over a snapshot's list. */
  replace(states: readonly GenerationState[], newEpoch: boolean): void {
    const present = new Set(states.map((state) => state.id));
    for (const state of states) this.put(state);
    for (const { generation, seen } of [...this.entries.values()]) {
      if (present.has(generation.id)) continue;
      if (seen) generation.fail(NOT_FOUND);
      else if (newEpoch) generation.fail(LOST);
    }
  }

  /** Ends one on this side, unless it has finished. */
  fail(id: string, error: ErrorInfo): void {
    this.get(id)?.fail(error);
  }

  /** Ends every one that has not finished. */
  failAll(error: ErrorInfo): void {
    for (const { generation } of [...this.entries.values()]) generation.fail(error);
  }

  private add(state: GenerationState, sent: Sent, seen: boolean): Generation {
    const settle = this.pending.begin();
    const host = {
      changes: this.changes,
      cancel: this.cancel,
      onSettled: (generation: Generation) => {
        settle();
        this.forgetOldest();
        this.announce(generation.scope);
      },
    };
    const generation = new Generation(host, state, sent);
    this.entries.set(state.id, { generation, seen });
    this.announce(generation.scope);
    return generation;
  }

  private announce(scope: string): void {
    const all = [...this.entries.values()].map((entry) => entry.generation);
    this.all.set(Object.freeze(all));
    const turns = all.filter((generation) => generation.scope === scope);
    const last = turns[turns.length - 1]?.getSnapshot().phase;
    const failure = last?.type === 'finished' ? last.outcome.error : undefined;
    this.onActive(
      scope,
      turns.filter((generation) => !generation.finished),
      failure,
    );
  }

  private forgetOldest(): void {
    const finished = [...this.entries.values()].filter(({ generation }) => generation.finished);
    for (const { generation } of finished.slice(0, -REMEMBERED)) this.entries.delete(generation.id);
  }
}
