import type { Message, ToolCall } from '../protocol/generated';

/** Returns the number of messages that two conversations have in common at their beginning. */
export function sharedCount(left: readonly Message[], right: readonly Message[]): number {
  const end = left.findIndex((message, index) => !isSame(message, right[index]));
  return end === -1 ? left.length : end;
}

/**
 * Returns the messages with the engine's own ones at the beginning, as far as they are equal. Arguments of a tool call
 * that were parsed and written again are another text, and the engine would prefill the conversation again from there.
 */
export function asKnown(messages: readonly Message[], known: readonly Message[]): Message[] {
  const shared = sharedCount(messages, known);
  return [...known.slice(0, shared), ...messages.slice(shared)];
}

function isSame(left: Message, right: Message | undefined): boolean {
  return (
    right !== undefined &&
    left.role === right.role &&
    left.content === right.content &&
    (left.reasoning ?? '') === (right.reasoning ?? '') &&
    left.toolCallId === right.toolCallId &&
    haveSameCalls(left.toolCalls ?? [], right.toolCalls ?? [])
  );
}

function haveSameCalls(left: readonly ToolCall[], right: readonly ToolCall[]): boolean {
  return (
    left.length === right.length &&
    left.every((call, index) => {
      const other = right[index];
      if (other === undefined) return false;
      return call.id === other.id && call.name === other.name && valueOf(call) === valueOf(other);
    })
  );
}

/** Always valid JSON: the engine keeps no call that was cut short, and `prompt.ts` writes the AI SDK's arguments. */
function valueOf(call: ToolCall): string {
  return JSON.stringify(JSON.parse(call.arguments));
}
