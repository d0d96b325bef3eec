// Applies the config plugin to a project's Info.plist and entitlements, through Expo's own prebuild steps.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compileModsAsync } from '@expo/config-plugins';

import withLlama, { type LlamaPluginOptions } from '../../app.plugin.js';

let projectRoot: string;
let app: string;

beforeEach(() => {
  projectRoot = mkdtempSync(join(tmpdir(), 'llama-plugin-'));
  app = join(projectRoot, 'ios/chat');
  mkdirSync(app, { recursive: true });
  for (const file of ['Info.plist', 'chat.entitlements']) copyFileSync(`fixtures/expo/${file}`, join(app, file));
  mkdirSync(join(projectRoot, 'ios/chat.xcodeproj'));
  copyFileSync('fixtures/expo/project.pbxproj', join(projectRoot, 'ios/chat.xcodeproj/project.pbxproj'));
  // Expo finds the app's folder by this file.
  writeFileSync(join(app, 'AppDelegate.swift'), '');
});

afterEach(() => rmSync(projectRoot, { recursive: true }));

async function prebuild(options?: LlamaPluginOptions) {
  const config = withLlama({ name: 'chat', slug: 'chat', _internal: { projectRoot } }, options);
  await compileModsAsync(config, { projectRoot, platforms: ['ios'] });
  const read = (file: string) => readFileSync(join(app, file), 'utf8');
  return { info: read('Info.plist'), entitlements: read('chat.entitlements') };
}

it('asks for more memory than an app usually may take, and keeps what the app had', async () => {
  const { info, entitlements } = await prebuild();
  expect(entitlements).toMatch(isTrue('com.apple.developer.kernel.increased-memory-limit'));
  expect(entitlements).toContain('<key>aps-environment</key>');
  expect(info).toContain('<string>To be spoken to</string>');
  expect(info).not.toContain('Llama');
});

it('opts in to finishing in the background, and takes that back', async () => {
  expect((await prebuild({ finishInBackground: 'Finishing' })).info).toMatch(isTrue('LlamaFinishInBackground'));
  expect((await prebuild()).info).not.toContain('Llama');
});

const isTrue = (key: string) => new RegExp(`<key>${key}</key>\\s*<true/>`);
