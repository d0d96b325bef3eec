import type { Residency, ScopeSummary } from 'react-native-llama-rs';

import type { App } from './App';
import { claim } from './claim';
import type { Page } from './Page';
import type { Answer } from './screen';
import { table } from './table';

export const QUESTION = 'What is my name?';

/** A conversation that was asked again, and the cost of its answer. */
interface Return {
  readonly person: string;
  /** The residency of the conversation before the question, and its cached tokens. */
  readonly was: ScopeSummary;
  readonly answer: Answer;
}

/**
 * Asks each conversation for the name that it was told. Throws `Untrue` for a wrong name, or if cached tokens were
 * computed again.
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

/** The answers as lines of a table. */
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
