import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';

import type { GenerateRequest } from '../core/generations/GenerateRequest';
import type { GenerateOptions, ResponseFormat, Tool } from '../protocol/generated';
import type { Warn } from './prompt';
import { type LlamaProviderOptions, readProviderOptions } from './providerOptions';

/** Limits of reasoning tokens, by the AI SDK's levels of effort. A level that is not listed has no limit. */
const REASONING_TOKENS: Readonly<Record<string, number>> = { minimal: 256, low: 512, medium: 1024, high: 2048 };

/** Returns the request of a call, without its messages. */
export function toRequest(
  call: LanguageModelV4CallOptions,
  warn: Warn,
): Pick<GenerateRequest, 'options' | 'persist' | 'overflow'> {
  const { grammar, persist, overflow, ...sampling } = readProviderOptions(call.providerOptions, warn);
  const tools = toTools(call, warn);
  const options: GenerateOptions = {
    temperature: call.temperature,
    topP: call.topP,
    topK: call.topK,
    presencePenalty: call.presencePenalty,
    frequencyPenalty: call.frequencyPenalty,
    seed: call.seed,
    stop: call.stopSequences,
    maxOutputTokens: call.maxOutputTokens,
    responseFormat: toFormat(call, grammar),
    tools,
    toolChoice: tools && call.toolChoice,
    ...toReasoning(call),
    // The text that a user saw before an abort is part of the next call's messages.
    keepPartial: true,
    ...sampling,
  };
  if (tools && call.responseFormat?.type === 'json') warnOfCalls(call, warn);
  warnOfHeaders(call, warn);
  return { options: withoutUndefined(options), persist, overflow };
}

function toFormat(
  { responseFormat }: LanguageModelV4CallOptions,
  grammar: LlamaProviderOptions['grammar'],
): ResponseFormat | undefined {
  if (responseFormat?.type === 'json') {
    const schema = responseFormat.schema as Record<string, unknown> | undefined;
    return withoutUndefined({ type: 'json' as const, schema });
  }
  return grammar && withoutUndefined({ type: 'grammar' as const, ...grammar });
}

function toTools({ tools = [] }: LanguageModelV4CallOptions, warn: Warn): Tool[] | undefined {
  const usable = tools.flatMap((tool): Tool[] => {
    if (tool.type === 'provider') {
      warn({ type: 'unsupported', feature: `the tool ${tool.id}`, details: 'no tool runs inside the engine' });
      return [];
    }
    if (tool.inputExamples !== undefined) {
      const feature = `inputExamples of the tool ${tool.name}`;
      warn({ type: 'unsupported', feature, details: 'say them in its description' });
    }
    const parameters = tool.inputSchema as Record<string, unknown>;
    return [withoutUndefined({ name: tool.name, description: tool.description, parameters })];
  });
  return usable.length > 0 ? usable : undefined;
}

function toReasoning({
  reasoning,
}: LanguageModelV4CallOptions): Pick<GenerateOptions, 'reasoning' | 'reasoningBudgetTokens'> {
  if (reasoning === undefined || reasoning === 'provider-default') return {};
  if (reasoning === 'none') return { reasoning: false };
  return { reasoning: true, reasoningBudgetTokens: REASONING_TOKENS[reasoning] };
}

/** Warns of tools beside a response format: an answer follows one grammar, of its format or of its calls. */
function warnOfCalls({ toolChoice = { type: 'auto' } }: LanguageModelV4CallOptions, warn: Warn): void {
  if (toolChoice.type !== 'auto') return;
  warn({
    type: 'unsupported',
    feature: 'tools beside responseFormat',
    details: 'the answer is JSON and calls none - a step with the toolChoice required calls one, without JSON',
  });
}

function warnOfHeaders({ headers = {} }: LanguageModelV4CallOptions, warn: Warn): void {
  // The AI SDK always adds its own user agent.
  const names = Object.keys(headers).filter((name) => name.toLowerCase() !== 'user-agent');
  if (names.length === 0) return;
  warn({ type: 'unsupported', feature: 'headers', details: `there is no HTTP here: ${names.join(', ')}` });
}

/** Removes undefined fields: a field that is present overrides a default, even if it is undefined. */
function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
