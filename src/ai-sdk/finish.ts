import type {
  JSONValue,
  LanguageModelV4FinishReason,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';

import type { Generation } from '../core/generations/Generation';
import type { ErrorInfo, FinishReason, Timings, TokenLogprob, Usage } from '../protocol/generated';

/** The end of a generation, as the AI SDK reports it. A `GenerationResult` is one. */
export interface Ending {
  readonly reason: FinishReason;
  readonly error?: ErrorInfo;
  readonly usage: Usage;
  readonly timings: Timings;
  /** Present if the call asked for them. */
  readonly logprobs?: readonly TokenLogprob[];
}

const UNIFIED: Readonly<Record<FinishReason, LanguageModelV4FinishReason['unified']>> = {
  stop: 'stop',
  length: 'length',
  toolCalls: 'tool-calls',
  // The call's own signal makes an error instead. Here other code cancelled the generation, and the answer is partial.
  cancelled: 'interrupted',
  failed: 'error',
};

/** Returns the AI SDK's report of a call that has ended. */
export function finishOf(
  { id, scope }: Pick<Generation, 'id' | 'scope'>,
  { reason, error, usage, timings, logprobs }: Ending,
): {
  finishReason: LanguageModelV4FinishReason;
  usage: LanguageModelV4Usage;
  providerMetadata: SharedV4ProviderMetadata;
} {
  return {
    finishReason: { unified: UNIFIED[reason], raw: error?.code ?? reason },
    usage: toUsage(usage),
    providerMetadata: {
      llama: { generationId: id, scope, timings: { ...timings }, ...(logprobs && { logprobs: copyOf(logprobs) }) },
    },
  };
}

/** Returns a copy in plain JSON, as metadata must be. */
function copyOf(logprobs: readonly TokenLogprob[]): JSONValue[] {
  return logprobs.map(({ top, ...chosen }) => ({ ...chosen, top: top.map((other) => ({ ...other })) }));
}

function toUsage(usage: Usage): LanguageModelV4Usage {
  const { promptTokens, prefilledTokens, cachedTokens, outputTokens } = usage;
  return {
    inputTokens: { total: promptTokens, noCache: prefilledTokens, cacheRead: cachedTokens, cacheWrite: undefined },
    // The engine counts tokens before it separates reasoning from text.
    outputTokens: { total: outputTokens, text: undefined, reasoning: undefined },
    raw: { ...usage },
  };
}
