/** Why nothing, or not everything, was heard. */
export type HearingProblem =
  /** The user, or the system, does not let the app use the microphone. */
  | 'permissionDenied'
  /** There is none. */
  | 'noMicrophone'
  /** The recording is whole, and there is no word in it. */
  | 'noSpeech'
  /** A call, another audio route, the app in the background. */
  | 'interrupted'
  /** The recogniser could not be reached, or failed. */
  | 'unavailable';

/** How a recording ends. */
type Heard = { readonly type: 'heard'; readonly text: string } | { readonly type: 'failed'; readonly problem: HearingProblem };

/** What is told while the user speaks. */
export interface HearingListener {
  /** The microphone is open: from now on what is said is heard. */
  onOpen(): void;
  /** How loud it is, 0 to 1, some ten times a second. */
  onLevel(level: number): void;
  /** The guess so far. */
  onPartial(text: string): void;
  /** The end, by itself or after `finish`. Called exactly once, unless the recording is cancelled; nothing follows. */
  onEnd(heard: Heard): void;
}

/** One recording. */
export interface Recording {
  /** The user has said everything: the end follows. */
  finish(): void;
  /** Nobody wants to know any more: nothing follows. */
  cancel(): void;
}

/** Turns speech into text. On phones whisper.rn, in the browser the host's recogniser. */
export interface Transcriber {
  /** Languages that it hears, as BCP 47 tags; the first is the default. */
  readonly languages: readonly string[];
  /** Opens the microphone. Never throws: what goes wrong is the recording's end. */
  start(language: string, listener: HearingListener): Recording;
}
