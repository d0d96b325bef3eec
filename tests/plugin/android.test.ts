// Applies the config plugin to a project's AndroidManifest.xml, through Expo's own prebuild steps.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compileModsAsync } from '@expo/config-plugins';

import withLlama, { type LlamaPluginOptions } from '../../app.plugin.js';

const META_DATA = '<meta-data android:name="com.llamars.FINISH_IN_BACKGROUND" android:value="Finishing"/>';
const PERMISSION = '<uses-permission android:name="android.permission.FOREGROUND_SERVICE"/>';

let projectRoot: string;
let manifest: string;

beforeEach(() => {
  projectRoot = mkdtempSync(join(tmpdir(), 'llama-plugin-'));
  const folder = join(projectRoot, 'android/app/src/main');
  mkdirSync(folder, { recursive: true });
  manifest = join(folder, 'AndroidManifest.xml');
  copyFileSync('fixtures/expo/AndroidManifest.xml', manifest);
});

afterEach(() => rmSync(projectRoot, { recursive: true }));

async function prebuild(options?: LlamaPluginOptions) {
  const config = withLlama({ name: 'chat', slug: 'chat', _internal: { projectRoot } }, options);
  await compileModsAsync(config, { projectRoot, platforms: ['android'] });
  return readFileSync(manifest, 'utf8');
}

it('declares nothing unless asked', async () => {
  const text = await prebuild();
  expect(text).not.toContain('com.llamars');
  expect(text).not.toContain('FOREGROUND_SERVICE');
});

it('asks for the service, once, and keeps what the app had', async () => {
  await prebuild({ finishInBackground: 'Working' });
  const text = await prebuild({ finishInBackground: 'Finishing' });
  expect(text).not.toContain('Working');
  expect(text.split(META_DATA)).toHaveLength(2);
  expect(text.split(PERMISSION)).toHaveLength(2);
  expect(text).toContain('expo.modules.updates.ENABLED');
  expect(text).toContain('android.permission.INTERNET');
});

it('takes the wish back, and leaves a permission that others may need', async () => {
  await prebuild({ finishInBackground: 'Finishing' });
  const text = await prebuild();
  expect(text).not.toContain('com.llamars');
  expect(text).toContain(PERMISSION);
});

it('names an option that it does not know', () => {
  const misspelt = { finishInBackgroud: 'Finishing' } as LlamaPluginOptions;
  expect(() => withLlama({ name: 'chat', slug: 'chat' }, misspelt)).toThrow(
    'no such plugin option: finishInBackgroud - one of',
  );
});

it('is a file that Node requires, as Expo does', () => {
  const kind = execFileSync(process.execPath, ['-p', "typeof require('./app.plugin.js').default"], {
    encoding: 'utf8',
  });
  expect(kind).toBe('function\n');
});
