import {
  type LanguageModelV4FilePart,
  type LanguageModelV4Message,
  type LanguageModelV4Prompt,
  type LanguageModelV4TextPart,
  type LanguageModelV4ToolResultOutput,
  type SharedV4Warning,
  UnsupportedFunctionalityError,
} from '@ai-sdk/provider';

import type { Message, ToolCall } from '../protocol/generated';

type Of<Role> = Extract<LanguageModelV4Message, { role: Role }>;
/** Reports a part of a call that is ignored. */
export type Warn = (warning: SharedV4Warning) => void;

/**
 * Returns a prompt as messages of a transcript. Throws `UnsupportedFunctionalityError` for a file that is not text,
 * because an answer that ignores it would be wrong. Warns of parts that a model of another provider has written.
 */
export function toMessages(prompt: LanguageModelV4Prompt, warn: Warn): Message[] {
  return prompt.flatMap((message): Message[] => {
    switch (message.role) {
      case 'system':
        return [{ role: 'system', content: message.content }];
      case 'user':
        return [{ role: 'user', content: message.content.map(textOfPart).join('\n') }];
      case 'assistant':
        return [answer(message, warn)];
      case 'tool':
        return results(message, warn);
    }
  });
}

function answer({ content }: Of<'assistant'>, warn: Warn): Message {
  let text = '';
  let reasoning = '';
  const toolCalls: ToolCall[] = [];
  for (const part of content) {
    switch (part.type) {
      case 'text':
        text += part.text;
        break;
      case 'reasoning':
        reasoning += part.text;
        break;
      case 'tool-call':
        toolCalls.push({ id: part.toolCallId, name: part.toolName, arguments: JSON.stringify(part.input ?? {}) });
        break;
      case 'file':
      case 'reasoning-file':
      case 'custom':
      case 'tool-result':
        warn({ type: 'unsupported', feature: `${part.type} in an answer`, details: 'the model does not see it' });
        break;
    }
  }
  return {
    role: 'assistant',
    content: text,
    ...(reasoning !== '' && { reasoning }),
    ...(toolCalls.length > 0 && { toolCalls }),
  };
}

function results({ content }: Of<'tool'>, warn: Warn): Message[] {
  return content.flatMap((part): Message[] => {
    if (part.type === 'tool-result') {
      const { output, toolCallId, toolName } = part;
      return [{ role: 'tool', content: textOfResult(output), toolCallId, toolName }];
    }
    warn({ type: 'unsupported', feature: part.type, details: 'no tool runs inside the engine' });
    return [];
  });
}

function textOfResult(output: LanguageModelV4ToolResultOutput): string {
  switch (output.type) {
    case 'text':
    case 'error-text':
      return output.value;
    case 'json':
    case 'error-json':
      return JSON.stringify(output.value);
    case 'execution-denied':
      return output.reason ?? 'The user did not allow this call.';
    case 'content':
      return output.value
        .map((part) => {
          if (part.type !== 'custom') return textOfPart(part);
          throw new UnsupportedFunctionalityError({ functionality: 'custom content in the result of a tool' });
        })
        .join('\n');
  }
}

type File = Pick<LanguageModelV4FilePart, 'type' | 'data' | 'mediaType'>;

function textOfPart(part: LanguageModelV4TextPart | File): string {
  if (part.type === 'text') return part.text;
  const { data, mediaType } = part;
  if (data.type === 'text') return data.text;
  const functionality = `a file of the type ${mediaType}, given as ${data.type}: only text is`;
  throw new UnsupportedFunctionalityError({ functionality });
}
