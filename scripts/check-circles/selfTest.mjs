// Plants each fault in a small checkout of its own and sees it found.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { broken } from './rules.mjs';

const CLEAN = {
  'rust-core/src/lib.rs': 'mod manager;',
  'rust-core/src/manager/mod.rs': 'mod supervisor;\nmod models;\npub(crate) use models::{Lease, table::Table};',
  'rust-core/src/manager/supervisor.rs': 'use super::models::Lease;\npub struct Supervisor;',
  'rust-core/src/manager/models/mod.rs': 'pub mod lease;\npub mod table;\npub use lease::*;',
  'rust-core/src/manager/models/table.rs':
    'use super::Lease;\npub struct Table;\n#[cfg(test)]\nmod tests {\n  use crate::manager::supervisor::Supervisor;\n}',
  'rust-core/src/manager/models/lease.rs': '// use super::table::Table;\npub struct Lease;',
  'src/index.ts': "export { a } from './a';",
  'src/a.ts': 'export const a = 1;',
};

const PLANTED = [
  // Through what two `mod.rs` hand on.
  [
    'rust-core/src/manager/models/lease.rs',
    'use crate::manager::{self, Table};\npub struct Lease;',
    /lease\.rs:1 needs .*table\.rs\n.*table\.rs:1 needs .*lease\.rs/,
  ],
  [
    'rust-core/src/manager/models/lease.rs',
    'pub struct Lease;\nfn f() -> super::table::Table {}',
    /lease\.rs:2 needs .*table\.rs/,
  ],
  [
    'rust-core/src/manager/models/lease.rs',
    'use super::super::supervisor::{Supervisor as S};\npub struct Lease;',
    /lease\.rs:1 imports Supervisor/,
  ],
  ['rust-core/src/manager/models/lease.rs', `pub struct Lease;\n${'\n'.repeat(450)}`, /lease\.rs has 451 lines/],
  ['rust-core/src/manager/supervisor.rs', '\n'.repeat(401), /supervisor\.rs has 401 lines/],
  ['src/a.ts', "import type { B } from './index';\nexport const a = 1;", /a\.ts:1 needs .*index\.ts/],
  ['src/a.ts', '\n'.repeat(251), /a\.ts has 251 lines/],
];

/** Throws unless a clean checkout passes and every planted fault is found. */
export function testYourself() {
  assert.deepEqual(brokenIn(CLEAN), []);
  for (const [path, text, expected] of PLANTED) assert.match(brokenIn({ ...CLEAN, [path]: text }).join('\n'), expected);
}

function brokenIn(files) {
  const root = mkdtempSync(join(tmpdir(), 'check-circles-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return broken(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}
