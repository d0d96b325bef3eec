// Runs React Native's codegen on the spec, for both platforms, and checks that it makes the three members of a port.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const out = mkdtempSync(join(tmpdir(), 'llama-codegen-'));

try {
  for (const platform of ['android', 'ios']) {
    const folder = join(out, platform);
    execFileSync(process.execPath, ['scripts/codegen.mjs', platform, folder], { stdio: 'inherit' });
    requireMembers(platform, textOf(folder));
  }
  console.log('codegen: the spec passes for android and ios');
} finally {
  rmSync(out, { recursive: true });
}

function textOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'schema.json')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

function requireMembers(platform, text) {
  for (const member of ['snapshot', 'send', 'emitOnEvents']) {
    if (!text.includes(member)) {
      throw new Error(`codegen made no ${member} for ${platform} - compare src/NativeLlamaRs.ts with src/core/port/Port.ts`);
    }
  }
}
