// Microphone, recogniser, engine and browser are real. Only the voice is flite's.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answered, beginToTalk, drafted, loads, openBrowser, tab, talk, visit, write } from './browser.mjs';
import { folderFor, startHost } from './host.mjs';

test('a name that was said is known after five changes of tab: one load, and only the new turn is prefilled', async (t) => {
  const folder = folderFor(t);
  const { address } = await startHost(t, folder);
  const { browser, say } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  await talk(page, say, 'my name is alice');
  await answered(page, 'Nice to meet you, alice.');
  for (const name of ['Chats', 'Voice', 'Inspector', 'Chats', 'Voice']) await tab(page, name);
  await talk(page, say, 'what is my name');
  await answered(page, 'Your name is alice.');
  assert.equal(await loads(page), 1);

  await tab(page, 'Inspector');
  const costs = await page.getByText(/tokens prefilled/).innerText();
  const [, prefilled, reused] = /(\d+) tokens prefilled, (\d+) reused/.exec(costs)?.map(Number) ?? [];
  // The whole first turn is reused. Only the question and the template's tokens around it are prefilled.
  assert.ok(reused >= 20 && prefilled <= 16, costs);
});

test('without permission for the microphone it says so, and what was written stays', async (t) => {
  const folder = folderFor(t);
  const { address } = await startHost(t, folder);
  const { browser } = await openBrowser(t, folder);
  const page = await visit(browser, address, { microphone: false });
  await page.getByLabel('Message', { exact: true }).fill('half a thought');
  await page.getByRole('button', { name: 'Talk', exact: true }).click();
  await page.getByText('The microphone is not allowed').waitFor();
  await drafted(page, 'half a thought');
});

test('a recording without a word says that nothing was heard', async (t) => {
  const folder = folderFor(t);
  const { address } = await startHost(t, folder);
  const { browser, say } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  say(' ');
  await page.getByRole('button', { name: 'Talk', exact: true }).click();
  await page.getByRole('meter').waitFor();
  await page.getByRole('button', { name: 'Stop talking' }).click();
  await page.getByText('Nothing was heard').waitFor();
});

test('leaving the screen while talking keeps what was heard as a draft', async (t) => {
  const folder = folderFor(t);
  const { address } = await startHost(t, folder);
  const { browser, say } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  await beginToTalk(page, say, 'my name is alice');
  await tab(page, 'Chats');
  await tab(page, 'Voice');
  await page.getByText('The recording was interrupted').waitFor();
  await drafted(page, 'my name is alice');
});

const interruptions = {
  'the permission is taken back': (page) => page.context().clearPermissions(),
  // A browser without windows cannot hide a page, so the test dispatches the event of a phone's browser.
  'the page goes to the background': (page) =>
    page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
      document.dispatchEvent(new Event('visibilitychange'));
    }),
};
for (const [what, interrupt] of Object.entries(interruptions)) {
  test(`${what} while somebody talks: it says so, and what was heard is the draft`, async (t) => {
    const folder = folderFor(t);
    const { address } = await startHost(t, folder);
    const { browser, say } = await openBrowser(t, folder);
    const page = await visit(browser, address);
    await beginToTalk(page, say, 'my name is alice');
    await interrupt(page);
    await page.getByText('The recording was interrupted').waitFor();
    await drafted(page, 'my name is alice');
  });
}

test('a host that dies while somebody talks: what was heard is the draft', async (t) => {
  const folder = folderFor(t);
  const { address, kill } = await startHost(t, folder);
  const { browser, say } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  await beginToTalk(page, say, 'my name is alice');
  await kill();
  await page.getByText('Speech is not recognised now').waitFor();
  await drafted(page, 'my name is alice');
});

test('talking while an answer is spoken silences it, and the conversation ends where the voice did', async (t) => {
  const folder = folderFor(t);
  const { address } = await startHost(t, folder);
  const { browser, say } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  const sounds = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/speak')) sounds.push(request.postData());
  });
  await page.getByRole('button', { name: /Answers are not spoken/ }).click();
  const spoken = page.waitForRequest('**/speak');
  await write(page, 'hello');
  await spoken;
  await answered(page, 'Hello! How can I help you?');
  await talk(page, say, 'my name is alice');
  await answered(page, 'Nice to meet you, alice.');
  // The conversation keeps only the sentences that the voice began.
  const [, answer] = await page.getByRole('listitem').allInnerTexts();
  assert.equal(answer, sounds.includes('How can I help you?') ? 'Hello! How can I help you?' : 'Hello!');
  assert.deepEqual(sounds.slice(0, 1), ['Hello!']);
});
