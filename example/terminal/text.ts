/** East Asian scripts and pictures take two cells, and a line may end between any two of them. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** A longer word is broken. */
const LONGEST_WORD = 30;
const PART = new RegExp(`\\n|[^\\S\\n]+|${WIDE.source}|(?:(?!${WIDE.source})\\S){1,${LONGEST_WORD}}`, 'gu');

const graphemes = new Intl.Segmenter();

/** How many columns a text without line breaks takes. */
export function cells(text: string): number {
  return [...graphemes.segment(text)].reduce((sum, { segment }) => sum + (WIDE.test(segment) ? 2 : 1), 0);
}

/** Lines of at most `width` cells; a longer word stands alone. */
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

/** A growing text in parts between which a line may end, and the word at its end that may go on. */
export function parts(text: string): { done: string[]; unfinished: string } {
  const done: string[] = text.match(PART) ?? [];
  const last = done.at(-1) ?? '';
  const mayGoOn = /\S$/.test(last) && !WIDE.test(last) && last.length < LONGEST_WORD;
  return mayGoOn ? { done: done.slice(0, -1), unfinished: last } : { done, unfinished: '' };
}

/** A model's text without what would move the cursor or change the terminal. */
export function harmless(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '').replaceAll('\t', ' ');
}
