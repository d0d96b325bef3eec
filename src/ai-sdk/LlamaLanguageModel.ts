import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamResult,
  SharedV4Warning,
} from '@ai-sdk/provider';

import type { Generation, GenerationResult } from '../core/generations/Generation';
import type { LlamaClient } from '../core/LlamaClient';
import type { ModelConfig } from '../protocol/generated';
import { abortReason } from './abortReason';
import { finishOf } from './finish';
import { toRequest } from './options';
import { partStream } from './partStream';
import { callParts } from './PartWriter';
import { toMessages } from './prompt';
import { type HeldScope, ScopePool } from './ScopePool';
import { asKnown } from './sharedMessages';

/** A model of this device for the AI SDK. Owns nothing: each call is a generation, which has its own lease. */
export class LlamaLanguageModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider = 'llama';
  /** The model's path. */
  readonly modelId: string;
  /** Empty: the engine fetches no URLs by itself. */
  readonly supportedUrls = {};

  constructor(
    private readonly client: LlamaClient,
    private readonly config: ModelConfig,
    private readonly scope?: string,
    private readonly onGeneration: (generation: Generation) => void = () => undefined,
  ) {
    this.modelId = config.path;
  }

  /** Resolves to a whole answer. Rejects with a `LlamaError`, or with the signal's reason when the call was aborted. */
  async doGenerate(call: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    const { generation, warnings } = await this.begin(call);
    const result = await generation.result;
    if (result.reason === 'cancelled' && call.abortSignal?.aborted) throw abortReason(call.abortSignal);
    return {
      content: contentOf(result),
      ...finishOf(generation, result),
      response: { id: generation.id, modelId: this.modelId, timestamp: new Date() },
      warnings,
    };
  }

  /** Resolves to a stream. A failure of the engine is a part of the stream; an abort is the stream's error. */
  async doStream(call: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    const { generation, warnings } = await this.begin(call);
    const { abortSignal: signal, includeRawChunks: isRaw = false } = call;
    return { stream: partStream(generation, { warnings, modelId: this.modelId, signal, isRaw }) };
  }

  private async begin(
    call: LanguageModelV4CallOptions,
  ): Promise<{ generation: Generation; warnings: SharedV4Warning[] }> {
    const warnings: SharedV4Warning[] = [];
    const warn = (warning: SharedV4Warning) => warnings.push(warning);
    const messages = toMessages(call.prompt, warn);
    const request = toRequest(call, warn);
    const { abortSignal: signal } = call;
    const held = await this.hold(messages);
    if (signal?.aborted) {
      held.release();
      throw abortReason(signal);
    }
    const generation = this.client.generate({
      ...request,
      model: this.config,
      scope: held.scope,
      messages: asKnown(messages, held.known),
      signal,
      ...(this.scope === undefined && { persist: 'none' }),
    });
    generation.result.then(held.release, held.release);
    this.onGeneration(generation);
    return { generation, warnings };
  }

  private async hold(messages: ReturnType<typeof toMessages>): Promise<HeldScope> {
    const { client, scope, modelId } = this;
    if (scope === undefined) return ScopePool.of(client).take(modelId, messages);
    // A transcript that cannot be read is replaced as a whole.
    const known = await client.transcript(scope).catch(() => []);
    return { scope, known, release: () => undefined };
  }
}

function contentOf({ reasoning, text, toolCalls, reason }: GenerationResult): LanguageModelV4Content[] {
  return [
    ...(reasoning === '' ? [] : [{ type: 'reasoning' as const, text: reasoning }]),
    ...(text === '' ? [] : [{ type: 'text' as const, text }]),
    ...callParts(toolCalls, reason),
  ];
}
