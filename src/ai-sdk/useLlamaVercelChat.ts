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

/** Which conversation, and how it is answered. */
export interface UseLlamaVercelChatOptions extends LlamaChatSettings {
  /** Kept loaded while the component is mounted, and for its `keepAliveMs` after. A text is its `path`. */
  model: string | ModelConfig;
  /** The conversation. Components with the same scope show the same chat. */
  scope: string;
  /** Names the component in the flight recorder. Left out: `useLlamaVercelChat`. */
  owner?: string;
}

/** A chat of the AI SDK as a component sees it. */
export interface UseLlamaVercelChat {
  /** The conversation with what is being written; a message that has not changed is the same object. */
  readonly messages: UIMessage[];
  /** Whether an answer is awaited or written. */
  readonly inferencing: boolean;
  /** Whether the model is loaded, or brought to the device, or the conversation is read. Sending need not wait for it. */
  readonly isInitializing: boolean;
  /** Why the last answer failed, the model cannot be loaded or the conversation cannot be read. */
  readonly error: Error | undefined;
  /** As `useChat` has it. */
  readonly sendMessage: Chat<UIMessage>['sendMessage'];
  /** Ends the answer; what has come stays. */
  readonly stop: Chat<UIMessage>['stop'];
  /** Answers the last question anew, or another message's. */
  readonly regenerate: Chat<UIMessage>['regenerate'];
  /** The AI SDK's chat itself, for all else that it can do. */
  readonly chat: Chat<UIMessage>;
}

/**
 * A conversation by the AI SDK, in this process. The chat belongs to the conversation, not to the component: an unmount neither
 * ends nor loses an answer, and what is mounted meanwhile shows it where it is.
 *
 * ```tsx
 * const { messages, inferencing, sendMessage, stop } = useLlamaVercelChat({ model, scope: 'chat-42', tools });
 * ```
 */
export function useLlamaVercelChat({ owner = 'useLlamaVercelChat', ...settings }: UseLlamaVercelChatOptions): UseLlamaVercelChat {
  const { scope } = settings;
  const client = useLlamaClient();
  const model = useLlama({ ...configOf(settings.model), owner });
  const { transcript } = useStore(client.scope(scope));
  const shared = SharedChat.of(client, scope, settings);
  const { messages, status, error, sendMessage, stop, regenerate } = useChat({ chat: shared.chat });

  useEffect(() => shared.open(), [shared]);
  // After every render: settings may hold functions, and whoever rendered last says how it is answered.
  useEffect(() => shared.use(settings));

  // Mounted, it loads whatever its state was; later an unload is somebody's wish.
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
