import type { GenerationState } from '../../protocol/generated';
import type { ReadableStore } from '../state/Store';

/** A sentence of an answer, and its place there in UTF-16 code units: `end` is where the next one begins. */
export interface Sentence {
  /** Without the space around it. May hold Markdown, as the answer does. */
  readonly text: string;
  /** Where it begins. */
  readonly start: number;
  /** Where it ends, the space after it included. */
  readonly end: number;
}

/** What ends a sentence: a mark with space after it, a mark of a script without spaces, or the end of a line. */
const END = /[.!?…]+["'”’)\]*_]*\s+|[。！？]+[”’」』）]*\s*|\n\s*/g;

/** A full stop after one of these ends no sentence. */
const SHORTENED = /(?:^|[\s(])(?:\p{Lu}|Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|z\.B|d\.h)$/u;

/** The number of a list's item. */
const ITEM = /^\s*\d+$/;

/**
 * Calls `listener` with each sentence of an answer as soon as it is complete, and with the rest when the answer ends; what was
 * complete before comes at once. Returns what ends that. For whoever speaks an answer while it is being written.
 *
 * ```ts
 * const end = onSentence(chat.send('Tell me a story'), ({ text }) => speaker.say(text));
 * ```
 */
export function onSentence(generation: ReadableStore<GenerationState>, listener: (sentence: Sentence) => void): () => void {
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

/** The complete sentences from `from` on; of a whole text, the rest as well. */
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
    if (isStop && (SHORTENED.test(before) || ITEM.test(before))) continue;
    add(match.index + match[0].length);
  }
  if (isWhole) add(text.length);
  return found;
}
