/** East Asian characters and pictures, which take two cells. A line may end between any two of them. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Characters of a word after which it is broken. */
const LONGEST_WORD = 30;
const PART = new RegExp(`\\n|[^\\S\\n]+|${WIDE.source}|(?:(?!${WIDE.source})\\S){1,${LONGEST_WORD}}`, 'gu');

const graphemes = new Intl.Segmenter();

/** The columns of a text without line breaks. */
export function cells(text: string): number {
  return [...graphemes.segment(text)].reduce((sum, { segment }) => sum + (WIDE.test(segment) ? 2 : 1), 0);
}

/** Wraps a text into lines of at most `width` cells. A longer word stands alone. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && cells(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** Splits a growing text where a line may end. The last word may still continue. */
export function parts(text: string): { done: string[]; unfinished: string } {
  const done: string[] = text.match(PART) ?? [];
  const last = done.at(-1) ?? '';
  const mayGoOn = /\S$/.test(last) && !WIDE.test(last) && last.length < LONGEST_WORD;
  return mayGoOn ? { done: done.slice(0, -1), unfinished: last } : { done, unfinished: '' };
}

/** A model's text without characters that move the cursor or change the terminal. */
export function harmless(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '').replaceAll('\t', ' ');
}
