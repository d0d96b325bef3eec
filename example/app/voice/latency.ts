import type { Generation } from 'react-native-llama-rs';

/** What is known of an answer when its question has been heard. */
export interface Heard {
  /** Milliseconds after the last spoken word in which the recogniser worked. */
  readonly recognisedMs: number;
  /** When it had the last word, in milliseconds since the Unix epoch. */
  readonly heardAt: number;
  /** Whether the words were prefilled while they were spoken. */
  readonly isPrepared: boolean;
}

/** How long the user waited after the last spoken word. */
export interface Latency extends Heard {
  /** Milliseconds to the answer's first word, recognition included. */
  readonly answeredMs: number;
  /** Tokens that were left to be prefilled then. */
  readonly prefilledTokens: number;
}

/** Calls `onMeasured` at the end of an answer of which the user saw something. */
export function measureLatency(generation: Generation, heard: Heard, onMeasured: (latency: Latency) => void): void {
  watchFirstText(generation, () => {
    const answeredMs = heard.recognisedMs + Date.now() - heard.heardAt;
    generation.result.then(
      ({ usage: { prefilledTokens } }) => onMeasured({ ...heard, answeredMs, prefilledTokens }),
      () => undefined,
    );
  });
}

/** For people. */
export function latencyText({ recognisedMs, answeredMs, isPrepared, prefilledTokens }: Latency): string {
  const times = `Answered after ${Math.round(answeredMs)} ms, recognised after ${Math.round(recognisedMs)} ms`;
  return `${times}, prefill ${isPrepared ? 'on' : 'off'}: ${prefilledTokens} tokens left`;
}

/** Calls `onFirstText` when the first text of an answer is here. */
function watchFirstText(generation: Generation, onFirstText: () => void): void {
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
