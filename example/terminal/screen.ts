import type { GenerateOptions, Usage } from 'react-native-llama-rs';

/** Options of every answer: the likeliest token each time gives the same story each time. */
export const ANSWER: GenerateOptions = { temperature: 0, maxOutputTokens: 64 };

/** Callbacks of a screen. */
export interface Watcher {
  /** Whether the model was ready in the first render. */
  readonly firstRender: (ready: boolean) => void;
  /** The answer that the screen shows now. */
  readonly shown: (text: string) => void;
  readonly answered: (answer: Answer) => void;
  readonly failed: (error: unknown) => void;
}

export interface Answer {
  readonly text: string;
  readonly usage: Usage;
}
