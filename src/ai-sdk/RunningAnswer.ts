import {
  type LanguageModelV4,
  type LanguageModelV4CallOptions,
  type LanguageModelV4StreamResult,
  UnsupportedFunctionalityError,
} from '@ai-sdk/provider';

import type { Generation } from '../core/generations/Generation';
import { followSignal } from '../core/port/Signal';
import { partStream } from './partStream';

/**
 * A model of the AI SDK that streams an answer which is being written already, such as one before a JavaScript reload.
 */
export class RunningAnswer implements LanguageModelV4 {
  readonly specificationVersion = 'v4';
  readonly provider = 'llama';
  readonly modelId: string;
  readonly supportedUrls = {};

  constructor(private readonly generation: Generation) {
    this.modelId = generation.getSnapshot().model;
  }

  doGenerate(): Promise<never> {
    return Promise.reject(new UnsupportedFunctionalityError({ functionality: 'a running answer in one piece' }));
  }

  doStream({ abortSignal: signal }: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    const { generation, modelId } = this;
    followSignal(signal, () => void generation.cancel().catch(() => undefined), generation.result);
    return Promise.resolve({ stream: partStream(generation, { warnings: [], modelId, signal, isRaw: false }) });
  }
}
