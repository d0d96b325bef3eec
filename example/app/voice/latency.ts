import type { Generation } from 'react-native-llama-rs';

/** A spoken question, as it is known when it has been recognised. */
export interface Heard {
  /** Milliseconds that the recogniser worked after the last spoken word. */
  readonly recognisedMs: number;
  /** The time of the last recognised word, in milliseconds since the Unix epoch. */
  readonly heardAt: number;
  /** Whether the words were prefilled while the user spoke them. */
  readonly isPrepared: boolean;
}

/** The time that the user waited after the last spoken word. */
export interface Latency extends Heard {
  /** Milliseconds until the answer's first word, recognition included. */
  readonly answeredMs: number;
  /** Tokens that were left to prefill when the question was sent. */
  readonly prefilledTokens: number;
}

/** Calls `onMeasured` at the end of an answer that showed any text. */
export function measureLatency(generation: Generation, heard: Heard, onMeasured: (latency: Latency) => void): void {
  watchFirstText(generation, () => {
    const answeredMs = heard.recognisedMs + Date.now() - heard.heardAt;
    generation.result.then(
      ({ usage: { prefilledTokens } }) => onMeasured({ ...heard, answeredMs, prefilledTokens }),
      () => undefined,
    );
  });
}

/** A latency as a sentence for the user. */
export function latencyText({ recognisedMs, answeredMs, isPrepared, prefilledTokens }: Latency): string {
  const times = `Answered after ${Math.round(answeredMs)} ms, recognised after ${Math.round(recognisedMs)} ms`;
  return `${times}, prefill ${isPrepared ? 'on' : 'off'}: ${prefilledTokens} tokens left`;
}

/** Calls `onFirstText` with the first text of an answer. */
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
