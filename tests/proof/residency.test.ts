// Conversations are parked, saved and restored, on the real engine: none is lost, and none is mixed with another.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import type { GenerateOptions, Generation, LlamaClient, ModelConfig, Persist } from '../../src';
import { installNodePort } from '../../src/testing';
import { enginesInOneDirectory } from './engines';
import { holdAnswer } from './holdAnswer';
import { endless, greedy, myName, tiny, unloadTiny, whoAmI } from './tiny';
import { until } from './until';

const engine = installNodePort();
const names = ['alice', 'bob', 'carol', 'david', 'emma', 'frank'];

interface Turn {
  model?: ModelConfig;
  options?: GenerateOptions;
  persist?: Persist;
}

function begin(client: LlamaClient, scope: string, text: string, turn: Turn = {}): Generation {
  const { model = tiny, options = greedy, persist } = turn;
  return client.generate({ model, scope, append: [{ role: 'user', content: text }], options, persist });
}

async function ask(client: LlamaClient, scope: string, text: string, turn?: Turn) {
  const { text: answer, usage } = await begin(client, scope, text, turn).result;
  return { answer, ...usage };
}

function summaryOf(client: LlamaClient, scope: string) {
  return client.scope(scope).getSnapshot().summary;
}

function recorded(client: LlamaClient, scope: string): string[] {
  const events = client.log.getSnapshot().map(({ event }) => event);
  return events.filter((event) => 'scope' in event && event.scope === scope).map(({ type }) => type);
}

describe('more scopes than slots', () => {
  afterEach(() => unloadTiny(engine.client));

  test('each recalls the fact that it was told, and is not prefilled again', async () => {
    const { client } = engine;
    const model = { ...tiny, maxResident: 2, contextSize: 512 };
    const scopes = Array.from({ length: 12 }, (_, index) => ({
      id: `many ${index}`,
      name: names[index % names.length] ?? '',
    }));
    for (const { id, name } of scopes) await ask(client, id, `my name is ${name}`, { model });
    for (const { id, name } of [...scopes, ...scopes]) {
      const { answer, cachedTokens, prefilledTokens } = await ask(client, id, whoAmI.asks, { model });
      expect(answer).toBe(`Your name is ${name}.`);
      expect(cachedTokens).toBeGreaterThan(prefilledTokens);
    }
  });
});

