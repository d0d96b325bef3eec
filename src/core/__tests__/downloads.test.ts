import type { Download } from '../../protocol/generated';
import { manualScheduler, modelState, scriptedPort } from '../../testing';
import { LlamaClient } from '../LlamaClient';

const A = 'hf:org/a:Q4_0';
const B = 'hf:org/b:Q4_0';

function running(name: string, bytes: number): Download {
  return { name, status: { type: 'running', progress: { phase: { type: 'running' }, bytes } } };
}

function failed(name: string): Download {
  return { name, status: { type: 'failed', error: { code: 'diskFull', detail: 'needs 90 MB' } } };
}

function open(downloads: Download[] = []) {
  const port = scriptedPort({ downloads });
  return { port, client: new LlamaClient(port, { scheduler: manualScheduler() }) };
}

test('downloads are known from the first snapshot on, and followed until they are over', () => {
  const { port, client } = open([running(B, 1)]);
  expect(client.downloads.getSnapshot()).toEqual([running(B, 1)]);
  const heard = jest.fn();
  client.downloads.subscribe(heard);
  port.emit({ type: 'downloadChanged', download: running(A, 2) });
  const before = client.downloads.getSnapshot();
  expect(before).toEqual([running(A, 2), running(B, 1)]);
  port.emit({ type: 'downloadChanged', download: failed(B) });
  expect(client.downloads.getSnapshot()).toEqual([running(A, 2), failed(B)]);
  // An unchanged download keeps its identity.
  expect(client.downloads.getSnapshot()[0]).toBe(before[0]);
  port.emit({ type: 'downloadRemoved', name: A }, { type: 'downloadRemoved', name: B });
  expect(client.downloads.getSnapshot()).toEqual([]);
  expect(heard).toHaveBeenCalledTimes(3);
});

test('changes that a gap has hidden come with the next snapshot', () => {
  const { port, client } = open([running(A, 1)]);
  port.lose({ type: 'downloadRemoved', name: A }, { type: 'downloadChanged', download: running(B, 5) });
  port.emit({ type: 'modelChanged', model: modelState('a', { type: 'unloaded' }) });
  expect(client.downloads.getSnapshot()).toEqual([running(B, 5)]);
});

test('a download resolves when the model is there, and says why it is not', async () => {
  const { port, client } = open();
  const asked = client.download(A);
  expect(port.last('download')).toMatchObject({ name: A });
  expect(port.last('download')).not.toHaveProperty('sha256');
  port.answer(port.last('download'));
  await expect(asked).resolves.toBeUndefined();
  const cancelled = client.download(A, { sha256: 'abc' });
  expect(port.last('download')).toMatchObject({ sha256: 'abc' });
  port.answer(port.last('download'), { code: 'cancelled', detail: 'what has come is kept' });
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
});

test.each(['pauseDownload', 'cancelDownload'] as const)('%s names the download', async (act) => {
  const { port, client } = open();
  const done = client[act](A);
  expect(port.last(act)).toMatchObject({ name: A });
  port.answer(port.last(act));
  await expect(done).resolves.toBeUndefined();
});
