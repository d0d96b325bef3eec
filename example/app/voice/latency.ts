import type { Generation } from 'react-native-llama-rs';

/** How long the user waited after the last spoken word. In milliseconds. */
export interface Latency {
  /** For the recogniser's last word. */
  readonly recognisedMs: number;
  /** For the answer's first word, recognition included. */
  readonly answeredMs: number;
}

/** Calls `onFirstText` when the first text of an answer is here. */
export function watchFirstText(generation: Generation, onFirstText: () => void): void {
  let isDone = false;
  let unsubscribe = () => {};
  const look = () => {
    const { text, phase } = generation.getSnapshot();
    if (isDone || (text === '' && phase.type !== 'finished')) return;
    isDone = true;
    unsubscribe();
    if (text !== '') onFirstText();
  };
  unsubscribe = generation.subscribe(look);
  look();
}
