// What holds for the layout of the sources: no circles of files, one file that knows every owner, files of a readable
// size.
import { basename, join, relative } from 'node:path';

import { circlesOf } from './circles.mjs';
import { filesUnder, linesOf } from '../files.mjs';
import { arrowsFrom, importsOf, isRustTest, readCrate } from './rust.mjs';
import { isTypeScriptTest, readImports } from './typescript.mjs';

const CRATE = 'rust-core/src';
/** Modules without a circle of files, each among its own. */
const ACYCLIC = ['manager', 'llama'];
const MOST_LINES = { rust: 450, typescript: 250, 'manager/supervisor.rs': 400 };
const KNOWS_SUPERVISOR = ['manager', 'manager::supervisor'];

/** Everything in the checkout at `root` that breaks a rule, as lines to print. */
export function broken(root) {
  const here = (path) => relative(root, path);
  const crate = readCrate(join(root, CRATE));
  return [
    ...ACYCLIC.flatMap((part) => rustCircles(crate, part, here)),
    ...strangersOf(crate, here),
    ...described(readImports(join(root, 'src')), here),
    ...tooLong(root, here),
  ];
}

function rustCircles(crate, part, here) {
  const modules = [...crate.values()].filter(({ name }) => `${name}::`.startsWith(`${part}::`));
  const needs = new Map(modules.map((module) => [module.path, new Map()]));
  for (const module of modules) {
    for (const [target, line] of arrowsFrom(crate, module)) {
      const { path } = crate.get(target);
      if (needs.has(path)) needs.get(module.path).set(path, line);
    }
  }
  return described(needs, here);
}

/** A circle in each group of files that reach one another. */
function described(needs, here) {
  return circlesOf([...needs.keys()], (file) => needs.get(file) ?? new Map()).map(({ group, way }) => {
    const arrows = way.map(([from, to, line]) => `  ${here(from)}:${line} needs ${here(to)}`);
    const rest = group.length > way.length ? [`  in the same knot: ${group.map(here).join(' ')}`] : [];
    return [`a circle of ${way.length} files, in a knot of ${group.length}`, ...arrows, ...rest].join('\n');
  });
}

/** Files that import the supervisor, which alone imports all of them. */
function strangersOf(crate, here) {
  return [...crate.values()]
    .filter(({ name }) => name.startsWith('manager::') && !KNOWS_SUPERVISOR.includes(name))
    .flatMap((module) =>
      importsOf(module, 'Supervisor').map(
        (line) => `${here(module.path)}:${line} imports Supervisor - return effects instead`,
      ),
    );
}

function tooLong(root, here) {
  const rust = filesUnder(root, /\.rs$/).filter((path) => !isRustTest(here(path)));
  const scripts = filesUnder(root, /\.(tsx?|[cm]?js)$/).filter(
    (path) => !isTypeScriptTest(here(path)) && basename(path) !== 'generated.ts',
  );
  const supervisor = join(root, CRATE, 'manager/supervisor.rs');
  const over = (files, most) =>
    files
      .filter((path) => linesOf(path) > most)
      .map((path) => `${here(path)} has ${linesOf(path)} lines - at most ${most}`);
  return [
    ...over(
      rust.filter((path) => path !== supervisor),
      MOST_LINES.rust,
    ),
    ...over(
      rust.filter((path) => path === supervisor),
      MOST_LINES['manager/supervisor.rs'],
    ),
    ...over(scripts, MOST_LINES.typescript),
  ];
}
