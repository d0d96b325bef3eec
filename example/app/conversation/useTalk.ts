import { useCallback } from 'react';
import {
  type Generation,
  type GenerationState,
  type Message,
  useLlamaChat,
  type UseLlamaChat,
  useLlamaClient,
} from 'react-native-llama-rs';

import { useServices } from '../services';
import { useCell } from '../store';
import { cutAt } from './cutAt';
import { whenFinished } from './whenFinished';

/** A conversation that can be interrupted. */
export interface Talk {
  readonly chat: UseLlamaChat;
  /**
   * Sends a message. If it cannot be answered, it returns to the draft. `replacing`: the index of the message to
   * replace.
   */
  readonly say: (text: string, replacing?: number) => Promise<Generation>;
  /** Regenerates the last answer, and speaks it where answers are spoken. */
  readonly regenerate: () => Promise<void>;
  /**
   * Prefills the next message as far as it is known. Does nothing after an interruption, where the conversation is cut
   * first.
   */
  readonly prefill: (text: string) => void;
  /** Ends the answer, written or spoken. The conversation keeps only the part that was shown or spoken. */
  readonly interrupt: () => Promise<void>;
}

/** The conversation `scope`, with the app's model, drafts and voice. `debugLabel` names its lease in the log. */
export function useTalk(scope: string, debugLabel: string): Talk {
  const client = useLlamaClient();
  const { model: chosen, options, drafts, reader, speaks, interruption } = useServices();
  const model = useCell(chosen);
  const chat = useLlamaChat({ model, scope, options, debugLabel });
  const { send, prefill: prefillTurn, stop, regenerate: startAgain } = chat;

  const interrupt = useCallback(async () => {
    const cut = reader?.stop();
    await stop();
    if (cut !== undefined) interruption.set(cut);
  }, [reader, stop, interruption]);

  const prefill = useCallback(
    (text: string) => {
      if (interruption.getSnapshot()?.scope !== scope) prefillTurn(text);
    },
    [interruption, scope, prefillTurn],
  );

  const say = useCallback(
    async (text: string, replacing?: number) => {
      await interrupt();
      const transcript = await client.transcript(scope);
      const interrupted = interruption.getSnapshot();
      interruption.set(undefined);
      const cut = interrupted?.scope === scope ? cutAt(transcript, interrupted.spokenText) : undefined;
      const generation =
        replacing !== undefined
          ? startAfter(transcript.slice(0, replacing), text)
          : cut !== undefined
            ? startAfter(cut.messages, joined(cut.unanswered, text))
            : send(text);
      whenFinished(generation, (state) => {
        if (wentBack(state)) drafts.keep(scope, text);
      });
      if (speaks.getSnapshot()) reader?.read(generation);
      return generation;

      function startAfter(before: readonly Message[], content: string): Generation {
        return client.generate({
          model,
          scope,
          messages: [...before, { role: 'user', content }],
          options: { keepPartial: true, ...options },
        });
      }
    },
    [client, scope, model, options, drafts, reader, speaks, interruption, interrupt, send],
  );

  const regenerate = useCallback(async () => {
    await interrupt();
    // The whole answer goes, and the place of its interruption with it.
    interruption.set(undefined);
    const generation = startAgain();
    if (generation !== undefined && speaks.getSnapshot()) reader?.read(generation);
  }, [interrupt, interruption, startAgain, speaks, reader]);
  return { chat, say, regenerate, prefill, interrupt };
}

/** Whether the turn left nothing in the conversation: it failed, or was stopped before its first word. */
function wentBack({ phase, text }: GenerationState): boolean {
  return phase.type === 'finished' && (phase.outcome.reason === 'failed' || text === '');
}

function joined(unanswered: string | undefined, text: string): string {
  return unanswered === undefined ? text : `${unanswered} ${text}`;
}
