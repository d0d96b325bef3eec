import { type EmbeddingModelV4, type LanguageModelV4, NoSuchModelError, type ProviderV4 } from '@ai-sdk/provider';

import type { LlamaClient } from '../core/LlamaClient';
import type { ModelConfig } from '../protocol/generated';
import { LlamaEmbeddingModel } from './LlamaEmbeddingModel';
import { LlamaLanguageModel } from './LlamaLanguageModel';

/** Which conversation a model speaks in. */
export interface LlamaModelOptions {
  /**
   * The prompt of each call becomes the transcript of this conversation, from the first difference on, and the answer its next
   * message. Left out: each call is given a hidden one that shares most with its prompt, or none, and nothing is written to disk.
   */
  scope?: string;
}

/** Models of this device by path or name, for every function of the AI SDK that takes a model. */
export interface LlamaModels extends ProviderV4 {
  /** `model`: what `useLlama` takes; a text is its `path`. Nothing is loaded before the first call. */
  (model: string | ModelConfig, options?: LlamaModelOptions): LanguageModelV4;
  /** Vectors for `embed` and `embedMany`. A model that chats makes them too, of its own quality. */
  embeddingModel(model: string | ModelConfig): EmbeddingModelV4;
}

/**
 * The AI SDK's provider for the models of this device.
 *
 * ```ts
 * const llama = createLlama(client);
 * const { text } = await generateText({ model: llama('hf:org/repo:Q4_K_M'), prompt: 'Who are you?' });
 * ```
 */
export function createLlama(client: LlamaClient): LlamaModels {
  const languageModel = (model: string | ModelConfig, { scope }: LlamaModelOptions = {}) =>
    new LlamaLanguageModel(client, configOf(model), scope);
  return Object.assign(languageModel, {
    specificationVersion: 'v4' as const,
    languageModel: (modelId: string) => languageModel(modelId),
    embeddingModel: (model: string | ModelConfig) => new LlamaEmbeddingModel(client, configOf(model)),
    imageModel: (modelId: string): never => {
      throw new NoSuchModelError({ modelId, modelType: 'imageModel' });
    },
  });
}

/** A model's options; a text is its path. */
export function configOf(model: string | ModelConfig): ModelConfig {
  return typeof model === 'string' ? { path: model } : model;
}
