import { fireEvent, render, screen } from '@testing-library/react-native';

import type { GenerationState, LifecycleRecord } from '../../../protocol/generated';
import { modelInfo, modelState, scopeSummary } from '../../../testing';
import { harness } from '../../__tests__/harness';
import { LlamaInspector } from '../LlamaInspector';

type World = Parameters<typeof harness>[0];

const fit = {
  verdict: 'fits',
  estimate: {
    weightsBytes: 3 * 1024 ** 2,
    kvBytes: 2 * 1024 ** 2,
    computeBytes: 1024 ** 2,
    contextSize: 512,
    maxResident: 2,
  },
  availableBytes: 8 * 1024 ** 3,
} as const;

async function open(world?: World, onReload?: () => void) {
  const all = harness(world);
  await render(<LlamaInspector {...(onReload && { onReload })} />, { wrapper: all.wrapper });
  return all;
}

const press = (name: string) => fireEvent.press(screen.getByRole('button', { name }));

function finished(id: string, outputTokens: number, decodeMs: number): GenerationState {
  const usage = { promptTokens: 30, cachedTokens: 20, prefilledTokens: 10, outputTokens };
  const timings = { queuedMs: 0, prefillMs: 5, decodeMs, firstTokenMs: 7 };
  return {
    id,
    scope: 's',
    model: 'a',
    text: 'x',
    reasoning: '',
    toolCalls: [],
    phase: { type: 'finished', outcome: { reason: 'stop', usage, timings } },
  };
}

test('before anything was asked for, every section says so', async () => {
  await open();
  for (const text of [
    'No model has been asked for yet.',
    'No answer yet.',
    'No conversation yet.',
    'Nothing has happened yet.',
  ]) {
    expect(screen.getByText(text)).toBeTruthy();
  }
});

test('a model is shown with its state, its loads and the labels of its leases, and can be unloaded', async () => {
  const { port } = await open({
    models: [modelState('dir/a.gguf', { type: 'ready', info: modelInfo }, ['VoiceScreen', 'Chats'])],
  });
  expect(screen.getByText('a.gguf')).toBeTruthy();
  expect(screen.getByText('ready')).toBeTruthy();
  expect(screen.getByText('loaded once')).toBeTruthy();
  expect(screen.getByText('Leases: VoiceScreen, Chats')).toBeTruthy();
  await press('Unload a.gguf');
  expect(port.last('unload').path).toBe('dir/a.gguf');
});

test('a load shows how far it is, a failure why, and a second load is counted', async () => {
  await open({
    models: [
      modelState('a', { type: 'loading', progress: 0.42 }),
      modelState('c', {
        type: 'downloading',
        progress: { phase: { type: 'running' }, bytes: 2048, totalBytes: 4096, bytesPerSecond: 1024 },
      }),
      { ...modelState('b', { type: 'failed', error: { code: 'outOfMemory', detail: 'needs 3 GB' } }), loads: 2 },
    ],
  });
  expect(screen.getByText('loading 42 %')).toBeTruthy();
  expect(screen.getByText('downloading: running, 2.0 KiB of 4.0 KiB, 1.0 KiB/s')).toBeTruthy();
  expect(screen.getByText('needs 3 GB')).toBeTruthy();
  expect(screen.getByText('loaded 2 times')).toBeTruthy();
});

test('memory is what loaded models were estimated at, what is beside them, and what is free', async () => {
  const resident = { id: 'ears', name: 'speech recogniser', sizeBytes: 4 * 1024 ** 2, inUse: false };
  const { port, play } = await open({
    models: [modelState('a', { type: 'idle', info: modelInfo })],
    residents: [resident],
  });
  const { requestId, model } = port.last('canLoad');
  // The sizes are those that were loaded: the engine must not fit them to the memory that is free now.
  expect(model).toEqual({ path: 'a', contextSize: 512, maxResident: 2 });
  await play(() => port.emit({ type: 'memoryFit', requestId, fit }));
  expect(screen.getByRole('img', { name: 'Memory: 10 MiB used, 8.0 GiB free' })).toBeTruthy();
  expect(screen.getByText('KV 2.0 MiB')).toBeTruthy();
  expect(screen.getByText('speech recogniser: 4.0 MiB, may be evicted')).toBeTruthy();
});

test('a model that only makes embeddings has no maxResident to show or to ask for', async () => {
  const info = { ...modelInfo, maxResident: 0, hasChatTemplate: false };
  const { port } = await open({ models: [modelState('e', { type: 'idle', info })] });
  expect(screen.getByText(/ · embeddings of 512 tokens · 1 thread · cpu$/)).toBeTruthy();
  expect(port.last('canLoad').model).toEqual({ path: 'e', contextSize: 512 });
});

test('each answer that has ended is a bar, and the last one says what it cost', async () => {
  const { play } = await open({ generations: [finished('g', 20, 1000)] });
  expect(screen.getByText('last 20, fastest 20')).toBeTruthy();
  await play((port) => port.emit({ type: 'generationQueued', generation: finished('h', 10, 1000) }));
  expect(screen.getByText('last 10, fastest 20')).toBeTruthy();
  expect(screen.getByText('Last answer: first token after 7 ms, 10 tokens prefilled, 20 reused')).toBeTruthy();
});

test('conversations are shown with the place of their KV', async () => {
  await open({
    scopes: [scopeSummary('Chat 1', { residency: 'parked', messageCount: 4, cachedTokens: 50, savedAt: 1 })],
  });
  expect(screen.getByText('parked')).toBeTruthy();
  expect(screen.getByText('4 messages · 50 tokens cached · on disk')).toBeTruthy();
});

test('the log has what was before the client and what came since, once, newest first', async () => {
  const record = (at: number, type: 'loading' | 'ready' | 'idle'): LifecycleRecord => ({
    at,
    event: { type },
    reason: `because of ${type}`,
  });
  const { port, play } = await open();
  await play(() => port.emit({ type: 'recorded', record: record(2, 'ready') }));
  const { requestId } = port.last('readLog');
  await play(() => port.emit({ type: 'log', requestId, records: [record(1, 'loading'), record(2, 'ready')] }));
  await play(() => port.emit({ type: 'recorded', record: record(3, 'idle') }));
  expect(screen.getAllByText(/^because of/).map((line) => line.children[0])).toEqual([
    'because of idle',
    'because of ready',
    'because of loading',
  ]);
});

test('trim, suspend and resume ask the engine, and a refusal is shown', async () => {
  const { port, play } = await open();
  await press('Trim');
  await press('Trim hard');
  expect(port.sentOf('trim').map(({ level }) => level)).toEqual(['moderate', 'critical']);
  await press('Suspend');
  await play(() => port.answer(port.last('suspend'), { code: 'busy', detail: 'something waits' }));
  expect(screen.getByText('something waits')).toBeTruthy();
  await play(() => port.emit({ type: 'suspensionChanged', suspended: true }));
  await press('Resume');
  expect(port.sentOf('resume')).toHaveLength(1);
  expect(screen.queryByText('something waits')).toBeNull();
});

test('JavaScript can be reloaded where there is a way to', async () => {
  const onReload = jest.fn();
  await open(undefined, onReload);
  await press('Reload JS');
  expect(onReload).toHaveBeenCalledTimes(1);
});

test('without one there is no button for it', async () => {
  await open();
  expect(screen.queryByRole('button', { name: 'Reload JS' })).toBeNull();
});
