import { act, fireEvent, screen, within } from '@testing-library/react-native';
import { type Download, type HubVariant, LlamaClient, type StoredModels } from 'react-native-llama-rs';
import { type ScriptedPort, scriptedPort } from 'react-native-llama-rs/testing';

import { openApp, press, tab } from './openApp';

// Cases that a small model on a large disk does not produce, by a scripted engine.

const MB = 1e6;
const EMPTY: StoredModels = { models: [], disk: { modelsBytes: 0, partialBytes: 0, freeBytes: 900 * MB } };

async function open({ downloads = [], stored = EMPTY }: { downloads?: Download[]; stored?: StoredModels } = {}) {
  const port = scriptedPort({ downloads });
  await openApp(new LlamaClient(port));
  await tab('Models');
  await tell(port, { type: 'storedModels', requestId: port.last('listStoredModels').requestId, stored });
  return port;
}

const tell = (port: ScriptedPort, ...events: Parameters<ScriptedPort['emit']>) => act(async () => port.emit(...events));

const variant = (quantization: string, more: Partial<HubVariant> = {}): HubVariant => ({
  name: `hf:org/chat:${quantization}`,
  quantization,
  bytes: 400 * MB,
  fileCount: 1,
  isStored: false,
  isFitExact: false,
  ...more,
});

const estimate = { weightsBytes: 1, kvBytes: 1, computeBytes: 1, contextSize: 1536, maxResident: 1 };

test('each quantization says whether it fits, with how much context, and which is best', async () => {
  const port = await open();
  await fireEvent.changeText(screen.getByLabelText('Repository'), ' org/chat ');
  await press('Search the hub');
  expect(screen.getByText('Looking at hf:org/chat…')).toBeTruthy();
  const { requestId, repository } = port.last('browseHub');
  expect(repository).toBe('hf:org/chat');
  const variants = [
    variant('Q4_K_M', { fit: { verdict: 'fits', estimate }, isFitExact: true }),
    variant('Q8_0', { fit: { verdict: 'fitsSmaller', estimate }, fileCount: 2 }),
    variant('F16', { fit: { verdict: 'doesNotFit', estimate } }),
    variant('Q2_K'),
  ];
  await tell(port, {
    type: 'hubRepository',
    requestId,
    repository: { repository: 'org/chat', commit: 'c0ffee', variants, best: 'hf:org/chat:Q4_K_M' },
  });

  const words = within(screen.getByLabelText('Quantizations')).getAllByText(/./);
  expect(words.map(({ props }) => String(props.children))).toEqual([
    ...['Q4_K_M', 'best', 'fits', '400 MB', 'Download'],
    ...['Q8_0', 'fits with contextSize 1536', '400 MB, 2 files, fit estimated from another file', 'Download'],
    ...['F16', 'does not fit', '400 MB, fit estimated from another file', 'Download'],
    ...['Q2_K', 'fit not known', '400 MB', 'Download'],
  ]);
});

test('a repository without models says what to look for', async () => {
  const port = await open();
  await fireEvent.changeText(screen.getByLabelText('Repository'), 'hf:org/words');
  await press('Search the hub');
  const { requestId } = port.last('browseHub');
  await tell(port, {
    type: 'hubRepository',
    requestId,
    repository: { repository: 'org/words', commit: 'c0ffee', variants: [] },
  });
  expect(screen.getByText(/no GGUF model in it/)).toBeTruthy();
});

test('a full disk is said where the download is, and both ways on lead on', async () => {
  const name = 'hf:org/chat:Q4_K_M';
  const detail = 'the download needs 400 MB more, 100 MB are free - free 300 MB and try again';
  const port = await open({ downloads: [{ name, status: { type: 'failed', error: { code: 'diskFull', detail } } }] });
  expect(screen.getByText('The disk is full')).toBeTruthy();
  expect(screen.getByText(detail)).toBeTruthy();
  await press(`Try ${name} again`);
  expect(port.last('download')).toMatchObject({ name });
  // The list of downloads shows the failure, and only there.
  await tell(port, { type: 'failed', requestId: port.last('download').requestId, error: { code: 'diskFull', detail } });
  expect(screen.getAllByText('The disk is full')).toHaveLength(1);
  await press(`Dismiss ${name}`);
  expect(port.last('cancelDownload')).toMatchObject({ name });
  await tell(port, { type: 'downloadRemoved', name });
  expect(screen.queryByText('The disk is full')).toBeNull();
});

test('a download that cannot even begin says why at its quantization', async () => {
  const port = await open();
  await fireEvent.changeText(screen.getByLabelText('Repository'), 'hf:org/chat');
  await press('Search the hub');
  const repository = { repository: 'org/chat', commit: 'c0ffee', variants: [variant('Q8_0')] };
  await tell(port, { type: 'hubRepository', requestId: port.last('browseHub').requestId, repository });
  await press('Download hf:org/chat:Q8_0');
  const error = {
    code: 'storageUnavailable',
    detail: 'this process has no directory for models - let its host name one',
  } as const;
  await tell(port, { type: 'failed', requestId: port.last('download').requestId, error });
  expect(screen.getByText(error.detail)).toBeTruthy();
});

test('a model with too little room for its context is used with what fits', async () => {
  const name = 'hf:org/chat:Q8_0';
  const model = { name, bytes: 400 * MB, lastUsedAt: 1, isComplete: true, isIncoming: false, isInUse: false };
  const port = await open({
    stored: {
      models: [model],
      disk: { modelsBytes: 400 * MB, partialBytes: 0, budgetBytes: 500 * MB, freeBytes: 900 * MB },
    },
  });
  expect(screen.getByRole('meter').props).toMatchObject({
    'aria-label': 'Models take 400 MB of the 500 MB that they may take, 900 MB free on the disk',
    'aria-valuenow': 80,
  });
  await press(`Use ${name}`);
  expect(port.last('canLoad')).toMatchObject({ model: { path: name, threads: 1 } });
  await tell(port, {
    type: 'memoryFit',
    requestId: port.last('canLoad').requestId,
    fit: { verdict: 'fitsSmaller', estimate },
  });
  await tab('Voice');
  expect(port.last('acquire').model).toMatchObject({ path: name, contextSize: 1536, maxResident: 1 });
});

test('a model that is in use says what to do, and stays', async () => {
  const name = 'hf:org/chat:Q8_0';
  const model = { name, bytes: 400 * MB, lastUsedAt: 1, isComplete: true, isIncoming: false, isInUse: true };
  const port = await open({ stored: { models: [model], disk: { modelsBytes: 400 * MB, partialBytes: 0 } } });
  await press(`Delete ${name}`);
  await press(`Delete ${name} for good`);
  const error = { code: 'modelInUse', detail: `${name} is in use - unload it first` } as const;
  await tell(port, { type: 'failed', requestId: port.last('removeStoredModel').requestId, error });
  expect(screen.getByText('The model is in use')).toBeTruthy();
  expect(screen.getByRole('button', { name: `Delete ${name}` })).toBeTruthy();
});
