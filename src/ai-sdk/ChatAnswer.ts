import type { UIMessageChunk } from 'ai';

import type { Generation } from '../core/generations/Generation';

/** Connects a stream of the AI SDK to its answer. */
export interface AnswerContext {
  /** Aborted by `stop`. */
  readonly signal: AbortSignal;
  /** Called with an error; returns the text that the AI SDK shows. */
  readonly onError: (error: unknown) => string;
  /** Called with each generation of the answer. */
  readonly onGeneration: (generation: Generation) => void;
}

/** Starts the stream of an answer. */
export type OpenAnswer = (context: AnswerContext) => Promise<ReadableStream<UIMessageChunk>>;

/**
 * One answer to a chat, with all of its steps. The answer reads its stream to the end by itself: a component that
 * unmounts neither ends nor loses it, and a component that mounts receives it from its beginning.
 */
export class ChatAnswer {
  /** Resolves when the stream has ended and the engine is done with the answer; never rejects. */
  readonly ended: Promise<void>;
  private readonly chunks: UIMessageChunk[] = [];
  private readonly abort = new AbortController();
  private readonly generations: Generation[] = [];
  private readonly waiting = new Set<() => void>();
  private isOver = false;
  private failure: { error: unknown } | undefined;
  private followers = 0;

  constructor(open: OpenAnswer) {
    this.ended = this.read(open).then(() => this.settleGenerations());
  }

  /** Whether more of the answer may come: it is neither stopped nor over. */
  get isOpen(): boolean {
    return !this.isOver && !this.abort.signal.aborted;
  }

  /** Ends the answer; its text so far stays. */
  stop(): void {
    this.abort.abort();
  }

  /**
   * Returns the answer from its beginning, for one more reader. `signal` stops the answer for all readers. The
   * exception is a chat that reads the answer again at once: the AI SDK aborts before that, and means no stop.
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

  private async read(open: OpenAnswer): Promise<void> {
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

  /** Waits for the engine: the AI SDK leaves a stopped answer while its generation still ends. */
  private async settleGenerations(): Promise<void> {
    const nothing = () => undefined;
    await Promise.all(this.generations.map(({ result }) => result.then(nothing, nothing)));
  }

  private take(chunk: UIMessageChunk): void {
    // The error itself is thrown at the end: the AI SDK would make another error of its text.
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