describe('by hand', () => {
  afterEach(() => unloadTiny(engine.client));

  test('a parked scope leaves its slot and comes back with its next turn', async () => {
    const { client } = engine;
    await ask(client, 'parked', myName.asks);
    await client.park('parked');
    expect(summaryOf(client, 'parked')).toMatchObject({ residency: 'parked' });
    const { answer, cachedTokens } = await ask(client, 'parked', whoAmI.asks);
    expect(answer).toBe(whoAmI.gets);
    expect(cachedTokens).toBeGreaterThan(0);
    expect(recorded(client, 'parked')).toEqual(['scopeParked', 'scopeRestored']);
  });

  test('a scope is put back ahead of its turn', async () => {
    const { client } = engine;
    await ask(client, 'ahead', myName.asks);
    await client.park('ahead');
    await client.restore('ahead');
    expect(summaryOf(client, 'ahead')).toMatchObject({ residency: 'resident' });
    expect(recorded(client, 'ahead')).toEqual(['scopeParked', 'scopeRestored']);
    expect((await ask(client, 'ahead', whoAmI.asks)).answer).toBe(whoAmI.gets);
    expect(recorded(client, 'ahead')).toHaveLength(2);
  });

  test('an impossible command says why', async () => {
    const { client } = engine;
    await expect(client.park('nobody')).rejects.toMatchObject({ code: 'scopeNotFound' });
    await ask(client, 'known', myName.asks);
    await expect(client.save('known')).rejects.toMatchObject({ code: 'storageUnavailable' });
    await expect(client.fork('known', { as: 'known' })).rejects.toMatchObject({ code: 'invalidOptions' });
    await expect(client.rewindTo('known', 99)).rejects.toMatchObject({ code: 'invalidOptions' });
    const running = begin(client, 'known', 'hello', { options: endless });
    await holdAnswer(client, running);
    for (const refused of [client.park('known'), client.fork('known'), client.rewindTo('known', 0)]) {
      await expect(refused).rejects.toMatchObject({ code: 'busy' });
    }
    await running.cancel();
    await client.resume();
  });

  test('a fork knows what its origin knew, is not prefilled, and goes its own way', async () => {
    const { client } = engine;
    await ask(client, 'origin', myName.asks);
    const fork = await client.fork('origin');
    expect(await client.transcript(fork)).toEqual(await client.transcript('origin'));
    const { answer, cachedTokens } = await ask(client, fork, whoAmI.asks);
    expect(answer).toBe(whoAmI.gets);
    expect(cachedTokens).toBeGreaterThan(0);
    await ask(client, fork, 'my name is bob');
    expect((await ask(client, fork, whoAmI.asks)).answer).toBe('Your name is bob.');
    expect((await ask(client, 'origin', whoAmI.asks)).answer).toBe(whoAmI.gets);
    expect(await client.transcript('origin')).toHaveLength(4);
  });

  test('a fork of the first messages knows no more than those', async () => {
    const { client } = engine;
    await ask(client, 'long', myName.asks);
    await ask(client, 'long', 'my name is bob');
    await client.fork('long', { as: 'short', messageCount: 2 });
    expect((await ask(client, 'short', whoAmI.asks)).answer).toBe(whoAmI.gets);
  });

  test('a conversation that is cut forgets what came after, and keeps what is cached before', async () => {
    const { client } = engine;
    await ask(client, 'cut', myName.asks);
    await ask(client, 'cut', 'my name is bob');
    await client.rewindTo('cut', 2);
    expect(await client.transcript('cut')).toHaveLength(2);
    const { answer, cachedTokens } = await ask(client, 'cut', whoAmI.asks);
    expect(answer).toBe(whoAmI.gets);
    expect(cachedTokens).toBeGreaterThan(0);
  });

  test('changing the model keeps the chat', async () => {
    const { client } = engine;
    const folder = mkdtempSync(join(tmpdir(), 'llama-other-'));
    const other = { ...tiny, path: join(folder, basename(tiny.path)) };
    copyFileSync(tiny.path, other.path);
    await ask(client, 'moves', myName.asks);
    expect((await ask(client, 'moves', whoAmI.asks, { model: other })).answer).toBe(whoAmI.gets);
    expect(summaryOf(client, 'moves')).toMatchObject({ model: other.path, messageCount: 4 });
    await client.unload(other.path);
    rmSync(folder, { recursive: true });
  });
});

describe('suspended in the middle of an answer', () => {
  const long: GenerateOptions = { ...endless, maxOutputTokens: 600 };
  afterEach(() => unloadTiny(engine.client));

  test('it goes on where it was: no word is lost, none comes twice', async () => {
    const { client } = engine;
    const undisturbed = await begin(client, 'undisturbed', 'hello', { options: long }).result;
    const answer = begin(client, 'disturbed', 'hello', { options: long });
    const { text: heard } = await until(answer, ({ text }) => text.length > 40);
    await client.suspend({ deadlineMs: 1000 });
    expect(client.suspended.getSnapshot()).toBe(true);
    const { text: still } = answer.getSnapshot();
    expect(still.startsWith(heard)).toBe(true);
    expect(undisturbed.text.length).toBeGreaterThan(still.length);
    // Every event of running work has arrived by the time this is answered.
    await client.readLog();
    expect(answer.getSnapshot().text).toBe(still);
    await client.resume();
    expect(client.suspended.getSnapshot()).toBe(false);
    const result = await answer.result;
    expect(result).toMatchObject({ text: undisturbed.text, reason: undisturbed.reason });
    expect(result.usage.outputTokens).toBe(undisturbed.usage.outputTokens);
  });

  test('a command that comes meanwhile is answered afterwards', async () => {
    const { client } = engine;
    await ask(client, 'patient', myName.asks);
    await client.suspend();
    const answer = begin(client, 'patient', whoAmI.asks);
    await client.readLog();
    expect(answer.getSnapshot().phase.type).toBe('queued');
    await client.resume();
    expect((await answer.result).text).toBe(whoAmI.gets);
  });
});

