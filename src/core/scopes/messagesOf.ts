import type { GenerationState, Message } from '../../protocol/generated';
import type { Generation } from '../generations/Generation';
import type { ScopeState } from './Scopes';

/** A message of a chat. `generationId` is present while it is being written. */
export interface ChatMessage extends Message {
  readonly generationId?: string;
}

/**
 * What a chat shows: the transcript, then the turns under way. Messages of the transcript are those of `scope`, the same
 * objects. `stateOf` gives a generation's text and phase.
 */
export function conversation(
  scope: ScopeState,
  stateOf: (generation: Generation) => GenerationState = (generation) => generation.getSnapshot(),
): readonly ChatMessage[] {
  let shown: readonly ChatMessage[] = scope.transcript.messages;
  for (const generation of scope.generations) {
    shown = withTurn(shown, generation, stateOf(generation));
  }
  return shown;
}

function withTurn(shown: readonly ChatMessage[], { id, sent }: Generation, state: GenerationState): readonly ChatMessage[] {
  // As the engine leaves out results that came with the turn before.
  const append = (sent.append ?? []).filter((message) => message.role !== 'tool' || !shown.some((known) => isSameResult(known, message)));
  const { text, reasoning, toolCalls } = state;
  const answer: ChatMessage = {
    role: 'assistant',
    content: text,
    ...(reasoning !== '' && { reasoning }),
    ...(toolCalls.length > 0 && { toolCalls }),
    generationId: id,
  };
  const isEmpty = text === '' && reasoning === '' && toolCalls.length === 0;
  // The engine writes the answer into the transcript just before it says that the generation has finished.
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
    return message?.role === role && message.content === content && (message.toolCalls ?? []).length === toolCalls.length;
  });
}
