/** The reason why a recording was not heard, or not to its end. */
export type HearingProblem =
  /** The user or the system denies the app the microphone. */
  | 'permissionDenied'
  /** The device has no microphone. */
  | 'noMicrophone'
  /** The recording is complete and has no word in it. */
  | 'noSpeech'
  /** A call, another audio route or the background ended the recording. */
  | 'interrupted'
  /** The recogniser could not be reached, or failed. */
  | 'unavailable';

/** The end of a recording. */
type Heard =
  | { readonly type: 'heard'; readonly text: string }
  | { readonly type: 'failed'; readonly problem: HearingProblem };

/** Callbacks of one recording. */
export interface HearingListener {
  /** The microphone is open and hears the user from now on. */
  onOpen(): void;
  /** Loudness, 0 to 1, about ten times a second. */
  onLevel(level: number): void;
  /** The words recognised so far, which may change. */
  onPartial(text: string): void;
  /**
   * The recording ended, by itself or after `finish`. Called last and exactly once, unless the recording is cancelled.
   */
  onEnd(heard: Heard): void;
}

/** One recording. */
export interface Recording {
  /** The user has finished. `onEnd` follows. */
  finish(): void;
  /** Drops the recording. No callback follows. */
  cancel(): void;
}

/** Turns speech into text: with whisper.rn on phones, with the host's recogniser in the browser. */
export interface Transcriber {
  /** Languages that the transcriber hears, as BCP 47 tags; the first is the default. */
  readonly languages: readonly string[];
  /** Opens the microphone. Never throws: a failure ends the recording. */
  start(language: string, listener: HearingListener): Recording;
}
