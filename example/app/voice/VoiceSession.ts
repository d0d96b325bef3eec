import type { HearingProblem, Recording, Transcriber } from '../speech/Transcriber';
import { Cell } from '../store';

/** What the microphone does. */
export type Voice =
  | { readonly type: 'idle'; readonly problem?: HearingProblem }
  /** The microphone is being opened. */
  | { readonly type: 'opening' }
  | { readonly type: 'listening'; readonly level: number; readonly partial: string }
  /** Everything is said; the last word is awaited. */
  | { readonly type: 'recognising'; readonly partial: string };

/** Who wants to know what is heard. */
export interface VoiceListener {
  /** What is heard so far: a guess, which may change. Called with nothing when the recording begins. */
  onPartial(text: string): void;
  /** What was said, and for how many milliseconds after its end the recogniser worked. Never empty. */
  onHeard(text: string, recognisedMs: number): void;
  /** What was heard of a recording that failed: a draft. May be empty. */
  onLost(partial: string): void;
}

/** The one microphone of the app: at most one recording at a time. */
export class VoiceSession {
  /** What it does now. */
  readonly state = new Cell<Voice>({ type: 'idle' });
  private current: { readonly recording: Recording; readonly listener: VoiceListener; partial: string; finishedAt: number } | undefined;

  constructor(
    private readonly transcriber: Transcriber,
    private readonly now: () => number = Date.now,
  ) {}

  /** Begins to listen. Does nothing while it listens already. */
  start(language: string, listener: VoiceListener): void {
    if (this.current !== undefined) return;
    this.state.set({ type: 'opening' });
    let level = 0;
    const show = () => {
      if (this.state.getSnapshot().type !== 'recognising') this.state.set({ type: 'listening', level, partial: current.partial });
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

  /** The user has said everything. */
  finish(): void {
    if (this.current === undefined || this.state.getSnapshot().type === 'recognising') return;
    this.current.finishedAt = this.now();
    this.state.set({ type: 'recognising', partial: this.current.partial });
    this.current.recording.finish();
  }

  /** Ends the recording; what was heard of it is lost, or, with a problem, becomes a draft. */
  cancel(problem?: HearingProblem): void {
    const { current } = this;
    if (current === undefined) return;
    this.current = undefined;
    current.recording.cancel();
    this.state.set(problem === undefined ? { type: 'idle' } : { type: 'idle', problem });
    if (problem !== undefined) current.listener.onLost(current.partial);
  }

  /** The user has read what the problem was. */
  dismiss(): void {
    if (this.current === undefined) this.state.set({ type: 'idle' });
  }
}
