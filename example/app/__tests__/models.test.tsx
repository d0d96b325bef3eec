import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fireEvent, screen, waitFor, within } from '@testing-library/react-native';

import { openEngine } from './engine';
import { type LoopbackHub, loopbackHub, REPOSITORY, TINY } from './loopbackHub';
import { answered, openApp, press, tab, write } from './openApp';

// Models are downloaded from a hub on this machine into the store of the real engine.

const directory = mkdtempSync(join(tmpdir(), 'llama-models-'));
const { client } = openEngine({ directory });
let hub: LoopbackHub;

beforeAll(async () => {
  hub = await loopbackHub();
  await client.setHub({ endpoint: hub.endpoint });
});
afterEach(async () => {
  for (const { name } of client.downloads.getSnapshot()) await client.cancelDownload(name);
  for (const { path } of client.models.getSnapshot()) await client.unload(path);
  for (const { name } of (await client.storedModels()).models) await client.removeStoredModel(name);
});
afterAll(() => {
  hub.close();
  rmSync(directory, { recursive: true, force: true });
});

async function openModels() {
  const app = await openApp(client);
  await tab('Models');
  return app;
}

async function search(name: string) {
  await fireEvent.changeText(screen.getByLabelText('Repository'), name);
  await press('Search the hub');
}

test('a repository is searched, its model downloaded, used, and deleted after a second thought', async () => {
  await openModels();
  await search(REPOSITORY);
  await screen.findByRole('button', { name: `Download ${TINY}` });
  const variants = within(screen.getByLabelText('Quantizations'));
  for (const words of ['Q8_0', 'best', 'fits']) expect(variants.getByText(words)).toBeTruthy();
  expect(screen.getByText('No model has been downloaded yet.')).toBeTruthy();

  await press(`Download ${TINY}`);
  await screen.findByRole('button', { name: `Use ${TINY}` });
  expect(variants.getByText('on this device')).toBeTruthy();
  await waitFor(() => expect(screen.queryByText('Downloads')).toBeNull());
  expect(screen.getByRole('meter').props['aria-label']).toMatch(/^Models take 1\.\d MB, .* free on the disk$/);

  await press(`Use ${TINY}`);
  await screen.findByText(`Answers come from ${TINY}.`);
  expect(screen.getByRole('button', { name: `Delete ${TINY}` }).props).toMatchObject({
    accessibilityState: { disabled: true },
  });
  await tab('Chats');
  await press('New chat');
  await write('my name is alice');
  await answered('Nice to meet you, alice.');
  expect(client.model(TINY).getSnapshot()).toMatchObject({ loads: 1 });

  await tab('Models');
  await press("Use the app's own");
  await screen.findByRole('button', { name: `Delete ${TINY}` });
  await press(`Delete ${TINY}`);
  await press('Keep');
  expect((await client.storedModels()).models).toHaveLength(1);
  await press(`Delete ${TINY}`);
  await press(`Delete ${TINY} for good`);
  await screen.findByText('No model has been downloaded yet.');
  expect((await client.storedModels()).disk).toMatchObject({ modelsBytes: 0 });
  // The model was still loaded, without a lease. The search lists it again for download.
  expect(screen.getByRole('button', { name: `Download ${TINY}` })).toBeTruthy();
});

test('a download is paused, resumed from another visit of the screen, and comes to its end', async () => {
  await openModels();
  await search('local/tiny');
  await screen.findByRole('button', { name: `Download ${TINY}` });
  hub.halt();
  await press(`Download ${TINY}`);
  await waitFor(() => expect(screen.getByRole('progressbar').props).toMatchObject({ 'aria-valuenow': 50 }));
  await press(`Pause ${TINY}`);
  await screen.findByText(/ MB, paused$/);
  await tab('Chats');
  await tab('Models');
  expect(screen.getByDisplayValue('local/tiny')).toBeTruthy();
  expect(screen.getByText('on its way')).toBeTruthy();
  await press(`Resume ${TINY}`);
  await screen.findByRole('button', { name: `Use ${TINY}` });
});

test('what came of a download that was cancelled is shown as such, and it goes on from there', async () => {
  await openModels();
  await search(REPOSITORY);
  await screen.findByRole('button', { name: `Download ${TINY}` });
  hub.halt();
  await press(`Download ${TINY}`);
  await waitFor(() => expect(screen.getByRole('progressbar').props).toMatchObject({ 'aria-valuenow': 50 }));
  await press(`Cancel ${TINY}`);
  await screen.findByText('incomplete');
  expect(screen.queryByText(/was cancelled/)).toBeNull();
  await press(`Resume ${TINY}`);
  await screen.findByRole('button', { name: `Use ${TINY}` });
  expect(screen.queryByText('incomplete')).toBeNull();
});

test('a repository that is not there says what to check', async () => {
  await openModels();
  await search('hf:local/nothing');
  await screen.findByText('There is no such model');
  expect(screen.getByText(/the hub has no local\/nothing.* - check the name/)).toBeTruthy();
  await search(REPOSITORY);
  await screen.findByRole('button', { name: `Download ${TINY}` });
  expect(screen.queryByText('There is no such model')).toBeNull();
});

test('without a network the search says so, and what to do', async () => {
  const gone = await loopbackHub();
  gone.close();
  await client.setHub({ endpoint: gone.endpoint });
  await openModels();
  await search(REPOSITORY);
  await screen.findByText('The network cannot be reached');
  expect(screen.getByText(/connect this device to a network and try again/)).toBeTruthy();
  await client.setHub({ endpoint: hub.endpoint });
  await press('Search again');
  await screen.findByRole('button', { name: `Download ${TINY}` });
});
