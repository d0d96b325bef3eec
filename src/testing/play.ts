import type { Event, Message, ModelInfo, ModelState, Outcome, ScopeSummary, ToolCall } from '../protocol/generated';
import type { ScriptedPort } from './scriptedPort';

// Plays an engine's events in their order, so that a test names only the events that it is about.

/** The properties of a scripted model: 512 tokens of context for each of 2 resident conversations. */
export const modelInfo: ModelInfo = {
  description: 'scripted',
  sizeBytes: 1_000_000,
  parameterCount: 1_000_000,
  trainedContextSize: 512,
  contextSize: 512,
  maxResident: 2,
  threads: 1,
  device: 'cpu',
  devices: ['script'],
  layers: 1,
  gpuLayers: 0,
  hasChatTemplate: true,
};

/** Returns the state of a model that has been loaded once. `leases` are their debug labels. */
export function modelState(path: string, status: ModelState['status'], leases: string[] = []): ModelState {
  return { path, config: { path }, status, leases: leases.map((debugLabel) => ({ debugLabel })), loads: 1 };
}

/** Returns the summary of a resident conversation without messages; `change` replaces fields of it. */
export function scopeSummary(id: string, change: Partial<ScopeSummary> = {}): ScopeSummary {
  return {
    id,
    model: 'a',
    messageCount: 0,
    droppedMessages: 0,
    cachedTokens: 0,
    residency: 'resident',
    persist: 'full',
    revision: 1,
    lastUsedAt: 0,
    ...change,
  };
}

const outcome: Outcome = {
  reason: 'stop',
  usage: { promptTokens: 8, cachedTokens: 0, prefilledTokens: 8, outputTokens: 2 },
  timings: { queuedMs: 0, prefillMs: 1, decodeMs: 1, firstTokenMs: 1 },
};

/** Plays the load of the last `acquire`, and its answer. */
export function finishLoading(port: ScriptedPort): void {
  const { requestId, model, debugLabel } = port.last('acquire');
  port.emit(
    { type: 'modelChanged', model: modelState(model.path, { type: 'ready', info: modelInfo }, [debugLabel]) },
    { type: 'done', requestId },
  );
}

/** Plays the turn of one `generate`, step by step. */
export interface ScriptedTurn {
  /** The generation's id, as `generate` sent it. */
  readonly id: string;
  /** The conversation, as `generate` sent it. */
  readonly scope: string;
  /** Delivers the next piece of the answer, in a batch of its own. */
  say(text: string): void;
  /** Delivers the next piece of the reasoning before the answer, in a batch of its own. */
  think(text: string): void;
  /** Calls a tool, with whole arguments. Returns the call's id: `callId`, or one that is made. */
  call(name: string, args: unknown, callId?: string): string;
  /** Ends the turn, and adds the answer to the transcript. */
  finish(change?: Partial<Outcome>): void;
}

/** Starts the turn of the last `generate`. `before` is the scope's transcript before it. */
export function beginTurn(port: ScriptedPort, before: readonly Message[] = []): ScriptedTurn {
  const { requestId, generationId: id, scope, model, append, prompt, ...sent } = port.last('generate');
  const messages = prompt === undefined ? sent.messages : [{ role: 'user' as const, content: prompt }];
  const questions = messages ?? [...before, ...(append ?? [])];
  const from = messages === undefined ? before.length : 0;
  let text = '';
  let reasoning = '';
  const toolCalls: ToolCall[] = [];
  let revision = before.length + 1;
  const transcript = (start: number, all: readonly Message[]): Event[] => [
    { type: 'transcriptChanged', scope, revision, from: start, messages: all.slice(start) },
    {
      type: 'scopeChanged',
      scope: scopeSummary(scope, { model: model.path, messageCount: all.length, revision }),
    },
  ];
  port.emit(
    {
      type: 'generationQueued',
      generation: { id, scope, model: model.path, phase: { type: 'queued' }, text, reasoning: '', toolCalls: [] },
    },
    { type: 'done', requestId },
    ...transcript(from, questions),
    { type: 'phaseChanged', generationId: id, phase: { type: 'prefilling', done: 0, total: 8 } },
    { type: 'phaseChanged', generationId: id, phase: { type: 'decoding' } },
  );
  return {
    id,
    scope,
    say(piece) {
      port.emit({ type: 'textDelta', generationId: id, offset: text.length, text: piece });
      text += piece;
    },
    think(piece) {
      port.emit({ type: 'reasoningDelta', generationId: id, offset: reasoning.length, text: piece });
      reasoning += piece;
    },
    call(name, args, callId = `${id}-${toolCalls.length}`) {
      const call = { id: callId, name, arguments: JSON.stringify(args) };
      port.emit({ type: 'toolCallDelta', generationId: id, index: toolCalls.length, offset: 0, ...call });
      toolCalls.push(call);
      return call.id;
    },
    finish(change = {}) {
      revision += 1;
      const answer: Message = {
        role: 'assistant',
        content: text,
        ...(reasoning !== '' && { reasoning }),
        ...(toolCalls.length > 0 && { toolCalls }),
      };
      const reason = toolCalls.length > 0 ? 'toolCalls' : 'stop';
      port.emit(...transcript(questions.length, [...questions, answer]), {
        type: 'phaseChanged',
        generationId: id,
        phase: { type: 'finished', outcome: { ...outcome, reason, ...change } },
      });
    },
  };
}
