// Pages, tabs and hosts end; conversations and answers do not.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answered, loads, openBrowser, visit, write } from './browser.mjs';
import { folderFor, startHost } from './host.mjs';

/** Answers are long and end by themselves. A gate holds them while the test looks at them. */
const LONG = {
  isGated: true,
  load: { contextSize: 8192 },
  answer: { temperature: 0, repeatPenalty: 0.05, maxOutputTokens: 1200 },
};

const lastAnswer = (page) => page.getByRole('listitem').last();
const busy = (page) => page.locator('[aria-busy=true]');

/** Waits until the page shows an answer that is being written, and returns its text so far. */
async function underWay(page) {
  await busy(page).filter({ hasText: /\w/, hasNotText: 'Waiting…' }).waitFor();
  return lastAnswer(page).innerText();
}

/** Waits until the page shows more of the answer than `before`, and returns its text so far. */
async function goneOn(page, before) {
  const answer = await lastAnswer(page).elementHandle();
  await page.waitForFunction(([element, length]) => element.innerText.length > length, [answer, before.length]);
  return underWay(page);
}

test('a page that is reloaded shows the answer that is being written, and its end', async (t) => {
  const folder = folderFor(t);
  const { address, gate } = await startHost(t, folder, LONG);
  const { browser } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  await gate.holdNext();
  await write(page, 'my name is alice');
  await gate.held();
  const before = await underWay(page);
  await page.reload();
  const found = await underWay(page);
  await gate.holdNext();
  await gate.letGo();
  await gate.held();
  const after = await goneOn(page, found);
  assert.ok(after.startsWith(before.slice(0, 20)) && after.length > before.length, 'it did not go on');
  await gate.letGo();
  await busy(page).waitFor({ state: 'detached' });
  const whole = await lastAnswer(page).innerText();
  assert.ok(whole.length > after.length, 'it did not come to its end');
  assert.equal(await loads(page), 1);
});

test('two tabs of the browser on one conversation show one stream, and either ends it', async (t) => {
  const folder = folderFor(t);
  const { address, gate } = await startHost(t, folder, LONG);
  const { browser } = await openBrowser(t, folder);
  const [first, second] = [await visit(browser, address), await visit(browser, address)];
  await gate.holdNext();
  await write(first, 'my name is alice');
  await gate.held();
  await underWay(first);
  await underWay(second);
  await second.getByRole('button', { name: 'Stop the answer' }).click();
  await Promise.all([first, second].map((page) => busy(page).waitFor({ state: 'detached' })));
  assert.equal(await lastAnswer(first).innerText(), await lastAnswer(second).innerText());
  assert.equal(await loads(second), 1);
});

test('a host that is killed and started again has the conversations, and the page goes on by itself', async (t) => {
  const folder = folderFor(t);
  const { address, port, kill } = await startHost(t, folder);
  const { browser } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  await write(page, 'my name is alice');
  await answered(page, 'Nice to meet you, alice.');
  await kill();
  await page.getByText('Not connected').waitFor();
  await startHost(t, folder, { port });
  await page.getByText('Not connected').waitFor({ state: 'detached' });
  await page.getByText('Nice to meet you, alice.').waitFor();
  await write(page, 'what is my name');
  await answered(page, 'Your name is alice.');
  assert.equal(await loads(page), 1);
});
