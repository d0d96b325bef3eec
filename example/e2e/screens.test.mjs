// Pictures of every screen, for people to look at (docs/screens.md has the checklist).
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { answered, beginToTalk, openBrowser, tab, talk, visit, write } from './browser.mjs';
import { gateTo, isLoading, isReading } from './pageGate.mjs';
import { folderFor, startHost } from './host.mjs';
import { startHub } from './hub.mjs';

const folderOfPictures = process.env.LLAMA_RS_SCREENS ?? join(tmpdir(), 'llama-rs-screens');
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test(`every screen is pictured: ${colorScheme}, ${size}`, async (t) => {
      const folder = folderFor(t);
      const hub = await startHub(t, folder, ['chat-q4_0.gguf', 'chat-q8_0.gguf']);
      const host = await startHost(t, folder, { load: { contextSize: 4096 }, hub: hub.endpoint });
      const { browser, say } = await openBrowser(t, folder);
      let gate;
      const prepare = async (page) => {
        gate = await gateTo(page);
        gate.holdAfter(isLoading);
      };
      const page = await visit(browser, host.address, { viewport, colorScheme, prepare });
      mkdirSync(folderOfPictures, { recursive: true });
      const picture = (name) => page.screenshot({ path: join(folderOfPictures, `${name}-${colorScheme}-${size}.png`) });

      await page.getByText('Loading the model').waitFor();
      await picture('voice-loading');
      gate.letGo();
      await page.getByText('Model loads since launch: 1').waitFor();
      await picture('voice-empty');
      await tab(page, 'Chats');
      await picture('chats-empty');
      await tab(page, 'Voice');
      await talk(page, say, 'my name is alice');
      await answered(page, 'Nice to meet you, alice.');
      await write(page, 'what is my name');
      await answered(page, 'Your name is alice.');
      // The sentence is longer than the words that the test waits for, so that the level still moves in the picture.
      await beginToTalk(page, say, 'what is my name and where do i live, '.repeat(4), { until: 'what is my' });
      await page.waitForFunction(
        () => Number(document.querySelector('[role=meter]')?.getAttribute('aria-valuenow')) > 30,
      );
      await picture('voice-listening');
      await page.getByRole('button', { name: 'Discard the recording' }).click();
      await talk(page, say, 'i live in paris');
      await answered(page, /paris/i);
      await picture('voice-answered');

      await page.getByRole('button', { name: 'New chat' }).click();
      gate.holdAfter(isReading);
      await write(page, 'i like tea. '.repeat(400));
      await page.getByText(/^Reading, [1-9]/).waitFor();
      await picture('voice-reading');
      gate.letGo();
      await page.getByRole('button', { name: 'Send' }).waitFor();

      await tab(page, 'Chats');
      await page.getByRole('button', { name: 'Fork Chat 1', exact: true }).click();
      await page.getByRole('button', { name: /^Open Chat 1, copy,/ }).waitFor();
      await picture('chats-list');
      await page.getByRole('button', { name: 'Rename Chat 1, copy' }).click();
      await page.getByRole('button', { name: 'Delete Chat 1', exact: true }).click();
      await picture('chats-forms');
      await page.getByRole('button', { name: /^Open Chat 1, \d/ }).click();
      await picture('chat-open');
      await page.getByRole('button', { name: 'Edit the last question' }).click();
      await picture('chat-editing');
      await page.getByRole('button', { name: 'Cancel editing' }).click();
      await tab(page, 'Inspector');
      await page.getByText(/MiB used/).waitFor();
      await picture('inspector');

      await tab(page, 'Models');
      await page.getByText('No model has been downloaded yet.').waitFor();
      await picture('models-empty');
      const search = async (name) => {
        await page.getByLabel('Repository', { exact: true }).fill(name);
        await page.keyboard.press('Enter');
      };
      await search('hf:local/nothing');
      await page.getByText('There is no such model').waitFor();
      await picture('models-error');
      await search('hf:local/models');
      await page.getByRole('button', { name: 'Download hf:local/models:Q8_0' }).click();
      await page.getByRole('button', { name: 'Delete hf:local/models:Q8_0', exact: true }).click();
      await hub.tell('halt chat-q4_0.gguf 600000');
      await page.getByRole('button', { name: 'Download hf:local/models:Q4_0' }).click();
      await page.getByText(/^600 kB of/).waitFor();
      await picture('models-list');
      await page.getByRole('button', { name: 'Pause hf:local/models:Q4_0' }).click();
      await page.getByText(/paused$/).waitFor();
      await page.getByRole('meter', { name: /^Models take 1\.[4-9] MB/ }).waitFor();
      const forGood = page.getByRole('button', { name: 'Delete hf:local/models:Q8_0 for good' });
      await forGood.evaluate((element) => element.scrollIntoView({ block: 'center' }));
      await picture('models-device');

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
