import type {
  EmbeddingModelV4,
  EmbeddingModelV4CallOptions,
  EmbeddingModelV4Result,
  SharedV4Warning,
} from '@ai-sdk/provider';

import type { LlamaClient } from '../core/LlamaClient';
import { isCode } from '../core/LlamaError';
import type { ModelConfig } from '../protocol/generated';
import { abortReason } from './abortReason';
import { readEmbeddingOptions } from './providerOptions';

/** The greatest number of texts that the engine takes in one request. */
const MOST_TEXTS = 256;

/** A model of this device that makes embeddings for the AI SDK. */
export class LlamaEmbeddingModel implements EmbeddingModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider = 'llama';
  readonly modelId: string;
  readonly maxEmbeddingsPerCall = MOST_TEXTS;
  /** The engine computes one request after another anyway. */
  readonly supportsParallelCalls = false;

  constructor(
    private readonly client: LlamaClient,
    private readonly model: ModelConfig,
  ) {
    this.modelId = model.path;
  }

  /** Embeds texts. `headers` are ignored: the AI SDK adds some of its own, and there is no HTTP. */
  async doEmbed(call: EmbeddingModelV4CallOptions): Promise<EmbeddingModelV4Result> {
    const { values, dimensions, abortSignal, providerOptions } = call;
    const warnings: SharedV4Warning[] = [];
    const warn = (warning: SharedV4Warning) => void warnings.push(warning);
    if (dimensions !== undefined) {
      warn({ type: 'unsupported', feature: 'dimensions', details: 'a vector has as many as its model' });
    }
    const options = readEmbeddingOptions(providerOptions, warn);
    if (isAborted(abortSignal)) throw abortReason(abortSignal);
    try {
      const request = { model: this.model, texts: values, signal: abortSignal, ...options };
      const { embeddings, usage } = await this.client.embed(request);
      return { embeddings: embeddings.map((vector) => [...vector]), usage: { tokens: usage.promptTokens }, warnings };
    } catch (error) {
      throw isCode(error, 'cancelled') && isAborted(abortSignal) ? abortReason(abortSignal) : error;
    }
  }
}

function isAborted(signal: AbortSignal | undefined): signal is AbortSignal {
  return signal !== undefined && signal.aborted;
}
