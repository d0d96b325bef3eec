import type { BenchReport, Command, ModelConfig } from '../../protocol/generated';
import { followSignal, type Signal } from '../generations/GenerateRequest';
import type { Requests } from '../port/Requests';
import { type Changes, Store } from '../state/Store';

/** What is to be measured. */
export interface BenchRequest {
  /** Which model; loaded if it is not. */
  model: ModelConfig;
  /** Tokens of the prompt that is read in each repetition, 0 to 65,536; 0: none is read. Left out: 512. */
  promptTokens?: number;
  /** Tokens that are written in each repetition, 0 to 65,536; 0: none is written. Left out: 128. */
  generatedTokens?: number;
  /** 1 to 100. Left out: 5. */
  repetitions?: number;
  /** Told how far it is, at most once per batch of events. */
  onProgress?: (progress: BenchProgress) => void;
  /** Cancels the measurement when it is aborted: the promise rejects with `cancelled`. */
  signal?: Signal;
}

/** How far a measurement is. */
export interface BenchProgress {
  /** Runs that are over, without those that warm up. */
  readonly done: number;
  /** Runs of both kinds together: 10, for prompts and answers in 5 repetitions. */
  readonly total: number;
}

/** Measurements that have not ended. */
export class Benches {
  private readonly running = new Map<string, Store<BenchProgress | undefined>>();

  constructor(
    private readonly changes: Changes,
    private readonly requests: Requests,
    private readonly newId: (kind: string) => string,
  ) {}

  /** Begins one. */
  run(request: BenchRequest): Promise<BenchReport> {
    const { onProgress, signal } = request;
    const benchId = this.newId('bench');
    const progress = new Store<BenchProgress | undefined>(this.changes, undefined);
    progress.subscribe(() => {
      const now = progress.getSnapshot();
      if (now !== undefined) onProgress?.(now);
    });
    this.running.set(benchId, progress);
    const report = this.requests.ask<BenchReport>(benchCommand(benchId, request));
    const forget = () => this.running.delete(benchId);
    report.then(forget, forget);
    followSignal(signal, () => this.requests.tell({ type: 'cancelBench', benchId }), report);
    return report;
  }

  /** The engine's word on one of them. One that has ended hears nothing. */
  progressed(benchId: string, progress: BenchProgress): void {
    this.running.get(benchId)?.set(Object.freeze(progress));
  }
}

function benchCommand(benchId: string, { model, promptTokens, generatedTokens, repetitions }: BenchRequest): Command {
  return {
    type: 'bench',
    benchId,
    model,
    ...(promptTokens !== undefined && { promptTokens }),
    ...(generatedTokens !== undefined && { generatedTokens }),
    ...(repetitions !== undefined && { repetitions }),
  };
}
