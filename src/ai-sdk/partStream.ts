import type { LanguageModelV4StreamPart, SharedV4Warning } from '@ai-sdk/provider';

import type { Generation } from '../core/generations/Generation';
import type { GenerationState } from '../protocol/generated';
import { abortReason } from './abortReason';
import { PartWriter } from './PartWriter';

/** Options of a stream of parts. */
export interface PartStreamOptions {
  readonly warnings: SharedV4Warning[];
  readonly modelId: string;
  /** The call's signal. Its owner cancels the generation on abort; the stream then fails with the signal's reason. */
  readonly signal: AbortSignal | undefined;
  /** Whether the stream contains the engine's own states too. */
  readonly isRaw: boolean;
}

/**
 * Streams a generation as parts of the AI SDK, without a queue: a slow reader gets longer pieces. Cancelling the stream
 * cancels the generation.
 */
export function partStream(
  generation: Generation,
  { warnings, modelId, signal, isRaw }: PartStreamOptions,
): ReadableStream<LanguageModelV4StreamPart> {
  const writer = new PartWriter(generation);
  let last: GenerationState | undefined;
  return new ReadableStream<LanguageModelV4StreamPart>({
    start(controller) {
      controller.enqueue({ type: 'stream-start', warnings });
      controller.enqueue({ type: 'response-metadata', id: generation.id, modelId, timestamp: new Date() });
    },
    async pull(controller) {
      // A stream pulls again only after a part was enqueued.
      for (let parts: LanguageModelV4StreamPart[] = []; parts.length === 0; ) {
        const state = await stateAfter(generation, last);
        last = state;
        const isOver = state.phase.type === 'finished';
        if (isOver && wasAborted(state, signal)) throw abortReason(signal);
        parts = [...(isRaw ? [{ type: 'raw' as const, rawValue: state }] : []), ...writer.write(state)];
        for (const part of parts) controller.enqueue(part);
        if (isOver) controller.close();
      }
    },
    cancel() {
      // An abort has cancelled the generation already.
      if (signal?.aborted !== true) return generation.cancel();
      const nothing = () => undefined;
      return generation.result.then(nothing, nothing);
    },
  });
}

function wasAborted({ phase }: GenerationState, signal: AbortSignal | undefined): signal is AbortSignal {
  return phase.type === 'finished' && phase.outcome.reason === 'cancelled' && signal?.aborted === true;
}

/** Resolves to the generation's state as soon as it differs from `known`. */
function stateAfter(generation: Generation, known: GenerationState | undefined): Promise<GenerationState> {
  return new Promise((resolve) => {
    const look = () => {
      const state = generation.getSnapshot();
      if (state === known) return;
      unsubscribe();
      resolve(state);
    };
    const unsubscribe = generation.subscribe(look);
    look();
  });
}
