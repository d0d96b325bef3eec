import { type EmbeddingModelV4, type LanguageModelV4, NoSuchModelError, type ProviderV4 } from '@ai-sdk/provider';

import type { LlamaClient } from '../core/LlamaClient';
import type { ModelConfig } from '../protocol/generated';
import { LlamaEmbeddingModel } from './LlamaEmbeddingModel';
import { LlamaLanguageModel } from './LlamaLanguageModel';

/** Options of a language model. */
export interface LlamaModelOptions {
  /**
   * The conversation. The prompt of each call replaces its transcript from the first difference on, and the answer
   * becomes its next message.
   * @default for each call the hidden conversation that shares most with its prompt; nothing is written to disk
   */
  scope?: string;
}

/** The AI SDK's provider of models on this device, by path or name. */
export interface LlamaModels extends ProviderV4 {
  /** Makes a language model; a string is its `path`. Nothing is loaded before the first call. */
  (model: string | ModelConfig, options?: LlamaModelOptions): LanguageModelV4;
  /** Makes a model for `embed` and `embedMany`. Chat models work too, less well than models made for embeddings. */
  embeddingModel(model: string | ModelConfig): EmbeddingModelV4;
}

/**
 * Makes the AI SDK's provider of models on this device.
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

/** Returns the options of a model; a string is its path. */
export function configOf(model: string | ModelConfig): ModelConfig {
  return typeof model === 'string' ? { path: model } : model;
}
