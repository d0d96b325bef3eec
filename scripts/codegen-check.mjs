// Runs React Native's own codegen over the spec, for both platforms, and checks that it made the three members of a port.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { codegenConfig } = JSON.parse(readFileSync('package.json', 'utf8'));
const out = mkdtempSync(join(tmpdir(), 'llama-codegen-'));
const run = (...args) => execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });

try {
  const schema = join(out, 'schema.json');
  run('node_modules/@react-native/codegen/lib/cli/combine/combine-js-to-schema-cli.js', schema, codegenConfig.jsSrcsDir);
  for (const platform of ['android', 'ios']) {
    const folder = join(out, platform);
    run(
      'node_modules/react-native/scripts/generate-specs-cli.js',
      ...['-p', platform, '-s', schema, '-o', folder, '-n', codegenConfig.name],
      ...['-j', codegenConfig.android.javaPackageName, '-t', codegenConfig.type],
    );
    requireMembers(platform, textOf(folder));
  }
  console.log('codegen: the spec passes for android and ios');
} finally {
  rmSync(out, { recursive: true });
}

function textOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

function requireMembers(platform, text) {
  for (const member of ['snapshot', 'send', 'emitOnEvents']) {
    if (!text.includes(member)) {
      throw new Error(`codegen made no ${member} for ${platform} - compare src/NativeLlama.ts with src/core/port.ts`);
    }
  }
}
