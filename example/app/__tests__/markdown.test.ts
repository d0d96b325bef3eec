import { parseMarkdown } from '../markdown/parse';

const plain = (text: string) => [{ text, look: 'plain' }];

test.each([
  ['one\ntwo\n\nthree', [{ type: 'paragraph', spans: plain('one\ntwo') }, { type: 'paragraph', spans: plain('three') }]],
  ['## Title', [{ type: 'heading', level: 2, spans: plain('Title') }]],
  ['- a\n  - b\n1. c', [
    { type: 'item', mark: '•', depth: 0, spans: plain('a') },
    { type: 'item', mark: '•', depth: 1, spans: plain('b') },
    { type: 'item', mark: '1.', depth: 0, spans: plain('c') },
  ]],
  ['> said', [{ type: 'quote', spans: plain('said') }]],
  ['```js\nlet **a**\n\n```\nend', [{ type: 'code', text: 'let **a**\n' }, { type: 'paragraph', spans: plain('end') }]],
  ['```\nnot closed', [{ type: 'code', text: 'not closed' }]],
  ['', []],
])('%j', (text, blocks) => {
  expect(parseMarkdown(text)).toEqual(blocks);
});

test.each([
  ['a **b** c', [['a ', 'plain'], ['b', 'strong'], [' c', 'plain']]],
  ['*a* _b_ __c__', [['a', 'emphasis'], [' ', 'plain'], ['b', 'emphasis'], [' ', 'plain'], ['c', 'strong']]],
  ['`a*b*`', [['a*b*', 'code']]],
  ['snake_case_name and 2 * 3 * 4', [['snake_case_name and 2 * 3 * 4', 'plain']]],
  ['[words](https://a.example)', [['words', 'link']]],
  ['not **closed', [['not **closed', 'plain']]],
])('the spans of %j', (text, spans) => {
  const [block] = parseMarkdown(text);
  expect(block).toEqual({ type: 'paragraph', spans: spans.map(([part, look]) => ({ text: part, look })) });
});
