// Plants old names in a small checkout and sees each found, where it is and with what to call it.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { oldWords } from './check.mjs';

const PLANTED = [
  [
    'rust-core/src/manager/tasks/one_shot.rs',
    '\nstruct Errand;',
    ['rust-core/src/manager/tasks/one_shot.rs:2: Errand - call it tasks/one_shot, ModelTask'],
  ],
  [
    'rust-core/src/engine/donor.rs',
    '',
    ['rust-core/src/engine/donor.rs: the file has an old name - call it prefix_source'],
  ],
  [
    'src/core/client.ts',
    'client.renderPrompt(); // Whoever asks.',
    [
      'src/core/client.ts:1: renderPrompt - call it applyChatTemplate',
      'src/core/client.ts:1: a sentence begins with "Whoever" - begin with the thing, by its name',
    ],
  ],
  [
    'fixtures/contract/acquire.json',
    '{ "owner": "Chat" }',
    ['fixtures/contract/acquire.json:1: "owner": - call it debugLabel'],
  ],
  [
    'android/src/main/Port.kt',
    '/**\n * Opens it. Nobody else does.\n */',
    ['android/src/main/Port.kt:2: a sentence begins with "Nobody" - begin with the thing, by its name'],
  ],
  [
    'scripts/build.sh',
    '# What is built goes there.',
    ['scripts/build.sh:1: a sentence begins with "What is" - begin with the thing, by its name'],
  ],
  [
    'README.md',
    'Ask: What is a scope?\nWhat is kept? Those that run go on.',
    ['README.md:2: a sentence begins with "Those that" - begin with the thing, by its name'],
  ],
  // No old names: history, a question to the model, and the same word where it means something else.
  ['CHANGELOG.md', 'eraseAll is deleteAllScopes.', []],
  ['src/core/answer.ts', "const asks = 'What is my name?'; // as nobody else does", []],
  ['bench/src/rows/parking.rs', 'mod parking;', []],
];

/** Throws unless exactly the planted names are found. */
export function testYourself() {
  const root = mkdtempSync(join(tmpdir(), 'check-words-'));
  try {
    for (const [path, text] of PLANTED) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    assert.deepEqual(oldWords(root).sort(), PLANTED.flatMap(([, , expected]) => expected).sort());
  } finally {
    rmSync(root, { recursive: true });
  }
}
