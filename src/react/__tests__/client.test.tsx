import { renderHook } from '@testing-library/react-native';

import { modelState, scriptedPort } from '../../testing';
import { makeLlamaProvider, useLlamaClient } from '../client';
import { useDownloads } from '../useDownloads';
import { useModels } from '../useModels';
import { harness } from './harness';

test('a hook outside the provider says what to do', async () => {
  const errors = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  await expect(renderHook(() => useLlamaClient())).rejects.toMatchObject({
    code: 'providerMissing',
    detail: expect.stringContaining('put LlamaProvider around the app') as unknown,
  });
  errors.mockRestore();
});

test('without a client the platform port is opened once, when it is first needed', async () => {
  const openPort = jest.fn(() => scriptedPort());
  const Provider = makeLlamaProvider(openPort);
  expect(openPort).not.toHaveBeenCalled();
  const first = await renderHook(() => useLlamaClient(), { wrapper: Provider });
  const second = await renderHook(() => useLlamaClient(), { wrapper: Provider });
  expect(second.result.current).toBe(first.result.current);
  expect(openPort).toHaveBeenCalledTimes(1);
});

test('a client that is given is used, and no port is opened', async () => {
  const { client, wrapper } = harness();
  const { result } = await renderHook(() => useLlamaClient(), { wrapper });
  expect(result.current).toBe(client);
});

test('useModels shows every model that the manager knows', async () => {
  const { wrapper, play } = harness({ models: [modelState('a', { type: 'unloaded' })] });
  const { result } = await renderHook(() => useModels(), { wrapper });
  expect(result.current.map(({ path }) => path)).toEqual(['a']);
  await play((port) => port.emit({ type: 'modelChanged', model: modelState('b', { type: 'unloaded' }) }));
  expect(result.current.map(({ path }) => path)).toEqual(['a', 'b']);
});

test('useDownloads shows what comes to this device, whoever asked for it', async () => {
  const progress = { phase: { type: 'running' as const }, bytes: 1 };
  const { wrapper, play } = harness({ downloads: [{ name: 'hf:org/a', status: { type: 'running', progress } }] });
  const { result } = await renderHook(() => useDownloads(), { wrapper });
  expect(result.current.map(({ name }) => name)).toEqual(['hf:org/a']);
  await play((port) => port.emit({ type: 'downloadRemoved', name: 'hf:org/a' }));
  expect(result.current).toEqual([]);
});
