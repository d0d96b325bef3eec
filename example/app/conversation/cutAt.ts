import type { Message } from 'react-native-llama-rs';

/** A transcript after an interruption. */
export interface Cut {
  /** The transcript, its last answer cut to what was spoken. */
  readonly messages: readonly Message[];
  /** The question, where nothing of its answer was spoken. It left the transcript and is still to be answered. */
  readonly unanswered: string | undefined;
}

/** Cuts the last answer to its spoken part. Returns `undefined` if the last message is not that answer. */
export function cutAt(messages: readonly Message[], spokenText: string): Cut | undefined {
  const answer = messages[messages.length - 1];
  if (answer?.role !== 'assistant' || !answer.content.startsWith(spokenText)) return undefined;
  if (spokenText !== '') {
    return { messages: [...messages.slice(0, -1), { role: 'assistant', content: spokenText }], unanswered: undefined };
  }
  // Every question of a transcript has an answer or is being answered.
  const question = messages[messages.length - 2];
  return { messages: messages.slice(0, -2), unanswered: question?.content };
}
