import { table } from '../table';
import { cells, harmless, wrapped } from '../text';
import { Typist } from '../Typist';
import { paper } from './paper';

const ESCAPE = '\u001b';

describe('a page', () => {
  it.each([
    ['a terminal', { isTTY: true }, true],
    ['a terminal that shall have none', { isTTY: true, env: { NO_COLOR: '1' } }, false],
    ['a terminal with NO_COLOR empty', { isTTY: true, env: { NO_COLOR: '' } }, true],
    ['a terminal without abilities', { isTTY: true, env: { TERM: 'dumb' } }, false],
    ['a file', {}, false],
  ])('on %s: colour %#', (_, about, coloured) => {
    expect(paper(about).page.paint('bold', 'text').includes(ESCAPE)).toBe(coloured);
  });

  it.each([
    [undefined, 80],
    [0, 80],
    [10, 40],
    [60, 60],
    [300, 88],
  ])('of %p columns is used up to %p', (columns, width) => {
    expect(paper(columns === undefined ? {} : { columns }).page.width).toBe(width);
  });

  it('wraps a paragraph between words', () => {
    expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapped('incomprehensible', 7)).toEqual(['incomprehensible']);
  });

  it('counts cells, not code units', () => {
    expect([cells('abc'), cells('é'), cells('日本'), cells('👍🏽')]).toEqual([3, 1, 4, 2]);
  });

  it('leaves a model no way to control the terminal', () => {
    expect(harmless(`a${ESCAPE}[2Jb\u0007\tc\nd\u009b`)).toBe('a[2Jb c\nd');
  });
});

describe('a typist', () => {
  it('wraps growing text under the column where it began', async () => {
    const { page, text } = paper({ columns: 40 });
    page.write('says: ');
    const typist = new Typist(page, 6, 0);
    for (const piece of ['A sentence that is lon', 'ger than this narr', 'ow page.']) typist.type(piece);
    await typist.finish();
    expect(text()).toBe('says: A sentence that is longer than \n      this narrow page.');
  });

  it('shows a script without spaces, and an endless word, as they come', () => {
    const { page, text } = paper({ columns: 40 });
    const typist = new Typist(page, 0, 0);
    typist.type('日本');
    expect(text()).toBe('日本');
    typist.type('x'.repeat(70));
    expect(text()).toBe(`日本${'x'.repeat(30)}\n${'x'.repeat(30)}`);
  });

  it('keeps line breaks, and every word in order at any pace', async () => {
    const { page, text } = paper({ isTTY: true, columns: 40 });
    const typist = new Typist(page, 2, 1);
    typist.type('one\ntwo');
    typist.type(' three');
    await typist.finish();
    expect(text()).toBe('one\n  two three');
  });
});

describe('a table', () => {
  const rows = [
    ['', 'a', 'b'],
    ['loads', '10', '1'],
  ];

  it('stands to the right', () => {
    expect(table(rows, 'right')).toEqual(['        a  b', 'loads  10  1']);
  });

  it('stands to the left', () => {
    expect(table(rows, 'left')).toEqual(['       a   b', 'loads  10  1']);
  });
});
