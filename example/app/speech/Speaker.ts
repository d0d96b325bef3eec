/** Speaks text aloud. On phones the system's voice, in the browser the host's flite. */
export interface Speaker {
  /**
   * Resolves when the text has been spoken, or `stop` was called, or it cannot be spoken. Never rejects. `language`: what it
   * probably is in, as a BCP 47 tag; empty where that is not known.
   */
  readonly say: (text: string, language: string) => Promise<void>;
  /** Silence, now. */
  readonly stop: () => void;
}

/** A sentence of Markdown as it is spoken: without its marks. */
export function spoken(markdown: string): string {
  return markdown
    .replace(/^\s*(?:#{1,6}|[-*+]|\d+[.)]|>)\s+/, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`~]/g, '')
    .trim();
}
