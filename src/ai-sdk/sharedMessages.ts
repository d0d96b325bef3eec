import type { Message, ToolCall } from '../protocol/generated';

/** How many messages two conversations begin with in common. */
export function sharedCount(left: readonly Message[], right: readonly Message[]): number {
  const end = left.findIndex((message, index) => !isAlike(message, right[index]));
  return end === -1 ? left.length : end;
}

/**
 * The messages as the engine knows them, as far as it does: arguments of a tool call that were read and written again would
 * otherwise be another text, and their conversation would be computed anew from there.
 */
export function asKnown(messages: readonly Message[], known: readonly Message[]): Message[] {
  const shared = sharedCount(messages, known);
  return [...known.slice(0, shared), ...messages.slice(shared)];
}

function isAlike(left: Message, right: Message | undefined): boolean {
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
      return other !== undefined && call.id === other.id && call.name === other.name && valueOf(call) === valueOf(other);
    })
  );
}

/** The engine keeps no call that was cut short, and the AI SDK's arguments are written here. */
function valueOf(call: ToolCall): string {
  return JSON.stringify(JSON.parse(call.arguments));
}
