import type { Command, ModelConfig } from '../../protocol/generated';
import type { Signal } from '../port/Signal';

/** A measurement of a model's speed. */
export interface BenchRequest {
  /** The model to measure, loaded if necessary. */
  model: ModelConfig;
  /**
   * Tokens of the prompt that each repetition reads, 0 to 65,536. With 0, reading is not measured.
   * @default 512
   */
  promptTokens?: number;
  /**
   * Tokens that each repetition writes, 0 to 65,536. With 0, writing is not measured.
   * @default 128
   */
  generatedTokens?: number;
  /**
   * How often each is measured, 1 to 100.
   * @default 5
   */
  repetitions?: number;
  /** Called with the progress, at most once per batch of events. */
  onProgress?: (progress: BenchProgress) => void;
  /** Cancels the measurement when it is aborted: the promise rejects with `cancelled`. */
  signal?: Signal;
}

/** The progress of a measurement. */
export interface BenchProgress {
  /** Runs that have ended, without the warm-up runs. */
  readonly done: number;
  /** Runs of prompts and of answers together: 10 for both in 5 repetitions. */
  readonly total: number;
}

/** Returns the command of a request. */
export function benchCommand(benchId: string, request: BenchRequest): Command {
  const { model, promptTokens, generatedTokens, repetitions } = request;
  return {
    type: 'bench',
    benchId,
    model,
    ...(promptTokens !== undefined && { promptTokens }),
    ...(generatedTokens !== undefined && { generatedTokens }),
    ...(repetitions !== undefined && { repetitions }),
  };
}
