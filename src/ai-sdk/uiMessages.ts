import type { DynamicToolUIPart, UIMessage } from 'ai';

import type { Message, ToolCall } from '../protocol/generated';

type Parts = UIMessage['parts'];

/**
 * Returns a transcript as messages of a chat. An answer and the results of its tools become one message; the system
 * message is left out. A message that equals the one of `known` in its place keeps that one's identity, so that it is
 * not rendered again.
 */
export function toUiMessages(scope: string, transcript: readonly Message[], known: readonly UIMessage[]): UIMessage[] {
  const results = new Map(transcript.map((message) => [message.toolCallId, message.content]));
  const messages: UIMessage[] = [];
  for (const message of transcript) {
    const parts = partsOf(message, results);
    const last = messages[messages.length - 1];
    if (message.role === 'user') messages.push({ id: `${scope}:${messages.length}`, role: 'user', parts });
    if (message.role !== 'assistant') continue;
    if (last?.role === 'assistant') last.parts.push(...parts);
    else messages.push({ id: `${scope}:${messages.length}`, role: 'assistant', parts });
  }
  return messages.map((message, index) => {
    const before = known[index];
    return before !== undefined && visiblePartsOf(before) === visiblePartsOf(message) ? before : message;
  });
}

function partsOf(
  { role, content, reasoning = '', toolCalls = [] }: Message,
  results: ReadonlyMap<string | undefined, string>,
): Parts {
  if (role !== 'assistant') return [{ type: 'text', text: content }];
  return [
    { type: 'step-start' },
    ...(reasoning === '' ? [] : [{ type: 'reasoning' as const, text: reasoning, state: 'done' as const }]),
    ...(content === '' ? [] : [{ type: 'text' as const, text: content, state: 'done' as const }]),
    ...toolCalls.map((call) => toolPart(call, results.get(call.id))),
  ];
}

function toolPart({ id, name, arguments: input }: ToolCall, result: string | undefined): DynamicToolUIPart {
  const part = { type: 'dynamic-tool' as const, toolName: name, toolCallId: id, input: valueOf(input) };
  if (result === undefined) return { ...part, state: 'input-available' };
  return { ...part, state: 'output-available', output: valueOf(result) };
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Returns the visible parts of a message, for comparison. */
function visiblePartsOf({ role, parts }: UIMessage): string {
  const said = parts.map((part) => {
    if (part.type === 'text' || part.type === 'reasoning') return part.text;
    return 'toolCallId' in part ? [part.toolCallId, part.state] : '';
  });
  return JSON.stringify([role, said.filter((text) => text !== '')]);
}
