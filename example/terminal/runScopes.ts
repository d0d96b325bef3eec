import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ModelConfig, Persist, ScopeSummary } from 'react-native-llama-rs';

import { App } from './App';
import { askEach, QUESTION, returned } from './asking';
import { claim } from './claim';
import { MS_PER_WORD, type Page } from './Page';
import { Typist } from './Typist';

const SLOTS = 2;
/** Long enough that the smallest model's answer is still being written when the kill comes. */
const CONTEXT_SIZE = 4096;

/** Frank's conversation, whose KV never goes to disk. */
const PEOPLE: readonly { readonly name: string; readonly persist: Persist }[] = [
  { name: 'Alice', persist: 'full' },
  { name: 'Bob', persist: 'full' },
  { name: 'Carol', persist: 'full' },
  { name: 'Dave', persist: 'full' },
  { name: 'Erin', persist: 'full' },
  { name: 'Frank', persist: 'transcript' },
];
const NAMES = PEOPLE.map(({ name }) => name);
/** The first two words and the space after them: then the answer is under way. */
const BEGINNING = /^\s*\S+\s+\S+\s/;
const KILLED = { name: 'Frank', text: 'Tell me a joke.', persist: 'transcript' } as const;

/**
 * Six conversations on two slots, a kill in the middle of an answer, and the next process. Throws `Untrue` if a claim
 * of the story does not hold, and `LlamaError` if the model cannot be loaded.
 */
export async function runScopes(model: ModelConfig, page: Page): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'llama-demo-'));
  const start = () => new App({ ...model, maxResident: SLOTS, contextSize: CONTEXT_SIZE }, directory);
  const first = start();
  try {
    await moreThanSlots(first, page);
    const before = await killed(first, page);
    const second = start();
    try {
      await remembered(second, before, page);
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function moreThanSlots(app: App, page: Page): Promise<void> {
  page.line();
  page.paragraph('More conversations than slots', 'bold');
  page.line();
  page.paragraph(
    'Six people now, each in a conversation of their own, on one model with two slots. A conversation that has to make room is parked in RAM, ' +
      'and put back when it is their turn again.',
  );
  page.line();
  for (const { name, persist } of PEOPLE) await say(app, page, name, `My name is ${name}.`, persist);
  const places = await app.scopes();
  const inPlace = (residency: ScopeSummary['residency']) =>
    places.filter((one) => one.residency === residency).map(({ id }) => id);
  const [resident, parked] = [inPlace('resident'), inPlace('parked')];
  claim(resident.length === SLOTS, `${resident.length} conversations are in ${SLOTS} slots`);
  claim(
    resident.length + parked.length === NAMES.length,
    `of ${NAMES.length} conversations ${parked.length} are parked`,
  );
  page.line();
  page.paragraph(
    `In the slots now: ${resident.join(', ')}. Parked: ${parked.join(', ')}. Each is asked: “${QUESTION}”`,
  );
  page.line();
  for (const line of returned(await askEach(app, [...NAMES].reverse()), page)) page.line(line);
  page.line();
  page.paragraph('Only new tokens were prefilled, although other conversations had the slot meanwhile.', 'dim');
}

/** Returns the conversations as they were before the killed turn. */
async function killed(app: App, page: Page): Promise<readonly ScopeSummary[]> {
  page.line();
  page.paragraph('kill -9', 'bold');
  page.line();
  page.paragraph(
    'The phone goes to the background: suspend() saves conversations to disk, all but Frank’s KV, which Frank wants kept ' +
      'off it (persist: transcript). The app comes back, and dies in the middle of an answer.',
  );
  page.line();
  await app.suspend();
  const before = await app.scopes();
  await app.resume();

  const { name, text, persist } = KILLED;
  labelled(page, name, text);
  let heard = '';
  let signal: Promise<NodeJS.Signals | null> | undefined;
  const onPiece = (piece: string) => {
    heard += piece;
    if (BEGINNING.test(heard)) signal ??= app.kill();
  };
  const answered = await app.say(name, text, { persist, endless: true, onPiece }).then(
    () => true,
    () => false,
  );
  claim(!answered, `${name}’s answer ended before the kill came`);
  claim((await signal) === 'SIGKILL', 'the process ended by something else than SIGKILL');
  page.line((BEGINNING.exec(heard)?.[0] ?? '') + page.paint('red', '… killed'));
  return before;
}

async function remembered(app: App, before: readonly ScopeSummary[], page: Page): Promise<void> {
  const found = await app.found;
  for (const { id, messageCount, persist } of before) {
    const now = found.find((one) => one.id === id);
    claim(
      now?.messageCount === messageCount,
      `${id} had ${messageCount} messages, and has ${now?.messageCount ?? 0} after the kill`,
    );
    const expected = persist === 'full' ? 'saved' : 'uncached';
    claim(now.residency === expected, `${id} is ${now.residency} after the kill, not ${expected}`);
  }
  page.line();
  page.paragraph(
    `A new process opens the same directory. Its first snapshot, before any model is loaded, has all ${found.length} ` +
      `conversations. Each is asked again: “${QUESTION}”`,
  );
  page.line();
  for (const line of returned(await askEach(app, NAMES), page)) page.line(line);
  page.line();
  page.paragraph(
    'Saved KV was read back and only the new question prefilled. Frank’s words were prefilled again, up to the last whole ' +
      'turn: the joke that was killed was never told.',
    'dim',
  );
}

async function say(app: App, page: Page, name: string, text: string, persist: Persist): Promise<void> {
  const typist = new Typist(page, labelled(page, name, text), page.live ? MS_PER_WORD : 0);
  await app.say(name, text, { persist, onPiece: (piece) => typist.type(piece) });
  await typist.finish();
  page.line();
}

/** Writes the speaker and the words. Returns the column where the answer begins. */
function labelled(page: Page, name: string, text: string): number {
  const [who, what] = [`  ${name.padEnd(7)}`, `“${text}”`.padEnd(22)];
  page.write(page.paint('dim', who) + page.paint('cyan', what));
  return who.length + what.length;
}
