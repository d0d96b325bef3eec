import type { Residency, ScopeSummary } from 'react-native-llama-rs';

import type { App } from './App';
import { claim } from './claim';
import type { Page } from './Page';
import type { Answer } from './screen';
import { table } from './table';

export const QUESTION = 'What is my name?';

/** Somebody who came back, and what it took. */
interface Return {
  readonly person: string;
  /** Where the conversation was, and how many of its tokens. */
  readonly was: ScopeSummary;
  readonly answer: Answer;
}

/**
 * Each is asked for the name that the conversation has heard. Throws `Untrue` for a wrong name, and where tokens that were
 * kept had to be computed again.
 */
export async function askEach(app: App, people: readonly string[]): Promise<Return[]> {
  const returns: Return[] = [];
  for (const person of people) {
    const was = (await app.scopes()).find(({ id }) => id === person);
    claim(was !== undefined, `${person}’s conversation is lost`);
    const answer = await app.say(person, QUESTION, { persist: was.persist });
    claim(answer.text.includes(person), `${person} was answered “${answer.text}”`);
    const { promptTokens, cachedTokens } = answer.usage;
    const lost = `${person} had ${was.cachedTokens} tokens ${was.residency}, and only ${cachedTokens} of ${promptTokens} were reused`;
    claim(cachedTokens >= was.cachedTokens, lost);
    returns.push({ person, was, answer });
  }
  return returns;
}

/** The returns as lines of a table. */
export function returned(returns: readonly Return[], page: Page): string[] {
  const rows = returns.map(({ person, was, answer: { usage, text } }) => [
    person,
    PLACES[was.residency],
    String(usage.cachedTokens),
    String(usage.prefilledTokens),
    text,
  ]);
  const [head = '', ...body] = table([['', 'was', 'reused', 'prefilled', 'answer'], ...rows], 'left');
  const rule = '─'.repeat(Math.max(head.length, ...body.map((line) => line.length)));
  return [page.paint('bold', head), page.paint('dim', rule), ...body];
}

const PLACES: Readonly<Record<Residency, string>> = {
  resident: 'resident',
  parked: 'parked (RAM)',
  saved: 'saved (disk)',
  uncached: 'in words only',
};
