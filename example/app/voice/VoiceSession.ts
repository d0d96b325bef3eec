import type { HearingProblem, Recording, Transcriber } from '../speech/Transcriber';
import { Cell } from '../store';

/** The state of the microphone. */
export type Voice =
  | { readonly type: 'idle'; readonly problem?: HearingProblem }
  /** The microphone is being opened. */
  | { readonly type: 'opening' }
  | { readonly type: 'listening'; readonly level: number; readonly partial: string }
  /** The user has finished, and the recogniser has not. */
  | { readonly type: 'recognising'; readonly partial: string };

/** Callbacks of one recording. */
export interface VoiceListener {
  /** The words heard so far, which may change. Called with the empty text when the recording begins. */
  onPartial(text: string): void;
  /** The words of the user, never empty, and the milliseconds that the recogniser worked after their end. */
  onHeard(text: string, recognisedMs: number): void;
  /** The words heard of a recording that failed, for the draft. May be empty. */
  onLost(partial: string): void;
}

/** The one microphone of the app, with at most one recording at a time. */
export class VoiceSession {
  readonly state = new Cell<Voice>({ type: 'idle' });
  private current:
    | { readonly recording: Recording; readonly listener: VoiceListener; partial: string; finishedAt: number }
    | undefined;

  constructor(
    private readonly transcriber: Transcriber,
    private readonly now: () => number = Date.now,
  ) {}

  /** Begins to listen. Does nothing while a recording runs. */
  start(language: string, listener: VoiceListener): void {
    if (this.current !== undefined) return;
    this.state.set({ type: 'opening' });
    let level = 0;
    const show = () => {
      if (this.state.getSnapshot().type !== 'recognising')
        this.state.set({ type: 'listening', level, partial: current.partial });
    };
    const recording = this.transcriber.start(language, {
      onOpen: show,
      onLevel: (next) => {
        level = next;
        show();
      },
      onPartial: (text) => {
        current.partial = text;
        show();
        listener.onPartial(text);
      },
      onEnd: (heard) => {
        this.current = undefined;
        const text = heard.type === 'heard' ? heard.text.trim() : '';
        if (text !== '') {
          this.state.set({ type: 'idle' });
          listener.onHeard(text, this.now() - current.finishedAt);
          return;
        }
        this.state.set({ type: 'idle', problem: heard.type === 'failed' ? heard.problem : 'noSpeech' });
        listener.onLost(current.partial);
      },
    });
    const current = { recording, listener, partial: '', finishedAt: this.now() };
    this.current = current;
    listener.onPartial('');
  }

  /** Ends the recording: the user has finished. */
  finish(): void {
    if (this.current === undefined || this.state.getSnapshot().type === 'recognising') return;
    this.current.finishedAt = this.now();
    this.state.set({ type: 'recognising', partial: this.current.partial });
    this.current.recording.finish();
  }

  /** Ends the recording and drops its words. With a problem, the words become a draft. */
  cancel(problem?: HearingProblem): void {
    const { current } = this;
    if (current === undefined) return;
    this.current = undefined;
    current.recording.cancel();
    this.state.set(problem === undefined ? { type: 'idle' } : { type: 'idle', problem });
    if (problem !== undefined) current.listener.onLost(current.partial);
  }

  /** Clears the problem, which the user has read. */
  dismiss(): void {
    if (this.current === undefined) this.state.set({ type: 'idle' });
  }
}
