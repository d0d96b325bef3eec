import type { LanguageModelV4StreamPart, SharedV4Warning } from '@ai-sdk/provider';

import type { Generation } from '../core/generations/Generation';
import type { GenerationState } from '../protocol/generated';
import { abortReason } from './abortReason';
import { PartWriter } from './PartWriter';

/** What the stream says beside the answer. */
export interface PartStreamOptions {
  readonly warnings: SharedV4Warning[];
  readonly modelId: string;
  /** Cancels the generation, by whoever began it; the stream ends with its reason, once that has ended. */
  readonly signal: AbortSignal | undefined;
  /** Whether the engine's own states are told too. */
  readonly isRaw: boolean;
}

/**
 * A generation as the AI SDK's parts. Keeps no queue: a slow reader gets longer pieces. Cancelling the stream cancels the
 * generation.
 */
export function partStream(
  generation: Generation,
  { warnings, modelId, signal, isRaw }: PartStreamOptions,
): ReadableStream<LanguageModelV4StreamPart> {
  const writer = new PartWriter(generation);
  let told: GenerationState | undefined;
  return new ReadableStream<LanguageModelV4StreamPart>({
    start(controller) {
      controller.enqueue({ type: 'stream-start', warnings });
      controller.enqueue({ type: 'response-metadata', id: generation.id, modelId, timestamp: new Date() });
    },
    async pull(controller) {
      // A stream pulls again only after something was enqueued.
      for (let parts: LanguageModelV4StreamPart[] = []; parts.length === 0; ) {
        const state = await stateAfter(generation, told);
        told = state;
        const isOver = state.phase.type === 'finished';
        if (isOver && wasAborted(state, signal)) throw abortReason(signal);
        parts = [...(isRaw ? [{ type: 'raw' as const, rawValue: state }] : []), ...writer.write(state)];
        for (const part of parts) controller.enqueue(part);
        if (isOver) controller.close();
      }
    },
    cancel() {
      // An abort has cancelled it.
      if (signal?.aborted !== true) return generation.cancel();
      const nothing = () => undefined;
      return generation.result.then(nothing, nothing);
    },
  });
}

function wasAborted({ phase }: GenerationState, signal: AbortSignal | undefined): signal is AbortSignal {
  return phase.type === 'finished' && phase.outcome.reason === 'cancelled' && signal?.aborted === true;
}

/** The generation's state, as soon as it is another one than `known`. */
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
