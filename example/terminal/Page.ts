import { styleText } from 'node:util';

import { wrapped } from './text';

/** A stream to write to, such as `process.stdout`. */
export interface Output {
  write(text: string): void;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Formats large numbers as 951K or 3.2B. */
export const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

type Format = Parameters<typeof styleText>[0];

/** The longest line, because longer ones are tiring to read in any window. */
const WIDEST = 88;
const WITHOUT_A_WINDOW = 80;
const NARROWEST = 40;

/** Milliseconds per word, at which a person can read along. */
export const MS_PER_WORD = 60;

/** The demo's output. Knows its width, whether it has colour, and whether a person reads along. */
export class Page {
  readonly width: number;
  /** Whether a person reads along, and the text appears at a person's pace. */
  readonly live: boolean;
  private readonly coloured: boolean;

  constructor(
    private readonly output: Output,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.live = output.isTTY === true;
    // A terminal that does not know its size reports 0.
    const columns = output.columns === undefined || output.columns === 0 ? WITHOUT_A_WINDOW : output.columns;
    this.width = Math.max(NARROWEST, Math.min(WIDEST, columns));
    // https://no-color.org: a variable that is set and not empty turns colour off.
    this.coloured = this.live && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  }

  write(text: string): void {
    this.output.write(text);
  }

  line(text = ''): void {
    this.write(`${text}\n`);
  }

  /** Writes a paragraph, wrapped between words and indented. `format` applies to each line. */
  paragraph(text: string, format: Format = 'reset', indent = 0): void {
    for (const line of wrapped(text, this.width - indent)) this.line(' '.repeat(indent) + this.paint(format, line));
  }

  paint(format: Format, text: string): string {
    return this.coloured ? styleText(format, text, { validateStream: false }) : text;
  }
}
