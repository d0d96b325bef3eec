import type { GenerationState } from '../../protocol/generated';
import type { ReadableStore } from '../state/Store';

/** A sentence of an answer, with its place in UTF-16 code units. The next sentence starts at `end`. */
export interface Sentence {
  /** The sentence without the space around it. Contains Markdown if the answer does. */
  readonly text: string;
  /** Index of its first character in the answer. */
  readonly start: number;
  /** Index behind its last character and the space after it. */
  readonly end: number;
}

/** The end of a sentence: a mark and the space after it, a mark of a script without spaces, or the end of a line. */
const END = /[.!?…]+["'”’)\]*_]*\s+|[。！？]+[”’」』）]*\s*|\n\s*/g;

/** A full stop after an abbreviation ends no sentence. */
const ABBREVIATION = /(?:^|[\s(])(?:\p{Lu}|Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|z\.B|d\.h)$/u;

/** The number of a list item. */
const LIST_NUMBER = /^\s*\d+$/;

/**
 * Calls `listener` with each sentence of an answer as soon as it is complete, and with the rest when the answer ends.
 * Sentences that are complete already come at once. Returns the function that unsubscribes. Use it to speak an answer
 * while it is being written.
 *
 * ```ts
 * const end = onSentence(chat.send('Tell me a story'), ({ text }) => speaker.say(text));
 * ```
 */
export function onSentence(
  generation: ReadableStore<GenerationState>,
  listener: (sentence: Sentence) => void,
): () => void {
  const reading = { from: 0, ended: false, unsubscribe: () => {} };
  const end = () => {
    reading.ended = true;
    reading.unsubscribe();
  };
  const look = () => {
    const { text, phase } = generation.getSnapshot();
    const isWhole = phase.type === 'finished';
    for (const sentence of sentencesFrom(text, reading.from, isWhole)) {
      if (reading.ended) return;
      reading.from = sentence.end;
      listener(sentence);
    }
    if (isWhole) end();
  };
  reading.unsubscribe = generation.subscribe(look);
  look();
  return end;
}

/** Returns the complete sentences from `from` on, and for a whole text the rest as well. */
export function sentencesFrom(text: string, from: number, isWhole: boolean): Sentence[] {
  const found: Sentence[] = [];
  let start = from;
  const add = (end: number) => {
    const sentence = text.slice(start, end).trim();
    if (sentence !== '') found.push({ text: sentence, start, end });
    start = end;
  };
  END.lastIndex = from;
  for (let match = END.exec(text); match !== null; match = END.exec(text)) {
    const before = text.slice(start, match.index);
    const isStop = match[0].startsWith('.') && !match[0].includes('\n');
    if (isStop && (ABBREVIATION.test(before) || LIST_NUMBER.test(before))) continue;
    add(match.index + match[0].length);
  }
  if (isWhole) add(text.length);
  return found;
}
