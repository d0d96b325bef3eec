import type { Message } from '../protocol/generated';
import { sharedCount } from './sharedMessages';

/** A pooled conversation that a call without a scope may be given. */
export interface Candidate {
  /** Its scope. */
  readonly id: string;
  /** Path of the model that answered last; `undefined` if the conversation does not exist. */
  readonly model: string | undefined;
  /** Its transcript. */
  readonly messages: readonly Message[];
  /** Milliseconds since the Unix epoch. */
  readonly lastUsedAt: number;
}

/**
 * Returns the conversation for a call, or `undefined` without candidates. The order of preference:
 *
 * 1. The longest conversation that the call continues, or whose last answer it asks for again.
 * 2. A conversation that does not exist yet. One that only starts with the same messages is worth keeping, because the
 *    engine copies the shared beginning.
 * 3. The least recently used conversation.
 */
export function chooseScope(
  model: string,
  messages: readonly Message[],
  candidates: readonly Candidate[],
): string | undefined {
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
