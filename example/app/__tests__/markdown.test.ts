import { parseMarkdown } from '../markdown/parse';

const plain = (text: string) => [{ text, look: 'plain' }];

test.each([
  [
    'one\ntwo\n\nthree',
    [
      { type: 'paragraph', spans: plain('one\ntwo') },
      { type: 'paragraph', spans: plain('three') },
    ],
  ],
  ['## Title', [{ type: 'heading', level: 2, spans: plain('Title') }]],
  [
    '- a\n  - b\n1. c',
    [
      { type: 'item', mark: '•', depth: 0, spans: plain('a') },
      { type: 'item', mark: '•', depth: 1, spans: plain('b') },
      { type: 'item', mark: '1.', depth: 0, spans: plain('c') },
    ],
  ],
  ['> said', [{ type: 'quote', spans: plain('said') }]],
  [
    '- a\n\n  more\n- [x] b',
    [
      { type: 'item', mark: '•', depth: 0, spans: plain('a') },
      { type: 'paragraph', spans: plain('more') },
      { type: 'item', mark: '☑', depth: 0, spans: plain('b') },
    ],
  ],
  ['> - said', [{ type: 'item', mark: '•', depth: 0, spans: plain('said') }]],
  [
    'a\n\n---\n\nb',
    [{ type: 'paragraph', spans: plain('a') }, { type: 'rule' }, { type: 'paragraph', spans: plain('b') }],
  ],
  ['|a|b|\n|-|-|\n|1|2|\n\n', [{ type: 'code', text: '|a|b|\n|-|-|\n|1|2|' }]],
  ['<b>not</b>\n', [{ type: 'paragraph', spans: ['<b>', 'not', '</b>'].flatMap(plain) }]],
  [
    '```js\nlet **a**\n\n```\nend',
    [
      { type: 'code', text: 'let **a**' },
      { type: 'paragraph', spans: plain('end') },
    ],
  ],
  ['```\nnot closed', [{ type: 'code', text: 'not closed' }]],
  ['', []],
])('%j', (text, blocks) => {
  expect(parseMarkdown(text)).toEqual(blocks);
});

test.each([
  [
    'a **b** c',
    [
      ['a ', 'plain'],
      ['b', 'strong'],
      [' c', 'plain'],
    ],
  ],
  [
    '*a* _b_ __c__',
    [
      ['a', 'emphasis'],
      [' ', 'plain'],
      ['b', 'emphasis'],
      [' ', 'plain'],
      ['c', 'strong'],
    ],
  ],
  ['`a*b*`', [['a*b*', 'code']]],
  ['snake_case_name and 2 * 3 * 4', [['snake_case_name and 2 * 3 * 4', 'plain']]],
  ['[words](https://a.example)', [['words', 'link']]],
  [
    '**a *b***',
    [
      ['a ', 'strong'],
      ['b', 'emphasis'],
    ],
  ],
  [
    '2 \\* 3  \n~~4~~',
    [
      ['2 ', 'plain'],
      ['*', 'plain'],
      [' 3', 'plain'],
      ['\n', 'plain'],
      ['4', 'plain'],
    ],
  ],
  ['not **closed', [['not **closed', 'plain']]],
])('the spans of %j', (text, spans) => {
  const [block] = parseMarkdown(text);
  expect(block).toEqual({ type: 'paragraph', spans: spans.map(([part, look]) => ({ text: part, look })) });
});
