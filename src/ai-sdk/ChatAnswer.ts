import type { UIMessageChunk } from 'ai';

import type { Generation } from '../core/generations/Generation';

/** What an answer is opened with. */
export interface Opening {
  /** Aborted by `stop`. */
  readonly signal: AbortSignal;
  /** Told what went wrong; the text that the AI SDK shows comes back. */
  readonly onError: (error: unknown) => string;
  /** Told of each turn of the engine that the answer takes. */
  readonly onGeneration: (generation: Generation) => void;
}

/** Begins an answer. */
export type Open = (opening: Opening) => Promise<ReadableStream<UIMessageChunk>>;

/**
 * One answer to a chat, with all of its steps. It reads itself to its end, whoever looks on: a component that goes neither
 * ends nor loses it, and one that comes is told it from its beginning.
 */
export class Run {
  /** Settles when nothing comes any more, and the engine is done with it; never rejects. */
  readonly ended: Promise<void>;
  private readonly chunks: UIMessageChunk[] = [];
  private readonly abort = new AbortController();
  private readonly generations: Generation[] = [];
  private readonly waiting = new Set<() => void>();
  private isOver = false;
  private failure: { error: unknown } | undefined;
  private followers = 0;

  constructor(open: Open) {
    this.ended = this.read(open).then(() => this.rest());
  }

  /** Whether more of it may come: neither stopped nor over. */
  get isOpen(): boolean {
    return !this.isOver && !this.abort.signal.aborted;
  }

  /** Ends the answer; what came of it stays. */
  stop(): void {
    this.abort.abort();
  }

  /**
   * The answer from its beginning, for one that looks on. `signal` stops the answer for all; but not where the same chat looks
   * on anew at once, which the AI SDK says by an abort as well.
   */
  follow(signal: AbortSignal | undefined): ReadableStream<UIMessageChunk> {
    this.followers += 1;
    const stop = () => {
      const { followers } = this;
      void Promise.resolve().then(() => {
        if (followers === this.followers) this.stop();
      });
    };
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
    let place = 0;
    return new ReadableStream<UIMessageChunk>({
      pull: async (controller) => {
        await this.beyond(place);
        const chunk = this.chunks[place];
        place += 1;
        if (chunk !== undefined) controller.enqueue(chunk);
        else if (this.failure === undefined) controller.close();
        else controller.error(this.failure.error);
      },
    });
  }

  private async read(open: Open): Promise<void> {
    const onError = (error: unknown) => String((this.failure ??= { error }).error);
    const onGeneration = (generation: Generation) => void this.generations.push(generation);
    try {
      const stream = await open({ signal: this.abort.signal, onError, onGeneration });
      const reader = stream.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) this.take(next.value);
    } catch (error) {
      this.failure ??= { error };
    }
    this.isOver = true;
    this.wake();
  }

  /** The AI SDK leaves an answer as soon as it is stopped. */
  private async rest(): Promise<void> {
    const nothing = () => undefined;
    await Promise.all(this.generations.map(({ result }) => result.then(nothing, nothing)));
  }

  private take(chunk: UIMessageChunk): void {
    // Its error is thrown instead, at the end: the AI SDK would make another one of its text.
    if (chunk.type === 'error') return;
    this.chunks.push(chunk);
    this.wake();
  }

  private wake(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const go of waiting) go();
  }

  private beyond(place: number): Promise<void> {
    if (this.isOver || place < this.chunks.length) return Promise.resolve();
    return new Promise((resolve) => this.waiting.add(resolve));
  }
}
