import { styleText } from 'node:util';

import { wrapped } from './text';

/** The part of a stream that is written to; `process.stdout` is one. */
export interface Output {
  write(text: string): void;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Large numbers as a person says them: 951K, 3.2B. */
export const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

type Format = Parameters<typeof styleText>[0];

/** Lines longer than this are tiring to read, however wide the window is. */
const WIDEST = 88;
const WITHOUT_A_WINDOW = 80;
const NARROWEST = 40;

/** A person's pace, for those who read along. */
export const MS_PER_WORD = 60;

/** Where the demo writes: knows the width, and whether there is colour and somebody who reads along. */
export class Page {
  readonly width: number;
  /** Whether a person reads along, at a person's speed. */
  readonly live: boolean;
  private readonly coloured: boolean;

  constructor(
    private readonly output: Output,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.live = output.isTTY === true;
    // A terminal that does not know its size says 0.
    const columns = output.columns === undefined || output.columns === 0 ? WITHOUT_A_WINDOW : output.columns;
    this.width = Math.max(NARROWEST, Math.min(WIDEST, columns));
    // https://no-color.org: set and not empty.
    this.coloured = this.live && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  }

  write(text: string): void {
    this.output.write(text);
  }

  line(text = ''): void {
    this.write(`${text}\n`);
  }

  /** A paragraph, wrapped between words and indented. `format` is applied line by line. */
  paragraph(text: string, format: Format = 'reset', indent = 0): void {
    for (const line of wrapped(text, this.width - indent)) this.line(' '.repeat(indent) + this.paint(format, line));
  }

  paint(format: Format, text: string): string {
    return this.coloured ? styleText(format, text, { validateStream: false }) : text;
  }
}
