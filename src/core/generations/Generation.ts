import type { ErrorInfo, FinishReason, GenerationPhase, GenerationState, Message, Timings, TokenLogprob, ToolCall, Usage } from '../../protocol/generated';
import { Deferred } from '../port/Deferred';
import { reuse } from '../port/parse';
import { LlamaError } from '../LlamaError';
import { type Changes, type ReadableStore, Store } from '../state/Store';
import { textIterator } from './textIterator';

/** How a generation ended well. A cancelled one has the text that was delivered. */
export interface GenerationResult {
  /** The whole answer, without the stop text that ended it. */
  text: string;
  /** What the model thought before it answered; empty where it did not. */
  reasoning: string;
  /** The tools that it called; a call that was cut short is none. Their results go into the next turn, as messages of `tool`. */
  toolCalls: readonly ToolCall[];
  /** How likely each of its tokens was, where `options.logprobs` asked for that: as many as `usage.outputTokens`. */
  logprobs?: readonly TokenLogprob[];
  /** What ended it. */
  reason: Exclude<FinishReason, 'failed'>;
  /** Tokens: of the prompt, cached and prefilled, and of the answer. */
  usage: Usage;
  /** Milliseconds of each phase. */
  timings: Timings;
}

/** The messages of a request: added to the transcript, or in its place. */
export interface Sent {
  /** Added to what the transcript held. */
  readonly append?: readonly Message[];
  /** The whole transcript, in place of what it held. */
  readonly messages?: readonly Message[];
}

/** The text with a piece that begins at `offset`, part of which may be there already. `undefined`: something is missing between. */
function join(known: string, offset: number, piece: string): string | undefined {
  return offset > known.length ? undefined : known + piece.slice(known.length - offset);
}

/** What a generation needs of its client. @internal */
export interface GenerationHost {
  /** Where the generation reports its changes. */
  changes: Changes;
  /** Asks the engine to end it; resolves when it has ended. */
  cancel(generation: Generation): Promise<void>;
  /** Called once, as `result` settles. */
  onSettled(generation: Generation): void;
}

const NOTHING_DONE = {
  usage: { promptTokens: 0, cachedTokens: 0, prefilledTokens: 0, outputTokens: 0 },
  timings: { queuedMs: 0, prefillMs: 0, decodeMs: 0, firstTokenMs: 0 },
};

/**
 * One answer in the making. Iterate it for text, await `result` for the whole, watch it as a store, in any combination
 * and any number of times. It belongs to the engine: dropping it, or leaving an iteration, does not end it; `cancel()` does.
 */
export class Generation implements AsyncIterable<string>, ReadableStore<GenerationState> {
  /** Made by the client that sent it; `client.generation(id)` finds it until it has been forgotten after its end. */
  readonly id: string;
  /** The conversation that it is a turn of. */
  readonly scope: string;
  /** What this client sent to be answered; empty for a generation that it found running. */
  readonly sent: Sent;
  /** Settles once: at the end of the answer, or with a `LlamaError`, whose code is `closed` when the client closes. */
  readonly result: Promise<GenerationResult>;
  /** Calls a listener after new text or a new phase, at most once per batch of events. */
  readonly subscribe: ReadableStore<GenerationState>['subscribe'];
  /** The text so far, and the phase. */
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

  /** Text from the beginning, in pieces; each iteration has a place of its own. Throws what `result` rejects with. */
  [Symbol.asyncIterator](): AsyncIterator<string> {
    return textIterator(this, this.result);
  }

  /** @internal Where Babel's `for await` looks in an engine without `Symbol.asyncIterator`, such as an old Hermes. */
  '@@asyncIterator'(): AsyncIterator<string> {
    return textIterator(this, this.result);
  }

  /** Ends the generation, queued or running. Resolves when it has ended, also if it had ended before. */
  cancel(): Promise<void> {
    return this.host.cancel(this);
  }

  /** @internal */
  get finished(): boolean {
    return this.getSnapshot().phase.type === 'finished';
  }

  /** @internal Takes over the engine's state. */
  update(state: GenerationState): void {
    this.state.set(reuse(this.getSnapshot(), state));
    this.settleIfFinished();
  }

  /** @internal */
  setPhase(phase: GenerationPhase): void {
    this.update({ ...this.getSnapshot(), phase });
  }

  /** @internal Adds text that begins at `offset`. Returns whether it joins on to what is known. */
  addText(offset: number, text: string): boolean {
    const state = this.getSnapshot();
    const joined = join(state.text, offset, text);
    if (joined === undefined) return false;
    this.update({ ...state, text: joined });
    return true;
  }

  /** @internal Adds reasoning that begins at `offset`. Returns whether it joins on to what is known. */
  addReasoning(offset: number, text: string): boolean {
    const state = this.getSnapshot();
    const joined = join(state.reasoning, offset, text);
    if (joined === undefined) return false;
    this.update({ ...state, reasoning: joined });
    return true;
  }

  /** @internal Adds to a call's arguments, or a new call. Returns whether that joins on to what is known. */
  addToCall(index: number, offset: number, piece: ToolCall): boolean {
    const state = this.getSnapshot();
    const toolCalls = [...state.toolCalls];
    const joined = index > toolCalls.length ? undefined : join(toolCalls[index]?.arguments ?? '', offset, piece.arguments);
    if (joined === undefined) return false;
    toolCalls[index] = { ...piece, arguments: joined };
    this.update({ ...state, toolCalls });
    return true;
  }

  /** @internal Adds how likely tokens were from number `offset` on. Returns whether they join on to what is known. */
  addLogprobs(offset: number, more: readonly TokenLogprob[]): boolean {
    const state = this.getSnapshot();
    const known = state.logprobs ?? [];
    if (offset > known.length) return false;
    this.update({ ...state, logprobs: [...known, ...more.slice(known.length - offset)] });
    return true;
  }

  /** @internal Takes a call out that was cut short. Returns whether it is known. */
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
