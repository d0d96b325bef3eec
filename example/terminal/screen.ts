import type { GenerateOptions, Usage } from 'react-native-llama-rs';

/** Of every screen. The likeliest token each time: the same story every time. */
export const ANSWER: GenerateOptions = { temperature: 0, maxOutputTokens: 64 };

/** What a screen tells those who watch it. */
export interface Watcher {
  /** Whether the model was there in the first render. */
  readonly firstRender: (ready: boolean) => void;
  /** The answer as the screen shows it now. */
  readonly shown: (text: string) => void;
  readonly answered: (answer: Answer) => void;
  readonly failed: (error: unknown) => void;
}

export interface Answer {
  readonly text: string;
  readonly usage: Usage;
}
