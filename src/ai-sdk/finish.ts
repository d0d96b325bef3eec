import type { JSONValue, LanguageModelV4FinishReason, LanguageModelV4Usage, SharedV4ProviderMetadata } from '@ai-sdk/provider';

import type { Generation } from '../core/generations/Generation';
import type { ErrorInfo, FinishReason, Timings, TokenLogprob, Usage } from '../protocol/generated';

/** How a generation ended, as far as the AI SDK is told; a `GenerationResult` is one. */
export interface Ending {
  readonly reason: FinishReason;
  readonly error?: ErrorInfo;
  readonly usage: Usage;
  readonly timings: Timings;
  /** Where the call asked for them. */
  readonly logprobs?: readonly TokenLogprob[];
}

const UNIFIED: Readonly<Record<FinishReason, LanguageModelV4FinishReason['unified']>> = {
  stop: 'stop',
  length: 'length',
  toolCalls: 'tool-calls',
  // Not by the call's own signal, which makes an error: somebody else ended it, and the answer is a part of one.
  cancelled: 'interrupted',
  failed: 'error',
};

/** What the AI SDK reports of a call that has ended. */
export function finishOf(
  { id, scope }: Pick<Generation, 'id' | 'scope'>,
  { reason, error, usage, timings, logprobs }: Ending,
): { finishReason: LanguageModelV4FinishReason; usage: LanguageModelV4Usage; providerMetadata: SharedV4ProviderMetadata } {
  return {
    finishReason: { unified: UNIFIED[reason], raw: error?.code ?? reason },
    usage: toUsage(usage),
    providerMetadata: { llama: { generationId: id, scope, timings: { ...timings }, ...(logprobs && { logprobs: copyOf(logprobs) }) } },
  };
}

/** As plain JSON, which is what metadata are. */
function copyOf(logprobs: readonly TokenLogprob[]): JSONValue[] {
  return logprobs.map(({ top, ...chosen }) => ({ ...chosen, top: top.map((other) => ({ ...other })) }));
}

function toUsage(usage: Usage): LanguageModelV4Usage {
  const { promptTokens, prefilledTokens, cachedTokens, outputTokens } = usage;
  return {
    inputTokens: { total: promptTokens, noCache: prefilledTokens, cacheRead: cachedTokens, cacheWrite: undefined },
    // The engine counts tokens before it tells thoughts from text.
    outputTokens: { total: outputTokens, text: undefined, reasoning: undefined },
    raw: { ...usage },
  };
}
