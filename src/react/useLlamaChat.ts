import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from 'react';

import type { Generation } from '../core/generations/Generation';
import { PrefillAhead } from '../core/generations/PrefillAhead';
import { modelKey, modelOfKey } from '../core/models/modelKey';
import { type ChatMessage, messagesOf } from '../core/scopes/messagesOf';
import type { Tools } from '../core/tools/ToolDefinition';
import type { PendingToolCall } from '../core/tools/ToolRun';
import type {
  GenerateOptions,
  GenerationState,
  Message,
  ModelConfig,
  Overflow,
  Persist,
  ScopeSummary,
} from '../protocol/generated';
import { useLlamaClient } from './client';
import { useGenerationStates } from './useGenerationStates';
import { type Failure, useLlama, type UseLlama } from './useLlama';
import { useStore } from './useStore';

/** Options of `useLlamaChat`. Compared by value, as in `useLlama`. */
export interface UseLlamaChatOptions {
  /** The model that answers. Kept loaded while the component is mounted, and for its `keepAliveMs` after that. */
  model: ModelConfig;
  /** The conversation. Components with the same scope show the same messages. */
  scope: string;
  /** The first message of a new conversation. */
  system?: string;
  /** Options of every answer. `keepPartial` is true by default: the text that a user saw before `stop` stays. */
  options?: GenerateOptions;
  /**
   * The parts of the conversation that may be written to disk. Sent with every turn.
   * @default the value so far; `full` for a new conversation
   */
  persist?: Persist;
  /**
   * What happens when the conversation outgrows `contextSize`. With `dropOldest` the model no longer sees the oldest
   * turns.
   * @default 'dropOldest'
   */
  overflow?: Overflow;
  /** The tools that the model may call. Every answer and every call uses the tools of the newest render. */
  tools?: Tools;
  /**
   * The greatest number of answers to one message. Calls of the last answer stay in `pendingToolCalls` until the next
   * turn.
   * @default 5
   */
  maxSteps?: number;
  /**
   * Names the component in the flight recorder.
   * @default 'useLlamaChat'
   */
  debugLabel?: string;
}

/** A conversation as a component sees it. */
export interface UseLlamaChat {
  /**
   * The transcript, and the answers that are being written. A finished message keeps its identity from render to
   * render.
   */
  readonly messages: readonly ChatMessage[];
  /** `loading`: the transcript is being read. `submitted`: the first text is awaited. `calling`: tools are awaited. */
  readonly status: 'loading' | 'ready' | 'submitted' | 'streaming' | 'calling' | 'error';
  /**
   * Where the KV is, which parts are on disk, and how many messages the model no longer sees. Absent before the first
   * turn.
   */
  readonly summary: ScopeSummary | undefined;
  /** Why the transcript could not be read, the last turn failed, or the model is not available. */
  readonly error: Failure | undefined;
  /** The model, as `useLlama` returns it. */
  readonly model: UseLlama;
  /** Sends a message of the user. While an answer is being written, the new turn waits for its end. */
  readonly send: (text: string, options?: GenerateOptions) => Generation;
  /**
   * Prefills a message that the user may send, or `''` if nothing of it is known, so that its answer starts sooner.
   * Call it with every partial text of a speech recogniser: the last word may still change. One prefill runs at a time,
   * and the newest text is next. Never fails: `send` prefills whatever is missing. Does nothing before the first turn.
   */
  readonly prefill: (text: string) => void;
  /**
   * Tool calls that have no result yet. `waiting` calls wait for `approveToolCall` or `denyToolCall`. No tool carries
   * out an `unanswered` call, because its answer was the last of `maxSteps`, or was cut short. The next turn goes on
   * without it.
   */
  readonly pendingToolCalls: readonly PendingToolCall[];
  /** Carries out a call that waits for approval. */
  readonly approveToolCall: (callId: string) => void;
  /** Refuses a call that waits for approval; the model is told. */
  readonly denyToolCall: (callId: string) => void;
  /** Ends every turn, queued or running, and stops waiting for tools. Resolves when the turns have ended. */
  readonly stop: () => Promise<void>;
  /** Answers the user's last message again. Returns `undefined` if there is none. */
  readonly regenerate: (options?: GenerateOptions) => Generation | undefined;
  /** Removes the message at the index, and all later ones. To edit a question, rewind to it and `send`. */
  readonly rewindTo: (messageIndex: number) => Promise<void>;
  /** Copies the conversation, or its first `messageCount` messages. Resolves to the new scope; nothing is prefilled. */
  readonly fork: (messageCount?: number) => Promise<string>;
}

/**
 * A conversation that outlives the component. When it is mounted again, even after a JavaScript reload, it shows the
 * transcript and the answer that is being written.
 */
