import { type Generation, onSentence, type ReadableStore, type Sentence } from 'react-native-llama-rs';

import { type Speaker, spoken } from './Speaker';

/** The place where reading an answer aloud was interrupted. */
export interface Interruption {
  readonly scope: string;
  readonly generationId: string;
  /** The answer's text up to and including the last sentence that the voice began. */
  readonly spokenText: string;
}

/** Reads one answer at a time aloud, sentence by sentence, while it is being written. */
export class Reader {
  private reading:
    | { readonly generation: Generation; spokenTo: number; readonly leave: () => void; rest: Sentence[]; busy: boolean }
    | undefined;

  constructor(
    private readonly speaker: Speaker,
    /** The language of the user, and so of the answer. */
    private readonly language: ReadableStore<string>,
  ) {}

  /** Begins to read an answer, and stops reading the previous one. */
  read(generation: Generation): void {
    this.stop();
    const rest: Sentence[] = [];
    const reading = { generation, spokenTo: 0, leave: () => {}, rest, busy: false };
    this.reading = reading;
    const leave = onSentence(generation, (sentence) => {
      rest.push(sentence);
      void this.speakNext();
    });
    reading.leave = leave;
  }

  /** Stops reading. Returns the place if more was to be spoken. */
  stop(): Interruption | undefined {
    const { reading } = this;
    this.reading = undefined;
    if (reading === undefined) return undefined;
    reading.leave();
    this.speaker.stop();
    const { text, phase } = reading.generation.getSnapshot();
    const isOver = phase.type === 'finished' && reading.rest.length === 0 && !reading.busy;
    if (isOver) return undefined;
    const { id: generationId, scope } = reading.generation;
    return { scope, generationId, spokenText: text.slice(0, reading.spokenTo).trimEnd() };
  }

  private async speakNext(): Promise<void> {
    const { reading } = this;
    if (reading === undefined || reading.busy) return;
    const sentence = reading.rest.shift();
    if (sentence === undefined) return;
    reading.busy = true;
    reading.spokenTo = sentence.end;
    const text = spoken(sentence.text);
    if (text !== '') await this.speaker.say(text, this.language.getSnapshot());
    reading.busy = false;
    if (this.reading === reading) await this.speakNext();
  }
}
