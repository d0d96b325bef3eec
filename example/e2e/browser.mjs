// Chromium, with a microphone that hears the words of a test.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const SAMPLE_BYTES = 2;
const HEADER_BYTES = 44;
/** Half a second of silence: the recogniser hears a word badly at the very beginning of a recording. */
const PAUSE = Buffer.alloc((16_000 * SAMPLE_BYTES) / 2);

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Opens a browser. After `say(text)`, each recording of its microphone hears flite say the text, once. */
export async function openBrowser(t, folder) {
  const microphone = join(folder, 'microphone.wav');
  const say = (text) => {
    execFileSync('flite', ['-voice', 'slt', '-t', text, '-o', microphone]);
    const speech = readFileSync(microphone);
    const sound = Buffer.concat([PAUSE, speech.subarray(HEADER_BYTES), PAUSE]);
    const header = Buffer.from(speech.subarray(0, HEADER_BYTES));
    header.writeUInt32LE(sound.length + HEADER_BYTES - 8, 4);
    header.writeUInt32LE(sound.length, 40);
    writeFileSync(microphone, Buffer.concat([header, sound]));
  };
  say('nothing');
  const browser = await chromium.launch({
    executablePath: process.env.LLAMA_RS_CHROMIUM ?? PROGRAMS.find((program) => existsSync(program)),
    args: [
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${microphone}%noloop`,
      '--autoplay-policy=no-user-gesture-required',
      // Chromium's sandbox does not work for root, often the only user of a container.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
  t.after(() => browser.close());
  return { browser, say };
}

/**
 * A visitor of the app, with a profile, a window and a page of its own. `microphone`: whether the page may use it.
 * `prepare` is called before the page loads.
 */
export async function visit(browser, address, { microphone = true, prepare = () => undefined, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    permissions: microphone ? ['microphone'] : [],
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await prepare(page);
  await page.goto(address);
  await page.getByRole('tablist').waitFor();
  return page;
}

/** Writes a message and sends it. */
export async function write(page, text) {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

/** Waits until the draft of the message begins with the text. */
export async function drafted(page, text) {
  await page.waitForFunction((begin) => document.querySelector('[aria-label=Message]')?.value.startsWith(begin), text);
}

/** A busy machine loses pieces of sound, and the recogniser hears other words. A person would say it again. */
const ATTEMPTS = 4;
const ATTEMPT_MS = 8000;

/** Taps, and talks until the page shows the words: all of them, or those of `until`. */
export async function beginToTalk(page, say, text, { until = text } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    say(text);
    await page.getByRole('button', { name: 'Talk', exact: true }).click();
    try {
      await page.getByRole('meter').waitFor({ timeout: ATTEMPT_MS });
      await page.locator('[aria-live=polite]', { hasText: until }).last().waitFor({ timeout: ATTEMPT_MS });
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      const discard = page.getByRole('button', { name: 'Discard the recording' });
      // On a very busy machine a tap takes so long that it counts as a hold, which ends the recording.
      if (await discard.isVisible()) await discard.click();
    }
  }
}

/** Taps, talks until the page shows the words, taps. */
export async function talk(page, say, text) {
  await beginToTalk(page, say, text);
  await page.getByRole('button', { name: 'Stop talking' }).click();
}

/** Waits until the last answer has the text and is complete. */
export async function answered(page, text) {
  await page.getByRole('listitem').last().getByText(text).waitFor();
  await page.locator('[aria-busy=true]').waitFor({ state: 'detached' });
}

export const tab = (page, name) => page.getByRole('tab', { name }).click();

/** The number of model loads that the banner shows. */
export async function loads(page) {
  const text = await page.getByText(/Model loads since launch: \d+/).innerText();
  return Number(/\d+/.exec(text)?.[0]);
}
