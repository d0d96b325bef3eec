import type { GenerateOptions, ModelConfig } from 'react-native-llama-rs';

// The messages between the host and the app in the browser. The port and each recording have a socket of their own,
// which lives as long as they do.

/** The path of each service. */
export const PATHS = { port: '/port', hear: '/hear', speak: '/speak' } as const;

/**
 * The subprotocol of every socket. The page offers the token beside it, as `token.TOKEN`, to keep it out of addresses.
 */
export const SUBPROTOCOL = 'llama-rs-demo';

/** Samples per second of recorded sound: 16-bit, mono, little-endian. */
export const SAMPLE_RATE = 16_000;

/** The abilities of the host. */
export interface About {
  readonly model: ModelConfig;
  /** Options of every answer. */
  readonly options: GenerateOptions;
  /** Languages that can be recognised, as BCP 47 tags; empty without a recogniser. */
  readonly languages: readonly string[];
  /** Whether the host can speak. */
  readonly speaks: boolean;
}

/**
 * Down a port's socket: `hello` once and first, `snapshot` before a batch that follows a gap. Envelopes go up
 * unchanged.
 */
export type FromPort =
  | { readonly type: 'hello'; readonly about: About; readonly snapshot: string }
  | { readonly type: 'snapshot'; readonly snapshot: string }
  | { readonly type: 'batch'; readonly batch: string };

/**
 * Down a recording's socket: the words so far while sound comes up in binary frames, all words after the text frame
 * `end`.
 */
export type FromRecogniser =
  | { readonly type: 'partial'; readonly text: string }
  | { readonly type: 'final'; readonly text: string }
  | { readonly type: 'failed'; readonly detail: string };
