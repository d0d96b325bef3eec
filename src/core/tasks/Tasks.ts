import type { BenchReport, Command } from '../../protocol/generated';
import type { NewId } from '../port/idMaker';
import type { Requests } from '../port/Requests';
import { followSignal, type Signal } from '../port/Signal';
import { type Changes, Store } from '../state/Store';
import { benchCommand, type BenchProgress, type BenchRequest } from './BenchRequest';
import { embedCommand, type Embeddings, type EmbedRequest } from './EmbedRequest';

/** One-shot tasks, which hold a model until they are answered and leave no conversation behind. */
export class Tasks {
  private readonly benches = new Map<string, Store<BenchProgress | undefined>>();

  constructor(
    private readonly changes: Changes,
    private readonly requests: Requests,
    private readonly newId: NewId,
  ) {}

  /** Embeds texts. */
  embed(request: EmbedRequest): Promise<Embeddings> {
    const embeddingId = this.newId('embedding');
    return this.run(embedCommand(embeddingId, request), { type: 'cancelEmbed', embeddingId }, request.signal);
  }

  /** Measures a model. */
  bench(request: BenchRequest): Promise<BenchReport> {
    const { onProgress, signal } = request;
    const benchId = this.newId('bench');
    const progress = new Store<BenchProgress | undefined>(this.changes, undefined);
    progress.subscribe(() => {
      const now = progress.getSnapshot();
      if (now !== undefined) onProgress?.(now);
    });
    this.benches.set(benchId, progress);
    const report = this.run<BenchReport>(benchCommand(benchId, request), { type: 'cancelBench', benchId }, signal);
    const forget = () => this.benches.delete(benchId);
    report.then(forget, forget);
    return report;
  }

  /** Takes the progress of a measurement. The id of one that has ended is ignored. */
  progressed(benchId: string, progress: BenchProgress): void {
    this.benches.get(benchId)?.set(Object.freeze(progress));
  }

  private run<Answer>(command: Command, cancel: Command, signal: Signal | undefined): Promise<Answer> {
    const answer = this.requests.ask<Answer>(command);
    followSignal(signal, () => this.requests.tell(cancel), answer);
    return answer;
  }
}
