// Measures the real model's speed beside conversations that are not affected by it, and checks where the model is.
import { installNodePort } from '../../src/testing';
import { tiny, tinyState, unloadTiny } from './tiny';

const engine = installNodePort();
afterEach(() => unloadTiny(engine.client));

const greedy = { temperature: 0 };

test('a bench has speeds of both kinds, and a conversation goes on from its cache', async () => {
  const { client } = engine;
  const say = (content: string) =>
    client.generate({ model: tiny, scope: 's', append: [{ role: 'user', content }], options: greedy }).result;
  await say('my name is alice');
  const before = client.scope('s').getSnapshot();
  const seen: number[] = [];
  const report = await client.bench({
    model: tiny,
    promptTokens: 64,
    generatedTokens: 8,
    repetitions: 2,
    onProgress: ({ done, total }) => seen.push(done / total),
  });
  for (const [speed, tokens] of [
    [report.prompt, 64],
    [report.generation, 8],
  ] as const) {
    expect(speed).toMatchObject({ tokens, repetitions: [expect.any(Number), expect.any(Number)] });
    expect(Math.min(speed?.mean ?? 0, ...(speed?.repetitions ?? []))).toBeGreaterThan(0);
  }
  expect(report.info.description).toContain('llama');
  expect(seen.at(-1)).toBe(1);
  expect(client.scope('s').getSnapshot()).toEqual(before);
  const { text, usage } = await say('what is my name');
  expect(text).toContain('alice');
  expect(usage.cachedTokens).toBeGreaterThan(usage.prefilledTokens);
  expect(tinyState(client)).toMatchObject({ loads: 1, leases: [] });
});

test('an abort in the middle ends it, and what waited is answered', async () => {
  const { client } = engine;
  const abort = new AbortController();
  const waiting: Promise<unknown>[] = [];
  const begun = client.bench({
    model: tiny,
    promptTokens: 2_048,
    generatedTokens: 0,
    repetitions: 100,
    signal: abort.signal,
    onProgress() {
      if (abort.signal.aborted) return;
      waiting.push(client.generate({ model: tiny, scope: 't', append: [{ role: 'user', content: 'hi' }] }).result);
      abort.abort();
    },
  });
  await expect(begun).rejects.toMatchObject({ code: 'cancelled' });
  expect(await Promise.all(waiting)).toMatchObject([{ reason: 'stop' }]);
});

test('an option out of range is refused with its name and range', async () => {
  const refused = engine.client.bench({ model: tiny, repetitions: 101 });
  await expect(refused).rejects.toMatchObject({
    code: 'invalidOptions',
    detail: 'repetitions is out of range - use 1 to 100, got 101',
  });
});

test('a loaded model says where its layers are, and why no GPU has them', async () => {
  const { client } = engine;
  const lease = client.acquire({ ...tiny, device: 'cpu' }, 'test');
  await lease.ready;
  const status = tinyState(client)?.status;
  if (status?.type !== 'ready') throw new Error(`the model is ${status?.type}`);
  const { device, devices, layers, gpuLayers, gpuUnavailable } = status.info;
  expect({ device, layers, gpuLayers }).toEqual({ device: 'cpu', layers: 4, gpuLayers: 0 });
  expect(
    client.devices
      .getSnapshot()
      .filter(({ name }) => devices.includes(name))
      .map(({ kind }) => kind),
  ).toEqual(['cpu']);
  expect(gpuUnavailable).toEqual(
    client.gpuUnavailable.getSnapshot() ?? { reason: 'notWanted', detail: expect.any(String) as unknown },
  );
  lease.release();
});
