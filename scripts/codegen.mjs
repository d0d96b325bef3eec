// Runs React Native's codegen on the spec: writes the native code of one platform into a folder. It is never committed.
//
//   node scripts/codegen.mjs android|ios FOLDER
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , platform, folder] = process.argv;
const { codegenConfig } = JSON.parse(readFileSync('package.json', 'utf8'));
const run = (...args) => execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });

mkdirSync(folder, { recursive: true });
const schema = join(folder, 'schema.json');
run('node_modules/@react-native/codegen/lib/cli/combine/combine-js-to-schema-cli.js', schema, codegenConfig.jsSrcsDir);
run(
  'node_modules/react-native/scripts/generate-specs-cli.js',
  ...['-p', platform, '-s', schema, '-o', folder, '-n', codegenConfig.name],
  ...['-j', codegenConfig.android.javaPackageName, '-t', codegenConfig.type],
);
