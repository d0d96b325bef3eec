import { lexer, type MarkedToken, type Token } from 'marked';

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
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'rule' };

/**
 * Markdown as a flat list of what is shown, from marked's tokens. What is not closed yet, in an answer that is still being
 * written, is plain text, but for code, which is code from its fence on. A link is its words: a model's addresses are not to be
 * followed. A table and HTML stand as they are written.
 */
export function parseMarkdown(text: string): Block[] {
  return lexer(text).flatMap((token) => blocksOf(token, 0));
}

function blocksOf(generic: Token, depth: number): Block[] {
  const token = generic as MarkedToken;
  switch (token.type) {
    case 'heading':
      return [{ type: 'heading', level: token.depth, spans: spansOf(token.tokens) }];
    case 'list':
      return token.items.flatMap((item, index) => {
        const mark = item.task ? (item.checked === true ? '☑' : '☐') : token.ordered ? `${Number(token.start) + index}.` : '•';
        const [first, ...rest] = item.tokens.flatMap((inner) => blocksOf(inner, depth + 1));
        const spans = first?.type === 'paragraph' ? first.spans : [];
        const others = first === undefined || first.type === 'paragraph' ? rest : [first, ...rest];
        return [{ type: 'item', mark, depth, spans }, ...others];
      });
    case 'blockquote':
      return token.tokens
        .flatMap((inner) => blocksOf(inner, depth))
        .map((block) => (block.type === 'paragraph' ? { type: 'quote', spans: block.spans } : block));
    case 'code':
      return [{ type: 'code', text: token.text.trimEnd() }];
    case 'table':
      return [{ type: 'code', text: token.raw.trimEnd() }];
    case 'hr':
      return [{ type: 'rule' }];
    case 'space':
    case 'def':
    case 'checkbox':
      return [];
    case 'paragraph':
    case 'text':
    case 'html':
    case 'list_item':
    case 'strong':
    case 'em':
    case 'codespan':
    case 'del':
    case 'link':
    case 'image':
    case 'br':
    case 'escape':
      return [{ type: 'paragraph', spans: spansOf('tokens' in token ? token.tokens : undefined, token.raw.trimEnd()) }];
  }
}

const LOOKS: Readonly<Record<string, Span['look']>> = { strong: 'strong', em: 'emphasis', codespan: 'code', link: 'link' };

/** The looks of a text's parts; the innermost counts. `raw`: what is shown of a text that has no parts. */
function spansOf(tokens: readonly Token[] | undefined, raw = '', look: Span['look'] = 'plain'): Span[] {
  if (tokens === undefined) return [{ text: raw, look }];
  return tokens.flatMap((generic) => {
    const token = generic as MarkedToken;
    const inner = LOOKS[token.type] ?? look;
    if (token.type === 'checkbox') return [];
    if (token.type === 'br') return [{ text: '\n', look }];
    return spansOf('tokens' in token ? token.tokens : undefined, 'text' in token ? token.text : token.raw, inner);
  });
}
