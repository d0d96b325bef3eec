// From a name in a field to a model that answers, and back to a disk without it. App, host, engine and network are
// real.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answered, openBrowser, tab, visit, write } from './browser.mjs';
import { folderFor, startHost } from './host.mjs';
import { startHub } from './hub.mjs';

const NAME = 'hf:local/models:Q8_0';

const button = (page, name) => page.getByRole('button', { name, exact: true });

async function search(page, name) {
  await page.getByLabel('Repository', { exact: true }).fill(name);
  await page.keyboard.press('Enter');
}

test('a model is searched, downloaded with a pause and a reload in between, used and deleted', async (t) => {
  const folder = folderFor(t);
  const hub = await startHub(t, folder);
  const { address } = await startHost(t, folder, { hub: hub.endpoint });
  const { browser } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  await tab(page, 'Models');
  await search(page, 'hf:local/models');
  const quantizations = page.getByRole('list', { name: 'Quantizations' });
  await quantizations.getByText('Q8_0').waitFor();
  await quantizations.getByText('best').waitFor();
  await quantizations.getByText('fits', { exact: true }).waitFor();

  await hub.tell('halt tiny-chat-q8_0.gguf 600000');
  await button(page, `Download ${NAME}`).click();
  const bar = page.getByRole('progressbar');
  await page.getByText(/^600 kB of 1\.\d MB/).waitFor();
  await button(page, `Pause ${NAME}`).click();
  await page.getByText(/^600 kB of 1\.\d MB, paused$/).waitFor();
  const share = Number(await bar.getAttribute('aria-valuenow'));
  assert.ok(share > 40 && share < 60, `${share} %`);
  // The download belongs to the host, so it outlives the page.
  await page.reload();
  await tab(page, 'Models');
  await button(page, `Resume ${NAME}`).click();
  const stored = page.getByRole('list', { name: 'Stored models' });
  await stored.getByText(NAME).waitFor();
  await bar.waitFor({ state: 'detached' });
  await page.getByRole('meter', { name: /^Models take 1\.\d MB/ }).waitFor();

  await button(page, `Use ${NAME}`).click();
  await page.getByText(`Answers come from ${NAME}.`).waitFor();
  await tab(page, 'Chats');
  await write(page, 'my name is alice');
  await answered(page, 'Nice to meet you, alice.');
  await tab(page, 'Models');
  await button(page, "Use the app's own").click();
  await button(page, `Delete ${NAME}`).click();
  await button(page, 'Keep').click();
  await button(page, `Delete ${NAME}`).click();
  await button(page, `Delete ${NAME} for good`).click();
  await page.getByText('No model has been downloaded yet.').waitFor();
  await page.getByRole('meter', { name: /^Models take 0 kB/ }).waitFor();
});

test('a name that the hub does not have, and a hub that is not there, each say what to do', async (t) => {
  const folder = folderFor(t);
  const hub = await startHub(t, folder);
  const { address } = await startHost(t, folder, { hub: hub.endpoint });
  const { browser } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  await tab(page, 'Models');
  await search(page, 'hf:local/nothing');
  await page.getByRole('alert').getByText('There is no such model').waitFor();
  await page.getByText(/check the name/).waitFor();
  await hub.end();
  await search(page, 'hf:local/models');
  await page.getByRole('alert').getByText('The network cannot be reached').waitFor();
  await page.getByText(/connect this device to a network and try again/).waitFor();
});

test('a host that is given a name of the hub brings that model, and it answers', async (t) => {
  const folder = folderFor(t);
  const hub = await startHub(t, folder);
  const { address } = await startHost(t, folder, { hub: hub.endpoint, model: NAME, answer: { temperature: 0 } });
  const { browser } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  await write(page, 'my name is alice');
  await answered(page, 'Nice to meet you, alice.');
  await tab(page, 'Models');
  await page.getByText(`Answers come from ${NAME}.`).waitFor();
  assert.equal(await button(page, "Use the app's own").count(), 0);
});
