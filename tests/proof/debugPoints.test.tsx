// The four debug points of the old pattern. Its log lines show the bug; our flight recorder shows the same two voice
// recordings without it.
import { act, render } from '@testing-library/react-native';

import type { OldChat } from '../../fixtures/old-pattern/useLlamaVercelChat';
import type { LifecycleRecord, UseLlamaChat } from '../../src';
import { installNodePort } from '../../src/testing';
import { isReady, say, screens } from './Chat';
import { freeOldContexts, oldScreens, openOldApp } from './OldScreen';
import { Seen } from './Seen';
import { myName, tiny, unloadTiny, whoAmI } from './tiny';
import { until } from './until';

const engine = installNodePort();

afterEach(freeOldContexts);
afterEach(() => unloadTiny(engine.client));

/** Returns the log lines of two recordings, with the screen unmounted in between. */
async function oldRecordings(): Promise<string[]> {
  const lines: string[] = [];
  const { runtime, settle, open } = openOldApp({ log: (line) => lines.push(line) });
  const { seen, ui } = await open();
  await settle();
  await act(() => seen.last.processMessage(myName.asks));
  await ui.rerender(oldScreens());
  const again = new Seen<OldChat>();
  await ui.rerender(oldScreens({ runtime, seen: again }));
  await settle();
  await act(() => again.last.processMessage(whoAmI.asks));
  return lines;
}

/** Returns the flight recorder's entries of the same, oldest first. */
async function ourRecordings(): Promise<readonly LifecycleRecord[]> {
  const from = (await engine.client.readLog()).length;
  const ui = await render(screens(engine.client));
  for (const asks of [myName.asks, whoAmI.asks]) {
    const seen = new Seen<UseLlamaChat>();
    await ui.rerender(screens(engine.client, { seen, scope: 'recordings', debugLabel: 'VoiceTab' }));
    await seen.until(isReady);
    await (
      await say(seen, asks)
    ).result;
    await ui.rerender(screens(engine.client));
    await until(engine.client.model(tiny.path), (model) => model?.status.type === 'idle');
  }
  return (await engine.client.readLog()).slice(from);
}

const eventsOf = (records: readonly LifecycleRecord[], debugLabel: string) =>
  records.map(({ event }) => event).filter((event) => 'debugLabel' in event && event.debugLabel === debugLabel);

const count = (all: readonly string[], one: string) => all.filter((line) => line === one).length;

describe('Context State Tracking', () => {
  test('the old log shows a context set, lost and set again, but not by whom or why', async () => {
    const lines = await oldRecordings();
    expect(lines.filter((line) => line.startsWith('[ModelManager] Setting'))).toEqual([
      '[ModelManager] Setting context: true',
      '[ModelManager] Setting context: false',
      '[ModelManager] Setting context: true',
    ]);
  });

  test('our recorder shows one model that is lent, idle and lent again, each with its reason', async () => {
    const records = await ourRecordings();
    const states = records.map(({ event }) => event.type);
    expect(
      states.filter((type) => ['loading', 'ready', 'idle', 'unloading', 'unloaded', 'failed'].includes(type)),
    ).toEqual(['loading', 'ready', 'idle', 'ready', 'idle']);
    for (const { reason, model } of records) expect([reason !== '', model]).toEqual([true, tiny.path]);
  });
});

describe('Component Mounting', () => {
  test('the old log shows an unmount after which the context is gone', async () => {
    const lines = await oldRecordings();
    const unmounted = lines.indexOf('[Component] Unmounted');
    expect(count(lines, '[Component] Mounted')).toBe(2);
    expect(lines.indexOf('[ModelManager] Setting context: false')).toBeGreaterThan(unmounted);
  });

  test('our recorder names the component at each mount and unmount, and the lease that goes with it', async () => {
    const events = eventsOf(await ourRecordings(), 'VoiceTab');
    expect(events).toEqual([
      { type: 'mounted', debugLabel: 'VoiceTab' },
      { type: 'acquired', debugLabel: 'VoiceTab', reused: false },
      { type: 'unmounted', debugLabel: 'VoiceTab' },
      { type: 'released', debugLabel: 'VoiceTab' },
      { type: 'mounted', debugLabel: 'VoiceTab' },
      { type: 'acquired', debugLabel: 'VoiceTab', reused: true },
      { type: 'unmounted', debugLabel: 'VoiceTab' },
      { type: 'released', debugLabel: 'VoiceTab' },
    ]);
  });
});

describe('Context Usage', () => {
  test('the old log shows the second message find no context', async () => {
    const lines = await oldRecordings();
    const uses = lines.filter((line) => line.startsWith('[ModelManager] Getting'));
    expect(uses.at(-1)).toBe('[ModelManager] Getting context: false');
  });

  test('our recorder shows every answer reuse the loaded model', async () => {
    const uses = (await ourRecordings()).map(({ event }) => event).filter((event) => event.type === 'acquired');
    const answers = uses.filter(({ debugLabel }) => debugLabel.startsWith('generation '));
    expect(answers.map(({ reused }) => reused)).toEqual([true, true]);
  });
});

describe('Initialization Flow', () => {
  test('the old log shows two initializations', async () => {
    const lines = await oldRecordings();
    expect([count(lines, '[Initialize] Starting'), count(lines, '[Initialize] Complete')]).toEqual([2, 2]);
  });

  test('our recorder shows one', async () => {
    const steps = (await ourRecordings()).map(({ event }) => event.type);
    expect([count(steps, 'loading'), steps.indexOf('ready') - steps.indexOf('loading')]).toEqual([1, 1]);
  });
});
