import { act } from '@testing-library/react-native';

import {
  type GenerateOptions,
  type Generation,
  type LlamaClient,
  LlamaProvider,
  type ModelConfig,
  useLlamaChat,
  type UseLlamaChat,
} from '../../src';

import type { Seen } from './Seen';
import { greedy, tiny } from './tiny';

export interface ChatProps {
  seen: Seen<UseLlamaChat>;
  scope?: string;
  debugLabel?: string;
  model?: ModelConfig;
  /** Another number makes another component, as an edit of its code does. */
  edit?: number;
}

/** A screen with a conversation. */
export function Chat({ seen, scope = 'chat', debugLabel = 'Chat', model = tiny }: ChatProps) {
  seen.note(useLlamaChat({ model, scope, debugLabel, options: greedy }));
  return null;
}

/** An app with these screens mounted, each named by its debug label. */
export function screens(client: LlamaClient, ...chats: ChatProps[]) {
  return (
    <LlamaProvider client={client}>
      {chats.map((chat) => (
        <Chat key={`${chat.debugLabel ?? ''} ${chat.edit ?? 0}`} {...chat} />
      ))}
    </LlamaProvider>
  );
}

/** Whether the model is loaded and the transcript read. */
export const isReady = (chat: UseLlamaChat): boolean => chat.status === 'ready' && chat.model.status === 'ready';

/** Sends a text, as a tap of the user does. */
export function say(seen: Seen<UseLlamaChat>, text: string, options?: GenerateOptions): Promise<Generation> {
  return act(() => seen.last.send(text, options));
}