describe('in a directory', () => {
  let engines: ReturnType<typeof enginesInOneDirectory>;
  beforeEach(() => {
    engines = enginesInOneDirectory();
  });
  afterEach(() => engines.end());

  test('the next process has every conversation in its first snapshot, and does not prefill what was saved', async () => {
    const before = engines.next();
    await ask(before, 'saved', myName.asks);
    await ask(before, 'written', 'my name is bob', { persist: 'transcript' });
    await before.save('saved');
    expect(summaryOf(before, 'saved')).toMatchObject({ residency: 'resident', savedAt: expect.any(Number) as number });
    const transcript = await before.transcript('saved');

    const after = engines.next();
    const shown = after.scopes
      .getSnapshot()
      .map(({ id, residency, persist, messageCount }) => [id, residency, persist, messageCount]);
    expect(shown).toEqual([
      ['saved', 'saved', 'full', 2],
      ['written', 'uncached', 'transcript', 2],
    ]);
    expect(await after.transcript('saved')).toEqual(transcript);
    const saved = await ask(after, 'saved', whoAmI.asks);
    expect(saved.answer).toBe(whoAmI.gets);
    expect(saved.cachedTokens).toBeGreaterThan(saved.prefilledTokens);
    expect(recorded(after, 'saved')).toContain('scopeRestored');
    const written = await ask(after, 'written', whoAmI.asks);
    expect(written).toMatchObject({ answer: 'Your name is bob.', cachedTokens: 0 });
  });

  test('a suspension saves what is not saved yet', async () => {
    const before = engines.next();
    await ask(before, 'kept', myName.asks);
    await before.suspend();
    const after = engines.next();
    expect(after.suspended.getSnapshot()).toBe(false);
    expect(await ask(after, 'kept', whoAmI.asks)).toMatchObject({ answer: whoAmI.gets });
  });

  test('a fork is kept as its origin is', async () => {
    const before = engines.next();
    await ask(before, 'origin', myName.asks);
    const fork = await before.fork('origin');
    await before.save(fork);
    expect((await ask(engines.next(), fork, whoAmI.asks)).answer).toBe(whoAmI.gets);
  });

  test('a scope that may not be written leaves no file', async () => {
    const client = engines.next();
    await ask(client, 'secret', myName.asks, { persist: 'none' });
    await expect(client.save('secret')).rejects.toMatchObject({ code: 'storageUnavailable' });
    await client.unload(tiny.path);
    expect(engines.files()).toEqual([]);
    expect((await ask(client, 'secret', whoAmI.asks)).answer).toBe(whoAmI.gets);
    expect(engines.next().scopes.getSnapshot()).toEqual([]);
    expect(engines.files()).toEqual([]);
  });

  test('a file that may no longer be kept is removed', async () => {
    const client = engines.next();
    await ask(client, 'diary', myName.asks);
    await client.save('diary');
    const both = engines.files();
    await client.setPersist('diary', 'transcript');
    const transcript = engines.files();
    expect(transcript.length).toBeLessThan(both.length);
    expect(summaryOf(client, 'diary')?.savedAt).toBeUndefined();
    await client.setPersist('diary', 'none');
    expect(engines.files()).toEqual([]);
    expect((await ask(client, 'diary', whoAmI.asks)).answer).toBe(whoAmI.gets);
  });

  test('disposing of one, and erasing all, leaves no file', async () => {
    const client = engines.next();
    for (const scope of ['one', 'two', 'three']) {
      await ask(client, scope, myName.asks);
      await client.save(scope);
    }
    const all = engines.files().length;
    expect(all).toBeGreaterThan(3);
    await client.deleteScope('one');
    expect(engines.files()).toHaveLength((all * 2) / 3);
    await client.deleteAllScopes();
    expect(engines.files()).toEqual([]);
    expect(client.scopes.getSnapshot()).toEqual([]);
    expect(engines.next().scopes.getSnapshot()).toEqual([]);
  });
});
