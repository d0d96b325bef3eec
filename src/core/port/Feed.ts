import type { Batch, NumberedEvent, Snapshot } from '../../protocol/generated';
import { LlamaError } from '../LlamaError';
import { parseBatch, parseSnapshot } from './parse';
import type { Port } from './Port';

/** Receives snapshots and events in order, without a gap. */
export interface FeedSink {
  /** Replaces the whole state. `renewed`: the engine is another one, and knows nothing of this client. */
  onSnapshot(snapshot: Snapshot, renewed: boolean): void;
  /** Returns whether the event fits the known state. If it does not, a snapshot follows. */
  onEvent(event: NumberedEvent): boolean;
  /** Called with `protocolViolation` after a malformed batch or snapshot. */
  onProblem(error: LlamaError): void;
}

/**
 * Delivers a snapshot, then the events after it in order. After a gap, a new epoch, a malformed batch or an event that
 * does not fit, the feed goes on from a new snapshot.
 */
export class Feed {
  private epoch = '';
  private seq = 0;

  constructor(
    private readonly port: Port,
    private readonly sink: FeedSink,
  ) {}

  /** Reads the first snapshot. Throws `protocolViolation` when it is malformed. */
  start(): void {
    const snapshot = parseSnapshot(this.port.snapshot());
    this.epoch = snapshot.epoch;
    this.seq = snapshot.seq;
    this.sink.onSnapshot(snapshot, false);
  }

  /** Takes a batch as the port delivers it. Never throws: on a phone an exception here would end the app. */
  receive(json: string): void {
    let batch: Batch;
    try {
      batch = parseBatch(json);
    } catch (error) {
      this.sink.onProblem(error as LlamaError);
      this.restart();
      return;
    }
    if (batch.epoch !== this.epoch) this.restart();
    // If the epochs still differ, the batch is a late one, of an engine that is gone.
    if (batch.epoch !== this.epoch) return;
    for (const event of batch.events) this.take(event);
  }

  private take(event: NumberedEvent): void {
    if (event.seq > this.seq + 1) this.restart();
    if (event.seq > this.seq) {
      this.seq = event.seq;
      if (!this.sink.onEvent(event)) this.restart();
    } else if ('requestId' in event) {
      // The snapshot is ahead of this event, but a snapshot holds no answers to commands.
      this.sink.onEvent(event);
    }
  }

  private restart(): void {
    let snapshot: Snapshot;
    try {
      snapshot = parseSnapshot(this.port.snapshot());
    } catch (error) {
      this.sink.onProblem(asLlamaError(error));
      return;
    }
    const renewed = snapshot.epoch !== this.epoch;
    this.epoch = snapshot.epoch;
    this.seq = snapshot.seq;
    this.sink.onSnapshot(snapshot, renewed);
  }
}

function asLlamaError(error: unknown): LlamaError {
  return error instanceof LlamaError
    ? error
    : new LlamaError('protocolViolation', 'the port threw instead of giving its snapshot - see the cause', error);
}
