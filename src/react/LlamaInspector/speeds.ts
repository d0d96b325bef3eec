import type { GenerationState } from '../../protocol/generated';

/** The speed of one answer. */
export interface Speed {
  readonly id: string;
  readonly tokensPerSecond: number;
  /** From the request to the first token. */
  readonly firstTokenMs: number;
  readonly prefilledTokens: number;
  readonly cachedTokens: number;
}

/** Returns the speeds of the answers that have ended with at least one token, oldest first. */
export function speeds(generations: readonly GenerationState[]): Speed[] {
  return generations.flatMap(({ id, phase }) => {
    if (phase.type !== 'finished') return [];
    const { usage, timings } = phase.outcome;
    if (usage.outputTokens === 0) return [];
    const { prefilledTokens, cachedTokens, outputTokens } = usage;
    // An answer that ended within one tick of the clock still had a speed.
    const tokensPerSecond = outputTokens / Math.max(timings.decodeMs / 1000, 0.001);
    return [{ id, tokensPerSecond, firstTokenMs: timings.firstTokenMs, prefilledTokens, cachedTokens }];
  });
}
