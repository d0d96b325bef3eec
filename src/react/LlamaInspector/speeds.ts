import type { GenerationState } from '../../protocol/generated';

/** How fast one answer was. */
export interface Speed {
  readonly id: string;
  readonly tokensPerSecond: number;
  /** From the request to the first token. */
  readonly firstTokenMs: number;
  readonly prefilledTokens: number;
  readonly cachedTokens: number;
}

/** Of the answers that have ended and had a token, oldest first. */
export function speeds(generations: readonly GenerationState[]): Speed[] {
  return generations.flatMap(({ id, phase }) => {
    if (phase.type !== 'finished') return [];
    const { usage, timings } = phase.outcome;
    if (usage.outputTokens === 0) return [];
    const { prefilledTokens, cachedTokens, outputTokens } = usage;
    // The first token is the prefill's; an answer that was over within a clock's tick still had a speed.
    const tokensPerSecond = outputTokens / Math.max(timings.decodeMs / 1000, 0.001);
    return [{ id, tokensPerSecond, firstTokenMs: timings.firstTokenMs, prefilledTokens, cachedTokens }];
  });
}
