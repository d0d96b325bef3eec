import { useEffect, useState } from 'react';

import type { Generation } from '../core/generations/Generation';
import type { GenerationState } from '../protocol/generated';

/**
 * Returns the text and phase of running generations. Uses `useState`, not `useSyncExternalStore`, so that a more urgent
 * render can interrupt one of streaming text.
 */
export function useGenerationStates(generations: readonly Generation[]): (generation: Generation) => GenerationState {
  const [states, setStates] = useState(() => snapshots(generations));
  useEffect(() => {
    const update = () => setStates(snapshots(generations));
    update();
    const ends = generations.map((generation) => generation.subscribe(update));
    return () => ends.forEach((end) => end());
  }, [generations]);
  return (generation) => states.get(generation) ?? generation.getSnapshot();
}

function snapshots(generations: readonly Generation[]): ReadonlyMap<Generation, GenerationState> {
  return new Map(generations.map((generation) => [generation, generation.getSnapshot()]));
}
