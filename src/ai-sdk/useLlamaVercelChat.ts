import { type Chat, useChat } from '@ai-sdk/react';
import type { UIMessage } from 'ai';
import { useEffect, useMemo, useState } from 'react';

import { LlamaError } from '../core/LlamaError';
import type { ModelConfig } from '../protocol/generated';
import { useLlamaClient } from '../react/client';
import { useLlama } from '../react/useLlama';
import { useStore } from '../react/useStore';
import { configOf } from './createLlama';
import type { LlamaChatSettings } from './LlamaChatTransport';
import { SharedChat } from './SharedChat';

/** Options of `useLlamaVercelChat`. */
export interface UseLlamaVercelChatOptions extends LlamaChatSettings {
  /**
   * The model that answers; a string is its `path`. Kept loaded while mounted, and for its `keepAliveMs` after that.
   */
  model: string | ModelConfig;
  /** The conversation. Components with the same scope show the same chat. */
  scope: string;
  /**
   * Names the component in the flight recorder.
   * @default 'useLlamaVercelChat'
   */
  debugLabel?: string;
}

/** A chat of the AI SDK as a component sees it. */
export interface UseLlamaVercelChat {
  /** The conversation, with the answer that is being written. A message keeps its identity until it changes. */
  readonly messages: UIMessage[];
  /** Whether an answer is awaited or being written. */
  readonly inferencing: boolean;
  /** Whether the model is being loaded or downloaded, or the conversation read. `sendMessage` works meanwhile. */
  readonly isInitializing: boolean;
  /** Why the last answer failed, the model cannot be loaded or the conversation cannot be read. */
  readonly error: Error | undefined;
  /** Sends a message, as in `useChat`. */
  readonly sendMessage: Chat<UIMessage>['sendMessage'];
  /** Ends the answer; its text so far stays. */
  readonly stop: Chat<UIMessage>['stop'];
  /** Answers the last question again, or that of another message. */
  readonly regenerate: Chat<UIMessage>['regenerate'];
  /** The AI SDK's chat itself, for its other functions. */
  readonly chat: Chat<UIMessage>;
}

/**
 * A conversation through the AI SDK, in this process. The chat belongs to the conversation, not to the component: an
 * unmount neither ends nor loses an answer, and a component that mounts meanwhile shows the answer so far.
 *
 * ```tsx
 * const { messages, inferencing, sendMessage, stop } = useLlamaVercelChat({ model, scope: 'chat-42', tools });
 * ```
 */
export function useLlamaVercelChat(options: UseLlamaVercelChatOptions): UseLlamaVercelChat {
  const { debugLabel = 'useLlamaVercelChat', ...settings } = options;
  const { scope } = settings;
  const client = useLlamaClient();
  const model = useLlama({ ...configOf(settings.model), debugLabel });
  const { transcript } = useStore(client.scope(scope));
  const shared = SharedChat.of(client, scope, settings);
  const { messages, status, error, sendMessage, stop, regenerate } = useChat({ chat: shared.chat });

  useEffect(() => shared.open(), [shared]);
  // After every render, because settings may contain functions. The component that rendered last sets them.
  useEffect(() => shared.use(settings));

  // A mounted component loads its model from any state. After that, an unload is intended, and shows no loading.
  const isSettled = model.status === 'ready' || model.status === 'failed';
  const [wasSettled, setWasSettled] = useState(isSettled);
  if (isSettled && !wasSettled) setWasSettled(true);
  const isLoading = model.status === 'loading' || model.status === 'downloading' || !(isSettled || wasSettled);
  const modelError = useMemo(() => model.error && new LlamaError(model.error.code, model.error.detail), [model.error]);
  const isRead = transcript.status === 'ready' || transcript.status === 'failed';
  return {
    messages,
    inferencing: status === 'submitted' || status === 'streaming',
    isInitializing: isLoading || !isRead,
    error: error ?? transcript.error ?? modelError,
    sendMessage,
    stop,
    regenerate,
    chat: shared.chat,
  };
}
