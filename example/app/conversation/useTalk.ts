import { useCallback } from 'react';
import { type Generation, type Message, useLlamaChat, type UseLlamaChat, useLlamaClient } from 'react-native-llama-rs';

import { useServices } from '../services';
import { cutAt } from './cutAt';

/** A conversation that can be interrupted. */
export interface Talk {
  readonly chat: UseLlamaChat;
  /** Says something. What cannot be answered is in the draft again. `replacing`: index of the message that it takes the place of. */
  readonly say: (text: string, replacing?: number) => Promise<Generation>;
  /** Ends the answer, written or spoken. What was neither shown nor spoken is not part of the conversation. */
  readonly interrupt: () => Promise<void>;
}

/** The conversation `scope`, with the app's model, drafts and voice. */
export function useTalk(scope: string, owner: string): Talk {
  const client = useLlamaClient();
  const { model, options, drafts, reader, speaks, interruption } = useServices();
  const chat = useLlamaChat({ model, scope, options, owner });
  const { send, stop } = chat;

  const interrupt = useCallback(async () => {
    const cut = reader?.stop();
    await stop();
    if (cut !== undefined) interruption.set(cut);
  }, [reader, stop, interruption]);

  const say = useCallback(
    async (text: string, replacing?: number) => {
      await interrupt();
      const before = await client.transcript(scope);
      const cut = interruption.getSnapshot();
      interruption.set(undefined);
      let kept: readonly Message[] | undefined;
      if (replacing !== undefined) kept = before.slice(0, replacing);
      else if (cut?.scope === scope) kept = cutAt(before, cut.spokenText);
      const generation =
        kept === undefined
          ? send(text)
          : client.generate({
              model,
              scope,
              messages: [...kept, { role: 'user', content: text }],
              options: { keepPartial: true, ...options },
            });
      generation.result.catch(() => drafts.keep(scope, text));
      if (speaks.getSnapshot()) reader?.read(generation);
      return generation;
    },
    [client, scope, model, options, drafts, reader, speaks, interruption, interrupt, send],
  );
  return { chat, say, interrupt };
}
