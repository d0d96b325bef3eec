import type { Message } from '../protocol/generated';
import { sharedCount } from './sharedMessages';

/** A conversation that a call without one of its own may be given. */
export interface Candidate {
  /** Its scope. */
  readonly id: string;
  /** Path of the model that answered last; absent for one that does not exist. */
  readonly model: string | undefined;
  /** Its transcript. */
  readonly messages: readonly Message[];
  /** Milliseconds since the Unix epoch. */
  readonly lastUsedAt: number;
}

/**
 * Which conversation a call goes on with: of those that it continues, or whose last answer it asks for again, the longest;
 * else one that is not there yet, because one that merely begins alike is worth keeping, and the engine copies the shared
 * beginning; else the least recently used. `undefined`: there are no candidates.
 */
export function chooseScope(model: string, messages: readonly Message[], candidates: readonly Candidate[]): string | undefined {
  let best: { id: string; shared: number } | undefined;
  for (const { id, model: answeredBy, messages: known } of candidates) {
    if (answeredBy !== model) continue;
    const shared = sharedCount(known, messages);
    if (shared > (best?.shared ?? 0) && shared >= known.length - 1) best = { id, shared };
  }
  if (best !== undefined) return best.id;
  const [first] = [...candidates].sort((left, right) => left.lastUsedAt - right.lastUsedAt);
  return (candidates.find((candidate) => candidate.model === undefined) ?? first)?.id;
}
