// Everything that a user does to conversations, by keyboard and pointer, on the real engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answered, openBrowser, tab, visit, write } from './browser.mjs';
import { folderFor, startHost } from './host.mjs';

const button = (page, name) => page.getByRole('button', { name, exact: true });

test('a conversation is edited, forked, renamed and deleted', async (t) => {
  const folder = folderFor(t);
  const { address } = await startHost(t, folder);
  const { browser } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  await tab(page, 'Chats');
  await write(page, 'my name is alice');
  await answered(page, 'Nice to meet you, alice.');

  await button(page, 'Fork Chat 1').click();
  await page.getByRole('button', { name: /^Open Chat 1, copy,/ }).waitFor();

  await button(page, 'Edit the last question').click();
  await write(page, 'my name is bob');
  await answered(page, 'Nice to meet you, bob.');
  assert.equal(await page.getByText('my name is alice').count(), 0);
  await button(page, 'Regenerate').click();
  await answered(page, 'Nice to meet you, bob.');

  await page.getByRole('button', { name: /^Open Chat 1, copy,/ }).click();
  await write(page, 'what is my name');
  await answered(page, 'Your name is alice.');

  await button(page, 'Rename Chat 1, copy').click();
  await page.getByLabel('New name').fill('About Alice');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /^Open About Alice,/ }).waitFor();
  await page.getByText('Your name is alice.').waitFor();

  await button(page, 'Delete Chat 1').click();
  await button(page, 'Delete Chat 1 for good').click();
  await page.getByRole('button', { name: /^Open Chat 1,/ }).waitFor({ state: 'detached' });
});

test('every control can be reached by Tab and shows where the focus is', async (t) => {
  const folder = folderFor(t);
  const { address } = await startHost(t, folder);
  const { browser } = await openBrowser(t, folder);
  const page = await visit(browser, address);
  const reached = new Set();
  // Once around, from the page's beginning until the focus is on its first control again.
  for (let step = 0; step < 20; step += 1) {
    await page.keyboard.press('Tab');
    const { name, outline } = await page.evaluate(() => {
      const element = document.activeElement;
      // The page itself has the focus between the last control and the first one.
      if (element === null || element === document.body) return { name: '', outline: 'none' };
      return {
        name: element.getAttribute('aria-label') ?? element.textContent,
        outline: getComputedStyle(element).outlineStyle,
      };
    });
    if (name === '') continue;
    assert.notEqual(outline, 'none', `${name} does not show the focus`);
    reached.add(name);
  }
  for (const name of ['New chat', 'Talk', 'Message', 'Voice', 'Chats', 'Models', 'Inspector'])
    assert.ok(reached.has(name), `${name} is not reached`);
});