export function useLlamaChat(chat: UseLlamaChatOptions): UseLlamaChat {
  const { scope, system, options, persist, overflow, tools, maxSteps, debugLabel = 'useLlamaChat' } = chat;
  const client = useLlamaClient();
  const model = useLlama({ ...chat.model, debugLabel });
  const state = useStore(client.scope(scope));
  const pendingToolCalls = useStore(client.pendingToolCalls(scope));
  const stateOf = useGenerationStates(state.generations);

  useEffect(() => {
    // The store shows a failure, as the transcript's status.
    client.transcript(scope).catch(() => undefined);
  }, [client, scope]);

  const key = modelKey(chat.model);
  const defaults = JSON.stringify({ keepPartial: true, ...options });
  // Tools are kept per conversation: the one that was shown here before goes on with its own.
  const latestTools = useRef(new Map([[scope, tools]]));
  useLayoutEffect(() => {
    latestTools.current.set(scope, tools);
  });
  const start = useCallback(
    (sent: { append: Message[] } | { messages: readonly Message[] }, own: GenerateOptions | undefined) => {
      const options = { ...(JSON.parse(defaults) as GenerateOptions), ...own };
      const request = { model: modelOfKey(key), scope, ...sent, persist, overflow, options };
      const { current } = latestTools;
      const known = current.get(scope);
      if (known === undefined) return client.generate(request);
      return client.generateWithTools({ ...request, tools: () => current.get(scope) ?? known, maxSteps });
    },
    [client, key, scope, persist, overflow, defaults, maxSteps],
  );

  const asked = useCallback(
    (text: string): Message[] => {
      const { summary, generations } = client.scope(scope).getSnapshot();
      // A failed first turn was rolled back, and the system message with it.
      const isEmpty = (summary?.messageCount ?? 0) === 0 && generations.length === 0;
      const opening: Message[] = system !== undefined && isEmpty ? [{ role: 'system', content: system }] : [];
      return [...opening, { role: 'user', content: text }];
    },
    [client, scope, system],
  );
  const send = useCallback(
    (text: string, own?: GenerateOptions) => start({ append: [...client.endCalls(scope), ...asked(text)] }, own),
    [client, scope, asked, start],
  );

  const prefillAhead = useMemo(() => new PrefillAhead((request) => client.prefill(request)), [client]);
  const { path } = chat.model;
  const prefill = useCallback(
    (text: string) => {
      // The model that answered last would prefill, and this model could not use the result.
      if (client.scope(scope).getSnapshot().summary?.model !== path) return;
      prefillAhead.request({ scope, append: asked(text), open: true });
    },
    [client, scope, path, asked, prefillAhead],
  );

  const stop = useCallback(async () => {
    client.endCalls(scope);
    await Promise.all(client.scope(scope).getSnapshot().generations.map((generation) => generation.cancel()));
  }, [client, scope]);

  const regenerate = useCallback(
    (own?: GenerateOptions) => {
      const { messages } = client.scope(scope).getSnapshot().transcript;
      const end = lastQuestion(messages) + 1;
      return end === 0 ? undefined : start({ messages: messages.slice(0, end) }, own);
    },
    [client, scope, start],
  );

  const rewindTo = useCallback((messageIndex: number) => client.rewindTo(scope, messageIndex), [client, scope]);
  const approveToolCall = useCallback((callId: string) => client.approveToolCall(scope, callId), [client, scope]);
  const denyToolCall = useCallback((callId: string) => client.denyToolCall(scope, callId), [client, scope]);
  const fork = useCallback((messageCount?: number) => client.fork(scope, { messageCount }), [client, scope]);

  const error = state.transcript.error ?? state.failure ?? model.error;
  const isCalling = pendingToolCalls.some(({ state }) => state !== 'unanswered') && state.generations.length === 0;
  const status = isCalling ? 'calling' : statusOf(state.transcript.status, state.generations.map(stateOf), error);
  return {
    messages: messagesOf(state, stateOf),
    status,
    summary: state.summary,
    error,
    model,
    send,
    prefill,
    pendingToolCalls,
    approveToolCall,
    denyToolCall,
    stop,
    regenerate,
    rewindTo,
    fork,
  };
}

function lastQuestion(messages: readonly Message[]): number {
  return messages.reduce((last, { role }, index) => (role === 'user' ? index : last), -1);
}

function statusOf(
  transcript: 'absent' | 'loading' | 'ready' | 'failed',
  turns: readonly GenerationState[],
  error: Failure | undefined,
): UseLlamaChat['status'] {
  if (turns.some(({ text }) => text !== '')) return 'streaming';
  if (turns.length > 0) return 'submitted';
  if (error !== undefined) return 'error';
  return transcript === 'ready' ? 'ready' : 'loading';
}
