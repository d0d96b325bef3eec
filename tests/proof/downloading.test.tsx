// A model with a URL is downloaded while a component waits for it, on the real engine. The component sees the progress,
// another component shares the transfer, and the next load asks no server.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReactNode } from 'react';

import { act, renderHook, waitFor } from '@testing-library/react-native';

import { LlamaProvider, type ModelConfig, useLlama } from '../../src';
import { type Engines, enginesInOneDirectory } from './engines';
import { greedy, myName, tiny } from './tiny';

const WHOLE = readFileSync(tiny.path);
const HALF = WHOLE.subarray(0, WHOLE.length / 2);

let engines: Engines;
let server: Server;
let model: ModelConfig;
let asked = 0;
let giveTheRest = () => {};

beforeEach(async () => {
  engines = enginesInOneDirectory();
  asked = 0;
  const rest = new Promise<void>((resolve) => (giveTheRest = resolve));
  server = createServer(({ headers }, response) => {
    asked += 1;
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    if (first !== undefined && last !== undefined) {
      response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${WHOLE.length}`, etag: '"1"' });
      response.end(WHOLE.subarray(Number(first), Number(last) + 1));
      return;
    }
    response.writeHead(200, { 'content-length': WHOLE.length, etag: '"1"' });
    response.write(HALF);
    void rest.then(() => response.end(WHOLE.subarray(HALF.length)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  model = { ...tiny, path: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tiny.gguf` };
});

afterEach(() => {
  engines.end();
  server.closeAllConnections();
  server.close();
});

test('components share a download, see how far it is, and the model is there the next time', async () => {
  const client = engines.next();
  const wrapper = ({ children }: { children: ReactNode }) => <LlamaProvider client={client}>{children}</LlamaProvider>;
  const first = await renderHook(() => useLlama(model), { wrapper });
  const second = await renderHook(() => useLlama(model), { wrapper });
  await waitFor(() =>
    expect(first.result.current).toMatchObject({ status: 'downloading', download: { totalBytes: WHOLE.length } }),
  );
  await waitFor(() => expect(first.result.current.progress).toBeCloseTo(0.5));
  await first.unmount();
  expect(second.result.current.status).toBe('downloading');

  await act(() => giveTheRest());
  await waitFor(() => expect(second.result.current.status).toBe('ready'));
  expect(asked).toBe(1);
  const { text } = await client.generate({
    model,
    scope: 's',
    append: [{ role: 'user', content: myName.asks }],
    options: greedy,
  }).result;
  expect(text).toBe(myName.gets);
  const { models, disk } = await client.storedModels();
  expect(models).toMatchObject([{ name: model.path, isComplete: true, isIncoming: false, isInUse: true }]);
  expect(disk).toMatchObject({ modelsBytes: WHOLE.length, partialBytes: 0 });
  await expect(client.removeStoredModel(model.path)).rejects.toMatchObject({ code: 'modelInUse' });
  await second.unmount();

  const again = engines.next();
  await again.acquire(model, 'again').ready;
  expect(asked).toBe(1);
  await again.unload(model.path);
  await again.removeStoredModel(model.path);
  expect(await again.storedModels()).toMatchObject({ models: [], disk: { modelsBytes: 0 } });
});

test('whether it fits is known before it is downloaded', async () => {
  const client = engines.next();
  const fit = await client.canLoad(model);
  expect(fit.verdict).toBe('fits');
  const local = await client.canLoad(tiny);
  expect(fit.estimate).toEqual(local.estimate);
  expect(await client.storedModels()).toMatchObject({ models: [], disk: { modelsBytes: 0, partialBytes: 0 } });
});
