import { basename } from 'node:path';

import type { ModelConfig } from 'react-native-llama-rs';

import { QUESTION } from './asking';
import { claim } from './claim';
import { comparison, type Question } from './comparison';
import { load, openEngine } from './engine';
import { compact, MS_PER_WORD, type Page } from './Page';
import { record, type Recorded } from './record';
import { oldPattern, type Recording, type Side, thisLibrary } from './sides';
import { Typist } from './Typist';

/** Two people share one phone. The timer comes between each name and the question for it. */
const RECORDINGS: readonly Recording[] = [
  { scope: 'Alice', transcript: 'My name is Alice.' },
  { scope: 'Bob', transcript: 'My name is Bob.' },
  { scope: 'Alice', transcript: 'Set a timer for five minutes.' },
  { scope: 'Bob', transcript: QUESTION },
  { scope: 'Alice', transcript: QUESTION },
];

/**
 * Tells the story with both patterns side by side. Throws `LlamaError` if the model cannot be loaded, and `Untrue` if
 * this library forgets a name or loads twice.
 */
export async function runStory(model: ModelConfig, page: Page): Promise<void> {
  introduce(model, await sizeOf(model, page), page);
  const sides = [oldPattern(model), thisLibrary(model)].map((side) => ({ side, recorded: [] as Recorded[] }));
  try {
    for (const recording of RECORDINGS) {
      page.line();
      page.line(`${page.paint('bold', `${recording.scope} says`)} ${page.paint('cyan', `“${recording.transcript}”`)}`);
      for (const { side, recorded } of sides) recorded.push(await play(side, recording, page));
    }
  } finally {
    for (const { side } of sides) side.close();
  }
  page.line();
  const questions = RECORDINGS.flatMap(({ scope, transcript }, at) =>
    transcript === QUESTION ? [{ at, name: scope }] : [],
  );
  for (const line of comparison(sides, questions, page)) page.line(line);
  page.line();
  page.paragraph(
    'Time to first token: the median, from the end of a recording to the first text on the screen.',
    'dim',
  );
  for (const { side, recorded } of sides) if (side.remembers) check(side, recorded, questions);
}

function check(side: Side, recorded: readonly Recorded[], questions: readonly Question[]): void {
  for (const { at, name } of questions) {
    const text = recorded[at]?.text ?? '';
    claim(text.includes(name), `${name} was answered “${text}”`);
  }
  claim(side.loads() === 1, `the model was loaded ${side.loads()} times`);
}

/** Loads the file once, to check it and to bring it into the system's cache: neither side then reads a cold disk. */
async function sizeOf(model: ModelConfig, page: Page): Promise<string> {
  const { client, close } = openEngine();
  try {
    await load(client, model, page);
    const status = client.model(model.path).getSnapshot()?.status;
    await client.unload(model.path);
    return status?.type === 'ready' ? `${compact.format(status.info.parameterCount)} parameters` : 'parameters unknown';
  } finally {
    close();
  }
}

function introduce(model: ModelConfig, size: string, page: Page): void {
  page.paragraph('A conversation that outlives its component', 'bold');
  page.paragraph(`${basename(model.path)}, ${size}: real inference, always the likeliest token`, 'dim');
  page.line();
  page.paragraph(
    'Alice and Bob share one phone. For each recording a voice screen mounts, hears one sentence, answers it and unmounts. ' +
      'In the old pattern the screen owns the context: it is loaded with the screen, gone with it, and there is one conversation. ' +
      'With this library the engine owns models and conversations, and the screen borrows them.',
  );
}

async function play(side: Side, recording: Recording, page: Page): Promise<Recorded> {
  const label = `  ${side.name.padEnd(14)}`;
  page.write(page.paint('dim', label));
  const typist = new Typist(page, label.length, page.live ? MS_PER_WORD : 0);
  const recorded = await record(
    (watcher) => side.screen(recording, watcher),
    (piece) => typist.type(piece),
  );
  await typist.finish();
  await side.settled();
  page.line();
  page.paragraph(footnote(recorded), 'dim', label.length);
  return recorded;
}

function footnote({ usage, readyAtFirst, firstTextMs }: Recorded): string {
  const start = readyAtFirst ? 'ready at once' : 'loaded first';
  return `${start}, ${usage.prefilledTokens} tokens prefilled, ${usage.cachedTokens} reused, first text after ${firstTextMs.toFixed(0)} ms`;
}
