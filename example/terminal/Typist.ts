import { setTimeout as pause } from 'node:timers/promises';

import type { Page } from './Page';
import { cells, harmless, parts } from './text';

/** Writes a growing text word by word, wrapped under the column where it began. */
export class Typist {
  private column: number;
  /** The last word, which may continue in the next piece. */
  private unfinished = '';
  private typing: Promise<void> = Promise.resolve();

  /**
   * `indent` is the column of the cursor, where the text begins. `msPerWord` is the pace of the words on the page, for
   * models faster than a reader. The engine never waits for it.
   */
  constructor(
    private readonly page: Page,
    private readonly indent: number,
    private readonly msPerWord: number,
  ) {
    this.column = indent;
  }

  type(piece: string): void {
    const { done, unfinished } = parts(this.unfinished + harmless(piece));
    this.unfinished = unfinished;
    for (const part of done) this.schedule(part);
  }

  /** Writes the rest. Resolves when it is on the page. */
  finish(): Promise<void> {
    this.schedule(this.unfinished);
    this.unfinished = '';
    return this.typing;
  }

  private schedule(part: string): void {
    if (this.msPerWord === 0) {
      this.put(part);
      return;
    }
    this.typing = this.typing.then(async () => {
      this.put(part);
      if (/\S/.test(part)) await pause(this.msPerWord);
    });
  }

  private put(part: string): void {
    const width = cells(part);
    const full = this.column > this.indent && this.column + width > this.page.width;
    if (part === '\n' || full) {
      this.page.write(`\n${' '.repeat(this.indent)}`);
      this.column = this.indent;
      // A line does not begin with the space at which the text was broken.
      if (/^\s/.test(part)) return;
    }
    this.page.write(part);
    this.column += width;
  }
}
