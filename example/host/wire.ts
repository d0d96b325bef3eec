import type { GenerateOptions, ModelConfig } from 'react-native-llama-rs';

// What the host and the app in the browser say to each other. The port and each recording have a socket of their own, so
// that a socket's life is the port's, or the recording's.

/** Where each is served. */
export const PATHS = { port: '/port', hear: '/hear', speak: '/speak' } as const;

/** The subprotocol of every socket. The token is offered beside it, as `token.TOKEN`: no address carries it to the host. */
export const SUBPROTOCOL = 'llama-rs-demo';

/** Samples a second of what is heard: 16-bit, mono, little-endian. */
export const SAMPLE_RATE = 16_000;

/** What the host has for its app. */
export interface About {
  readonly model: ModelConfig;
  /** For every answer. */
  readonly options: GenerateOptions;
  /** Languages that can be heard, as BCP 47 tags; none without a recogniser. */
  readonly languages: readonly string[];
  /** Whether the host can speak. */
  readonly speaks: boolean;
}

/** Down a port's socket: `hello` first and once, `snapshot` before a batch that follows a gap. Up go envelopes, as they are. */
export type FromPort =
  | { readonly type: 'hello'; readonly about: About; readonly snapshot: string }
  | { readonly type: 'snapshot'; readonly snapshot: string }
  | { readonly type: 'batch'; readonly batch: string };

/** Down a recording's socket: guesses while sound comes up in binary frames, then, after the text frame `end`, the last word. */
export type FromRecogniser =
  | { readonly type: 'partial'; readonly text: string }
  | { readonly type: 'final'; readonly text: string }
  | { readonly type: 'failed'; readonly detail: string };
