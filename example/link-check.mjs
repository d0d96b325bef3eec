// Checks that React Native's tools link the packages with a native side, and this checkout as the library, into the app
// for Android and iOS.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

import { root } from './bundle.mjs';

const example = `${root}example`;
const output = execFileSync(process.execPath, [`${root}node_modules/react-native/cli.js`, 'config'], {
  cwd: example,
  encoding: 'utf8',
});
const { dependencies, project } = JSON.parse(output);

const { 'react-native-llama-rs': ours } = dependencies;
assert.equal(`${ours.root}/`, root);
assert.equal(ours.platforms.ios.podspecPath, `${root}LlamaRs.podspec`);
assert.equal(ours.platforms.android.sourceDir, `${root}android`);
assert.equal(ours.platforms.android.packageInstance, 'new LlamaPackage()');
assert.equal(ours.platforms.android.libraryName, 'RNLlamaRsSpec');

// A package without a native side is not linked.
const { dependencies: wanted } = JSON.parse(readFileSync(`${example}/package.json`, 'utf8'));
const native = Object.keys(wanted).filter((name) => name !== 'react' && name !== 'react-native');
assert.deepEqual(Object.keys(dependencies).sort(), native.sort());
for (const [name, { platforms }] of Object.entries(dependencies)) {
  assert.ok(existsSync(platforms.ios.podspecPath), `${name} has no podspec`);
  assert.ok(existsSync(platforms.android.sourceDir), `${name} has no Android project`);
}
assert.equal(project.android.packageName, 'com.llamars.example');
assert.equal(project.ios.xcodeProject.name, 'VoiceToChat.xcodeproj');
console.log(`linked on both platforms: ${native.join(', ')}`);
