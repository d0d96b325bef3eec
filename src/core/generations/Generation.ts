import type {
  ErrorInfo,
  FinishReason,
  GenerationPhase,
  GenerationState,
  Timings,
  TokenLogprob,
  ToolCall,
  Usage,
} from '../../protocol/generated';
import { LlamaError } from '../LlamaError';
import { Deferred } from '../port/Deferred';
import { reuse } from '../state/reuse';
import { type Changes, type ReadableStore, Store } from '../state/Store';
import type { Sent } from './GenerateRequest';
import { textIterator } from './textIterator';

/** The result of a generation that did not fail. A cancelled one has the text that was delivered. */
export interface GenerationResult {
  /** The whole answer, without the stop text that ended it. */
  text: string;
  /** The model's reasoning before its answer; empty if there was none. */
  reasoning: string;
  /**
   * The tool calls of the answer, without one that was cut short. Send their results in the next turn, as messages with
   * the role `tool`.
   */
  toolCalls: readonly ToolCall[];
  /** The log probability of each token, if `options.logprobs` asked for it: as many as `usage.outputTokens`. */
  logprobs?: readonly TokenLogprob[];
  /** Why the answer ended. */
  reason: Exclude<FinishReason, 'failed'>;
  /** Counts of tokens: the prompt, its cached and its prefilled part, and the answer. */
  usage: Usage;
  /** Milliseconds of each phase. */
  timings: Timings;
}

/**
 * Joins a piece at `offset`, part of which may be known already. Returns `undefined` if text between them is missing.
 */
function join(known: string, offset: number, piece: string): string | undefined {
  return offset > known.length ? undefined : known + piece.slice(known.length - offset);
}

/** The client, as a generation sees it. @internal */
export interface GenerationHost {
  /** Collects the changes of the generation. */
  changes: Changes;
  /** Asks the engine to end the generation; resolves when it has ended. */
  cancel(generation: Generation): Promise<void>;
  /** Called once, as `result` settles. */
  onSettled(generation: Generation): void;
}

const NOTHING_DONE = {
  usage: { promptTokens: 0, cachedTokens: 0, prefilledTokens: 0, outputTokens: 0 },
  timings: { queuedMs: 0, prefillMs: 0, decodeMs: 0, firstTokenMs: 0 },
};

/**
 * An answer that is being written. Iterate over it for its text, await `result` for the whole, or watch it as a store,
 * in any combination and any number of times. The engine owns it: dropping the object, or leaving an iteration, does
 * not end the answer; `cancel()` does.
 */
export class Generation implements AsyncIterable<string>, ReadableStore<GenerationState> {
  /**
   * The id, made by the client that sent the request. `client.generation(id)` finds it until some time after its end.
   */
  readonly id: string;
  /** The conversation of which this generation is a turn. */
  readonly scope: string;
  /** The messages that this client sent; empty for a generation that another client began. */
  readonly sent: Sent;
  /** Resolves at the end of the answer, or rejects with a `LlamaError`: with `closed` when the client closes. */
  readonly result: Promise<GenerationResult>;
  /** Calls a listener after new text or a new phase, at most once per batch of events. */
  readonly subscribe: ReadableStore<GenerationState>['subscribe'];
  /** Returns the text so far, and the phase. */
  readonly getSnapshot: ReadableStore<GenerationState>['getSnapshot'];
  private readonly state: Store<GenerationState>;
  private readonly outcome: Deferred<GenerationResult>;

  /** @internal */
  constructor(
    private readonly host: GenerationHost,
    state: GenerationState,
    sent: Sent,
  ) {
    this.id = state.id;
    this.scope = state.scope;
    this.sent = reuse(undefined, sent);
    this.state = new Store(host.changes, reuse(undefined, state));
    this.subscribe = this.state.subscribe;
    this.getSnapshot = this.state.getSnapshot;
    this.outcome = new Deferred(() => host.onSettled(this));
    this.result = this.outcome.promise;
    this.settleIfFinished();
  }

  /**
   * Iterates over the text from its beginning, each iteration for itself. Throws the error that `result` rejects with.
   */
  [Symbol.asyncIterator](): AsyncIterator<string> {
    return textIterator(this, this.result);
  }

  /** @internal Babel's `for await` looks here in an engine without `Symbol.asyncIterator`, such as an old Hermes. */
  '@@asyncIterator'(): AsyncIterator<string> {
    return textIterator(this, this.result);
  }

  /** Ends the generation, queued or running. Resolves when it has ended, even if that was before the call. */
  cancel(): Promise<void> {
    return this.host.cancel(this);
  }

  /** @internal */
  get finished(): boolean {
    return this.getSnapshot().phase.type === 'finished';
  }

  /** @internal Replaces the state. */
  update(state: GenerationState): void {
    this.state.set(reuse(this.getSnapshot(), state));
    this.settleIfFinished();
  }

  /** @internal */
  setPhase(phase: GenerationPhase): void {
    this.update({ ...this.getSnapshot(), phase });
  }

  /** @internal Adds text that starts at `offset`. Returns whether it joins on to the known text. */
  addText(offset: number, text: string): boolean {
    const state = this.getSnapshot();
    const joined = join(state.text, offset, text);
    if (joined === undefined) return false;
    this.update({ ...state, text: joined });
    return true;
  }

  /** @internal Adds reasoning that starts at `offset`. Returns whether it joins on to the known reasoning. */
  addReasoning(offset: number, text: string): boolean {
    const state = this.getSnapshot();
    const joined = join(state.reasoning, offset, text);
    if (joined === undefined) return false;
    this.update({ ...state, reasoning: joined });
    return true;
  }

  /** @internal Adds to a call's arguments, or adds a call. Returns whether it joins on to the known calls. */
  addToCall(index: number, offset: number, piece: ToolCall): boolean {
    const state = this.getSnapshot();
    const toolCalls = [...state.toolCalls];
    if (index > toolCalls.length) return false;
    const joined = join(toolCalls[index]?.arguments ?? '', offset, piece.arguments);
    if (joined === undefined) return false;
    toolCalls[index] = { ...piece, arguments: joined };
    this.update({ ...state, toolCalls });
    return true;
  }

  /** @internal Adds log probabilities from token `offset` on. Returns whether they join on to the known ones. */
  addLogprobs(offset: number, more: readonly TokenLogprob[]): boolean {
    const state = this.getSnapshot();
    const known = state.logprobs ?? [];
    if (offset > known.length) return false;
    this.update({ ...state, logprobs: [...known, ...more.slice(known.length - offset)] });
    return true;
  }

  /** @internal Removes a call that was cut short. Returns whether the call is known. */
  dropCall(index: number): boolean {
    const state = this.getSnapshot();
    const toolCalls = state.toolCalls.filter((_, other) => other !== index);
    if (toolCalls.length === state.toolCalls.length) return false;
    this.update({ ...state, toolCalls });
    return true;
  }

  /** @internal */
  fail(error: ErrorInfo): void {
    if (this.finished) return;
    this.setPhase({ type: 'finished', outcome: { reason: 'failed', error, ...NOTHING_DONE } });
  }

  private settleIfFinished(): void {
    const { phase, text, reasoning, toolCalls, logprobs } = this.getSnapshot();
    if (phase.type !== 'finished') return;
    const { reason, error, usage, timings } = phase.outcome;
    if (reason === 'failed') {
      this.outcome.reject(LlamaError.from(error ?? { code: 'inferenceFailed', detail: 'the engine gave no reason' }));
    } else {
      this.outcome.resolve({ text, reasoning, toolCalls, ...(logprobs && { logprobs }), reason, usage, timings });
    }
  }
}
