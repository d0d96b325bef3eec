// Pictures of every screen, for people to look at (docs/screens.md has the checklist).
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { answered, beginToTalk, openBrowser, tab, talk, visit, write } from './browser.mjs';
import { folderFor, startHost } from './host.mjs';

const folderOfPictures = process.env.LLAMA_RS_SCREENS ?? join(tmpdir(), 'llama-rs-screens');
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test(`every screen is pictured: ${colorScheme}, ${size}`, async (t) => {
      const folder = folderFor(t);
      const host = await startHost(t, folder);
      const { browser, say } = await openBrowser(t, folder);
      const page = await visit(browser, host.address, { viewport, colorScheme });
      mkdirSync(folderOfPictures, { recursive: true });
      const picture = (name) => page.screenshot({ path: join(folderOfPictures, `${name}-${colorScheme}-${size}.png`) });

      await picture('voice-empty');
      await tab(page, 'Chats');
      await picture('chats-empty');
      await tab(page, 'Voice');
      await talk(page, say, 'my name is alice');
      await answered(page, 'Nice to meet you, alice.');
      await write(page, 'what is my name');
      await answered(page, 'Your name is alice.');
      await beginToTalk(page, say, 'i live in paris');
      await picture('voice-listening');
      await page.getByRole('button', { name: 'Stop talking' }).click();
      await answered(page, /paris/i);
      await picture('voice-answered');

      await tab(page, 'Chats');
      await picture('chats-list');
      await page.getByRole('button', { name: /^Open Chat 1,/ }).click();
      await page.getByRole('button', { name: 'Edit the last question' }).click();
      await picture('chat-editing');
      await page.getByRole('button', { name: 'Cancel editing' }).click();
      await tab(page, 'Inspector');
      await page.getByText(/MiB used/).waitFor();
      await picture('inspector');

      await tab(page, 'Voice');
      await page.context().clearPermissions();
      await page.getByRole('button', { name: 'Talk', exact: true }).click();
      await page.getByText('The microphone is not allowed').waitFor();
      await picture('voice-denied');
      await host.kill();
      await page.getByText('Not connected').waitFor();
      await picture('voice-offline');

      const modelless = await startHost(t, folder, { model: '/nowhere/chat.gguf' });
      await page.goto(modelless.address);
      await page.getByText('The model could not be loaded').waitFor();
      await picture('voice-error');
    });
  }
}
