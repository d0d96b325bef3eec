// Compiles the TypeScript examples of README.md and docs against the sources, each as a module of its own. names.d.ts
// declares the components and values that an example takes from the reader's app.
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Below node_modules, so that the examples' imports resolve.
const folder = `${root}node_modules/.cache/react-native-llama-rs/doc-examples`;
const FENCE = /^```(tsx?)\n(.*?)^```$/gms;

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
let count = 0;
for (const document of globSync('{README.md,docs/*.md}', { cwd: root })) {
  for (const [, extension, code] of readFileSync(root + document, 'utf8').matchAll(FENCE)) {
    count += 1;
    writeFileSync(`${folder}/${document.replaceAll(/\W/g, '-')}-${count}.${extension}`, `${code}\nexport {};\n`);
  }
}
cpSync(fileURLToPath(new URL('names.d.ts', import.meta.url)), `${folder}/names.d.ts`);
writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ extends: `${root}tsconfig.json`, include: ['.', `${root}src/**/*.d.ts`], exclude: [] }));
try {
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '--noEmit', '--project', folder], { stdio: 'inherit' });
} catch {
  console.error(`the examples are in ${folder}`);
  process.exit(1);
}
console.log(`${count} examples compile`);
