import { scopeSummary } from '../../../src/testing/play';
import type { App } from '../App';
import { askEach, returned } from '../asking';
import { Untrue } from '../claim';
import { paper } from './paper';

/** A scripted app in which Alice's conversation is parked. */
function app(text: string, cachedTokens: number) {
  const alice = scopeSummary('Alice', { cachedTokens: 26, residency: 'parked' });
  const usage = { promptTokens: 41, cachedTokens, prefilledTokens: 41 - cachedTokens, outputTokens: 6 };
  return { scopes: () => Promise.resolve([alice]), say: () => Promise.resolve({ text, usage }) } as unknown as App;
}

describe('a return to a conversation', () => {
  it('is shown with where it was, and what was reused and prefilled', async () => {
    const lines = returned(await askEach(app('Your name is Alice.', 26), ['Alice']), paper().page);
    expect(lines[0]).toBe('       was           reused  prefilled  answer');
    expect(lines[2]).toBe('Alice  parked (RAM)  26      15         Your name is Alice.');
  });

  it.each([
    ['a wrong name', 'Your name is Bob.', 26, 'Alice', 'Alice was answered “Your name is Bob.”'],
    ['a second prefill', 'Your name is Alice.', 0, 'Alice', 'Alice had 26 tokens parked, and only 0 of 41 were reused'],
    ['a lost conversation', '', 0, 'Bob', 'Bob’s conversation is lost'],
  ])('with %s is not passed over', async (_, text, reused, person, sentence) => {
    await expect(askEach(app(text, reused), [person])).rejects.toThrow(new Untrue(sentence));
  });
});
