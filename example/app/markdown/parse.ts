/** Text of one look. */
export interface Span {
  readonly text: string;
  readonly look: 'plain' | 'strong' | 'emphasis' | 'code' | 'link';
}

/** A part of a text, under or beside the one before. */
export type Block =
  | { readonly type: 'paragraph'; readonly spans: readonly Span[] }
  | { readonly type: 'heading'; readonly level: number; readonly spans: readonly Span[] }
  | { readonly type: 'item'; readonly mark: string; readonly depth: number; readonly spans: readonly Span[] }
  | { readonly type: 'quote'; readonly spans: readonly Span[] }
  | { readonly type: 'code'; readonly text: string };

const FENCE = /^\s*(?:```|~~~)/;
const HEADING = /^(#{1,6})\s+(.*)$/;
const ITEM = /^(\s*)([-*+]|\d{1,3}[.)])\s+(.*)$/;
const QUOTE = /^>\s?(.*)$/;
const SPAN = /(`+)([^`]+)\1|\*\*(.+?)\*\*|__(.+?)__|\*([^*\s][^*]*)\*|(?<![\p{L}\p{N}])_([^_\s][^_]*)_(?![\p{L}\p{N}])|\[([^\]]+)\]\(([^)\s]+)\)/gu;

/**
 * The Markdown that models write: paragraphs, headings, lists, quotes, code, emphasis. What is not closed yet, in an answer
 * that is still being written, is plain text, but for code, which is code from its fence on. A link is its words: a model's
 * addresses are not to be followed.
 */
export function parseMarkdown(text: string): Block[] {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  let code: string[] | undefined;
  const endParagraph = () => {
    if (paragraph.length > 0) blocks.push({ type: 'paragraph', spans: spansOf(paragraph.join('\n')) });
    paragraph = [];
  };
  const endCode = () => {
    if (code !== undefined) blocks.push({ type: 'code', text: code.join('\n') });
    code = undefined;
  };
  for (const line of text.split('\n')) {
    if (FENCE.test(line)) {
      endParagraph();
      if (code === undefined) code = [];
      else endCode();
      continue;
    }
    if (code !== undefined) {
      code.push(line);
      continue;
    }
    const block = blockOf(line);
    if (block !== undefined || line.trim() === '') endParagraph();
    if (block !== undefined) blocks.push(block);
    else if (line.trim() !== '') paragraph.push(line);
  }
  endParagraph();
  endCode();
  return blocks;
}

function blockOf(line: string): Block | undefined {
  const [, marks, title] = HEADING.exec(line) ?? [];
  if (marks !== undefined && title !== undefined) return { type: 'heading', level: marks.length, spans: spansOf(title) };
  const [, indent, mark, item] = ITEM.exec(line) ?? [];
  if (indent !== undefined && mark !== undefined && item !== undefined) {
    return { type: 'item', mark: /\d/.test(mark) ? mark : '•', depth: Math.floor(indent.length / 2), spans: spansOf(item) };
  }
  const [, quote] = QUOTE.exec(line) ?? [];
  return quote === undefined ? undefined : { type: 'quote', spans: spansOf(quote) };
}

function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  let from = 0;
  const plain = (to: number) => {
    if (to > from) spans.push({ text: text.slice(from, to), look: 'plain' });
  };
  for (const match of text.matchAll(SPAN)) {
    plain(match.index);
    from = match.index + match[0].length;
    const [, , code, strong, strong2, emphasis, emphasis2, link] = match;
    if (code !== undefined) spans.push({ text: code, look: 'code' });
    else if (strong !== undefined || strong2 !== undefined) spans.push({ text: strong ?? strong2 ?? '', look: 'strong' });
    else if (emphasis !== undefined || emphasis2 !== undefined) spans.push({ text: emphasis ?? emphasis2 ?? '', look: 'emphasis' });
    else if (link !== undefined) spans.push({ text: link, look: 'link' });
  }
  plain(text.length);
  return spans;
}
