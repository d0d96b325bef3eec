import type { Message } from 'react-native-llama-rs';

/** The messages with the last answer cut to what was spoken of it; an answer of which nothing was spoken is not there. */
export function cutAt(messages: readonly Message[], spokenText: string): readonly Message[] {
  const last = messages[messages.length - 1];
  if (last?.role !== 'assistant' || !last.content.startsWith(spokenText)) return messages;
  const before = messages.slice(0, -1);
  return spokenText === '' ? before : [...before, { role: 'assistant', content: spokenText }];
}
