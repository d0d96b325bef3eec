import type { GenerationState, Message } from '../../protocol/generated';
import type { Generation } from '../generations/Generation';
import type { ScopeState } from './Scopes';

/** A message of a chat. `generationId` is present while the message is being written. */
export interface ChatMessage extends Message {
  readonly generationId?: string;
}

/**
 * Returns the messages that a chat shows: the transcript, then the queued and running turns. Messages of the transcript
 * are the same objects as in `scope`. `stateOf` returns the text and phase of a generation.
 */
export function messagesOf(
  scope: ScopeState,
  stateOf: (generation: Generation) => GenerationState = (generation) => generation.getSnapshot(),
): readonly ChatMessage[] {
  let shown: readonly ChatMessage[] = scope.transcript.messages;
  for (const generation of scope.generations) {
    shown = withTurn(shown, generation, stateOf(generation));
  }
  return shown;
}

function withTurn(
  shown: readonly ChatMessage[],
  { id, sent }: Generation,
  state: GenerationState,
): readonly ChatMessage[] {
  // The engine too leaves out results that the turn before has added already.
  const append = (sent.append ?? []).filter(
    (message) => message.role !== 'tool' || !shown.some((known) => isSameResult(known, message)),
  );
  const { text, reasoning, toolCalls } = state;
  const answer: ChatMessage = {
    role: 'assistant',
    content: text,
    ...(reasoning !== '' && { reasoning }),
    ...(toolCalls.length > 0 && { toolCalls }),
    generationId: id,
  };
  const isEmpty = text === '' && reasoning === '' && toolCalls.length === 0;
  // The engine writes the answer into the transcript just before it finishes the generation.
  if (!isEmpty && endsWith(shown, [...append, answer])) return shown;
  const question = sent.messages ?? (endsWith(shown, append) ? shown : [...shown, ...append]);
  return [...question, answer];
}

function isSameResult(left: Message, right: Message): boolean {
  return right.toolCallId !== undefined && left.toolCallId === right.toolCallId && left.content === right.content;
}

function endsWith(messages: readonly Message[], end: readonly Message[]): boolean {
  const start = messages.length - end.length;
  return end.every(({ role, content, toolCalls = [] }, index) => {
    const message = messages[start + index];
    if (message?.role !== role || message.content !== content) return false;
    return (message.toolCalls ?? []).length === toolCalls.length;
  });
}
