import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from 'react';

import { type ChatMessage, conversation } from '../core/scopes/messagesOf';
import type { Generation } from '../core/generations/Generation';
import { modelKey, modelOfKey } from '../core/models/modelKey';
import type { OpenCall, Tools } from '../core/tools/ToolDefinition';
import { Preparation } from '../core/generations/PrefillAhead';
import type { GenerateOptions, GenerationState, Message, ModelConfig, Overflow, Persist, ScopeSummary } from '../protocol/generated';
import { useLlamaClient } from './client';
import { useGenerationStates } from './useGenerationStates';
import { type Failure, useLlama, type UseLlama } from './useLlama';
import { useStore } from './useStore';

/** Which conversation, and which model answers in it. Compared by value, as in `useLlama`. */
export interface UseLlamaChatOptions {
  /** Kept loaded while the component is mounted, and for its `keepAliveMs` after. */
  model: ModelConfig;
  /** The conversation. Components with the same scope show the same. */
  scope: string;
  /** First message of a conversation that has none. */
  system?: string;
  /** For every answer. `keepPartial` is true unless said otherwise: what a user saw before `stop` stays. */
  options?: GenerateOptions;
  /** What of the conversation may be written to disk, said with every turn. Left out: as before; at first `kv`. */
  persist?: Persist;
  /** What happens when the conversation outgrows `contextSize`. Left out: `shift`, the model no longer sees its oldest turns. */
  overflow?: Overflow;
  /** What the model may call. Another object is no change: every answer and every call takes those of the newest render. */
  tools?: Tools;
  /** Answers to one message at most. What the last one calls is left: `openCalls` shows it until the next turn. Left out: 5. */
  maxSteps?: number;
  /** Names the component in the flight recorder. Left out: `useLlamaChat`. */
  owner?: string;
}

/** A conversation as a component sees it. */
export interface UseLlamaChat {
  /** The transcript and the answers under way. Finished messages are the same objects from render to render. */
  readonly messages: readonly ChatMessage[];
  /** `loading`: the transcript is being read; `submitted`: waiting for the first text; `calling`: for tools. */
  readonly status: 'loading' | 'ready' | 'submitted' | 'streaming' | 'calling' | 'failed';
  /** Where its KV is, what of it is on disk, how many messages the model no longer sees. Absent before its first turn. */
  readonly summary: ScopeSummary | undefined;
  /** Why the transcript could not be read, the last turn failed, or the model is not there. */
  readonly error: Failure | undefined;
  /** The model that answers, as `useLlama` has it. */
  readonly model: UseLlama;
  /** Says something. While an answer is under way, the new turn waits for its end. */
  readonly send: (text: string, options?: GenerateOptions) => Generation;
  /**
   * Prefills what is known of a message that may come, `''` if nothing yet, so that its answer begins sooner: call it with every
   * partial text of a recogniser. The last word may still become another one. At most one is under way; of those that come
   * meanwhile the newest is next. Never fails: what could not be prefilled, `send` computes. A conversation that begins with that
   * message has nothing to prepare.
   */
  readonly prepare: (text: string) => void;
  /**
   * Calls of tools that have no result yet. Those in state `waiting` wait for `approve`; those that are `left` for nobody: the answer
   * was the last of `maxSteps`, or cut short. The next turn goes on without them.
   */
  readonly openCalls: readonly OpenCall[];
  /** Lets a call be carried out, or refuses it. */
  readonly approve: (callId: string, isApproved?: boolean) => void;
  /** Ends every turn of the conversation, queued or running, and waits for no tool. Resolves when they have ended. */
  readonly stop: () => Promise<void>;
  /** Answers the user's last message anew. `undefined`: there is none. */
  readonly regenerate: (options?: GenerateOptions) => Generation | undefined;
  /** Cuts the conversation: the message at the index and all after it are gone. To edit a question, cut there and `send`. */
  readonly rewindTo: (messageIndex: number) => Promise<void>;
  /** A copy of the conversation, or of its first `messageCount` messages. Resolves to its scope; nothing is prefilled. */
  readonly fork: (messageCount?: number) => Promise<string>;
}

/**
 * A conversation that outlives the component: mounted again, also after a JavaScript reload, it shows the transcript and
 * the answer that is being written.
 */
export function useLlamaChat(chat: UseLlamaChatOptions): UseLlamaChat {
  const { scope, system, options, persist, overflow, tools, maxSteps, owner = 'useLlamaChat' } = chat;
  const client = useLlamaClient();
  const model = useLlama({ ...chat.model, owner });
  const state = useStore(client.scope(scope));
  const openCalls = useStore(client.openCalls(scope));
  const stateOf = useGenerationStates(state.generations);

  useEffect(() => {
    // A failure is in the store, as the transcript's status.
    client.transcript(scope).catch(() => undefined);
  }, [client, scope]);

  const key = modelKey(chat.model);
  const defaults = JSON.stringify({ keepPartial: true, ...options });
  // By conversation: what was shown here before goes on with its own.
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
      // A first turn that failed went back whole, and the system message with it.
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

  const preparation = useMemo(() => new Preparation(client), [client]);
  const { path } = chat.model;
  const prepare = useCallback(
    (text: string) => {
      // Another model would compute it, and this one begin anew.
      if (client.scope(scope).getSnapshot().summary?.model !== path) return;
      preparation.guess({ scope, append: asked(text), open: true });
    },
    [client, scope, path, asked, preparation],
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
  const approve = useCallback((callId: string, isApproved = true) => client.approveCall(scope, callId, isApproved), [client, scope]);
  const fork = useCallback((messageCount?: number) => client.fork(scope, { messageCount }), [client, scope]);

  const error = state.transcript.error ?? state.failure ?? model.error;
  const isCalling = openCalls.some(({ state }) => state !== 'left') && state.generations.length === 0;
  const status = isCalling ? 'calling' : statusOf(state.transcript.status, state.generations.map(stateOf), error);
  return {
    messages: conversation(state, stateOf),
    status,
    summary: state.summary,
    error,
    model,
    send,
    prepare,
    openCalls,
    approve,
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
  if (error !== undefined) return 'failed';
  return transcript === 'ready' ? 'ready' : 'loading';
}
