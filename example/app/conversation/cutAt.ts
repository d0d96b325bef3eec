import type { Message } from 'react-native-llama-rs';

/** What an interruption leaves. */
export interface Cut {
  /** The transcript, its last answer cut to what was spoken. */
  readonly messages: readonly Message[];
  /** The question of an answer of which nothing was spoken: no part of the transcript, and still to be answered. */
  readonly unanswered: string | undefined;
}

/** Cuts the last answer to what was spoken of it. `undefined`: the last message is not that answer. */
export function cutAt(messages: readonly Message[], spokenText: string): Cut | undefined {
  const answer = messages[messages.length - 1];
  if (answer?.role !== 'assistant' || !answer.content.startsWith(spokenText)) return undefined;
  if (spokenText !== '') {
    return { messages: [...messages.slice(0, -1), { role: 'assistant', content: spokenText }], unanswered: undefined };
  }
  // Every question of a transcript has an answer, or is being answered.
  const question = messages[messages.length - 2];
  return { messages: messages.slice(0, -2), unanswered: question?.content };
}
