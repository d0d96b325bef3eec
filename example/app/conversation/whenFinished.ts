import type { Generation, GenerationState } from 'react-native-llama-rs';

/** Calls `then` once, in the batch of events that ends a generation. Calls it at once if the generation has ended. */
export function whenFinished(generation: Generation, then: (state: GenerationState) => void): void {
  let isDone = false;
  let unsubscribe = () => {};
  const look = () => {
    const state = generation.getSnapshot();
    if (isDone || state.phase.type !== 'finished') return;
    isDone = true;
    unsubscribe();
    then(state);
  };
  unsubscribe = generation.subscribe(look);
  look();
}
