import type { Speaker } from '../app/speech/Speaker';

/** The system's voice. */
export interface SystemVoice {
  /** Begins to speak. Resolves to the utterance's id, possibly after its end. Rejects without a voice. */
  speak(text: string, language: string): Promise<string>;
  /** Stops speaking at once. */
  stop(): Promise<void>;
  /** Calls the listener with the id of each utterance that was spoken, was stopped or failed. */
  onOver(listener: (id: string) => void): void;
}

/** Speaks with the voice of the phone's system. */
export class PhoneSpeaker implements Speaker {
  /** Utterances whose ids are not known yet. */
  private unnamed = 0;
  /** Ids of utterances that are over, kept while another utterance has no id yet. */
  private readonly over = new Set<string>();
  private current: { id: string | undefined; readonly done: () => void } | undefined;

  constructor(private readonly voice: SystemVoice) {
    voice.onOver((id) => {
      if (this.current?.id === id) this.end();
      else if (this.unnamed > 0) this.over.add(id);
    });
  }

  say(text: string, language: string): Promise<void> {
    this.end();
    return new Promise((resolve) => {
      const utterance: { id: string | undefined; readonly done: () => void } = { id: undefined, done: resolve };
      this.current = utterance;
      this.unnamed += 1;
      const name = (id: string | undefined) => {
        utterance.id = id;
        this.unnamed -= 1;
        const isOver = id === undefined || this.over.has(id);
        if (isOver && this.current === utterance) this.end();
        if (this.unnamed === 0) this.over.clear();
      };
      // The user can still read an answer that cannot be spoken.
      this.voice.speak(text, language).then(name, () => name(undefined));
    });
  }

  stop(): void {
    if (this.current === undefined) return;
    this.end();
    this.voice.stop().catch(() => undefined);
  }

  private end(): void {
    const { current } = this;
    this.current = undefined;
    current?.done();
  }
}
