import { lexer, type MarkedToken, type Token } from 'marked';

/** A piece of text in one style. */
export interface Span {
  readonly text: string;
  readonly look: 'plain' | 'strong' | 'emphasis' | 'code' | 'link';
}

/** A block of a text. */
export type Block =
  | { readonly type: 'paragraph'; readonly spans: readonly Span[] }
  | { readonly type: 'heading'; readonly level: number; readonly spans: readonly Span[] }
  | { readonly type: 'item'; readonly mark: string; readonly depth: number; readonly spans: readonly Span[] }
  | { readonly type: 'quote'; readonly spans: readonly Span[] }
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'rule' };

/**
 * Markdown as a flat list of blocks, from marked's tokens. In an answer that is still being written, unclosed markup is
 * plain text; code is code from its fence on. A link shows its words alone, because a model's addresses are not to be
 * followed. Tables and HTML stay as they are written.
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
        const mark = item.task
          ? item.checked === true
            ? '☑'
            : '☐'
          : token.ordered
            ? `${Number(token.start) + index}.`
            : '•';
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

const LOOKS: Readonly<Record<string, Span['look']>> = {
  strong: 'strong',
  em: 'emphasis',
  codespan: 'code',
  link: 'link',
};

/** The styles of a text's parts; the innermost counts. `raw` is shown for a text without parts. */
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
