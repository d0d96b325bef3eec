/** Speaks text aloud: with the system's voice on phones, with the host's flite in the browser. */
export interface Speaker {
  /**
   * Resolves when the text has been spoken, when `stop` is called, or when the text cannot be spoken. Never rejects.
   * `language` is the probable language of the text, as a BCP 47 tag; empty where it is not known.
   */
  readonly say: (text: string, language: string) => Promise<void>;
  /** Stops speaking at once. */
  readonly stop: () => void;
}

/** A sentence of Markdown as it is spoken, without its markup. */
export function spoken(markdown: string): string {
  return markdown
    .replace(/^\s*(?:#{1,6}|[-*+]|\d+[.)]|>)\s+/, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`~]/g, '')
    .trim();
}
