import type { ErrorInfo, GenerationPhase, GenerationState, TokenLogprob, ToolCall } from '../../protocol/generated';
import { isCode } from '../LlamaError';
import type { NewId } from '../port/idMaker';
import type { Pending } from '../port/Pending';
import type { Requests } from '../port/Requests';
import { followSignal } from '../port/Signal';
import { type Changes, type ReadableStore, Store } from '../state/Store';
import { generateCommand, type GenerateRequest, type Sent, sentBy } from './GenerateRequest';
import { Generation } from './Generation';

/** How many finished generations can still be looked up by id. */
const REMEMBERED = 16;

const NOT_FOUND: ErrorInfo = {
  code: 'generationNotFound',
  detail: 'the engine no longer knows the generation - read the transcript for its answer',
};
const LOST: ErrorInfo = {
  code: 'closed',
  detail: 'the connection to the engine was replaced before it took the generation - generate again',
};

/** The parts of the client that generations change. */
export interface GenerationsHost {
  /** Called before a generation is cancelled. */
  onCancel(generation: Generation): void;
  /** Called with the queued and running generations of a scope, and the failure of its last one. */
  onActive(scope: string, active: readonly Generation[], failure: ErrorInfo | undefined): void;
}

interface Entry {
  generation: Generation;
  /** Whether the engine has mentioned it. Before that, its absence from a snapshot means nothing. */
  seen: boolean;
}

/** The generations that this client knows: its own, and those of other clients. */
export class Generations {
  /** The generations that `get` finds, oldest first. Changes when one starts or ends. */
  readonly list: ReadableStore<readonly Generation[]>;
  private readonly entries = new Map<string, Entry>();
  private readonly all: Store<readonly Generation[]>;

  constructor(
    private readonly changes: Changes,
    private readonly pending: Pending,
    private readonly requests: Requests,
    private readonly newId: NewId,
    private readonly host: GenerationsHost,
  ) {
    this.all = new Store<readonly Generation[]>(changes, Object.freeze([]));
    this.list = this.all;
  }

  /** Finds a generation that is queued, running, or one of the last 16 that finished. */
  get(id: string): Generation | undefined {
    return this.entries.get(id)?.generation;
  }

  /** Starts a turn. The generation is registered before its command is sent, so that the first token is not missed. */
  start(request: GenerateRequest): Generation {
    const { model, scope, signal } = request;
    const id = this.newId('generation');
    const phase: GenerationPhase = { type: 'queued' };
    const state = { id, scope, model: model.path, phase, text: '', reasoning: '', toolCalls: [] };
    const generation = this.add(state, sentBy(request), false);
    this.requests.tell(generateCommand(id, request), (error) => generation.fail(error));
    followSignal(signal, () => void generation.cancel().catch(() => undefined), generation.result);
    return generation;
  }

  /** Replaces the state of one generation, known or not. */
  put(state: GenerationState): void {
    const entry = this.entries.get(state.id);
    if (entry === undefined) {
      this.add(state, {}, true);
    } else {
      entry.seen = true;
      entry.generation.update(state);
    }
  }

  /** Changes the phase. An unknown id is ignored. */
  setPhase(id: string, phase: GenerationPhase): void {
    this.get(id)?.setPhase(phase);
  }

  /** Returns whether the text joins on to the known text. */
  addText(id: string, offset: number, text: string): boolean {
    return this.get(id)?.addText(offset, text) ?? true;
  }

  /** Returns whether the reasoning joins on to the known reasoning. */
  addReasoning(id: string, offset: number, text: string): boolean {
    return this.get(id)?.addReasoning(offset, text) ?? true;
  }

  /** Returns whether the call's arguments join on to the known ones. */
  addToCall(id: string, index: number, offset: number, piece: ToolCall): boolean {
    return this.get(id)?.addToCall(index, offset, piece) ?? true;
  }

  /** Returns whether the tokens join on to the known ones. */
  addLogprobs(id: string, offset: number, logprobs: readonly TokenLogprob[]): boolean {
    return this.get(id)?.addLogprobs(offset, logprobs) ?? true;
  }

  /** Returns whether the call is known. */
  dropCall(id: string, index: number): boolean {
    return this.get(id)?.dropCall(index) ?? true;
  }

  /** Replaces all generations with a snapshot's list. */
  replace(states: readonly GenerationState[], newEpoch: boolean): void {
    const present = new Set(states.map((state) => state.id));
    for (const state of states) this.put(state);
    for (const { generation, seen } of [...this.entries.values()]) {
      if (present.has(generation.id)) continue;
      if (seen) generation.fail(NOT_FOUND);
      else if (newEpoch) generation.fail(LOST);
    }
  }

  /** Makes every generation fail that has not finished. */
  failAll(error: ErrorInfo): void {
    for (const { generation } of [...this.entries.values()]) generation.fail(error);
  }

  private async cancel(generation: Generation): Promise<void> {
    if (generation.finished) return;
    this.host.onCancel(generation);
    try {
      await this.requests.ask({ type: 'cancel', generationId: generation.id });
    } catch (error) {
      // The generation ended in the meantime, as the caller wanted.
      if (!isCode(error, 'generationNotFound')) throw error;
    }
  }

  private add(state: GenerationState, sent: Sent, seen: boolean): Generation {
    const settle = this.pending.begin();
    const host = {
      changes: this.changes,
      cancel: (generation: Generation) => this.cancel(generation),
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
    this.host.onActive(
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
