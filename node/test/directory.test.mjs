// The directory of saved scopes: what a port finds there, and which manager owns it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Port, Session } from './session.mjs';

test('a conversation survives its manager, and is not prefilled again', async (t) => {
  const directory = join(folder(t), 'not there yet', 'scopes');
  const first = new Session('own', directory);
  await savedTurn(first);
  const { messageCount } = first.scope('chat');
  first.port.close();

  const second = new Session('own', directory);
  t.after(() => second.port.close());
  const found = second.scope('chat');
  assert.equal(found.residency, 'saved');
  assert.equal(found.messageCount, messageCount);
  second.generate('again', 'chat');
  const { phase } = await second.finished('again');
  assert.ok(phase.outcome.usage.cachedTokens > 0);
});

test('a manager without a directory saves nothing, and says so', async (t) => {
  const session = new Session('own');
  t.after(() => session.port.close());
  session.generate('turn', 'chat');
  await session.finished('turn');
  const { error } = await session.ask({ type: 'save', scope: 'chat' });
  assert.equal(error.code, 'storageUnavailable');
});

test('a directory that cannot be made is refused with code and detail', (t) => {
  const file = join(folder(t), 'file');
  writeFileSync(file, '');
  const directory = join(file, 'scopes');
  assert.throws(
    () => new Port({ manager: 'own', directory }),
    ({ code, message }) => code === 'storageUnavailable' && message.includes(directory),
  );
});

test('two managers of one process have a directory each', (t) => {
  const directory = folder(t);
  const session = new Session('own', directory);
  t.after(() => session.port.close());
  assert.throws(() => new Port({ manager: 'own', directory }), { code: 'storageUnavailable' });
});

test('ports of the global manager name the same directory, or none', (t) => {
  const directory = folder(t);
  const ports = [directory, undefined, directory].map((it) => new Session('global', it).port);
  t.after(() => ports.forEach((port) => port.close()));
  assert.throws(() => new Port({ manager: 'global', directory: folder(t) }), { code: 'storageUnavailable' });
});

test('a directory belongs to one process at a time', async (t) => {
  const directory = folder(t);
  const session = new Session('own', directory);
  t.after(() => session.port.close());
  const other = script(`
    try { new Session('own', directory); } catch ({ code }) { console.log(code); }
  `, directory);
  const printed = await output(other);
  assert.equal(printed, 'storageUnavailable\n');
});

test('a killed process leaves its directory usable, with all that was saved', async (t) => {
  const directory = folder(t);
  const killed = script(`
    const session = new Session('own', directory);
    await savedTurn(session);
    console.log('saved');
    for (let turn = 0; ; turn += 1) {
      session.generate('turn ' + turn, 'chat');
      await session.finished('turn ' + turn);
    }
  `, directory);
  await once(killed.stdout, 'data');
  killed.kill('SIGKILL');
  const [, signal] = await once(killed, 'close');
  assert.equal(signal, 'SIGKILL');

  const session = new Session('own', directory);
  t.after(() => session.port.close());
  assert.ok(session.scope('chat').messageCount >= 2);
  session.generate('after', 'chat');
  const { phase } = await session.finished('after');
  assert.equal(phase.outcome.error, undefined);
});

/** Runs a turn of the scope `chat`, and resolves when it is on disk. */
async function savedTurn(session) {
  session.generate('first', 'chat');
  await session.finished('first');
  const { type, error } = await session.ask({ type: 'save', scope: 'chat' });
  assert.equal(type, 'done', error?.detail);
}

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'llama-scopes-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs a script in a process of its own. The script can use `directory`, `Session` and `savedTurn`. */
function script(body, directory) {
  const session = fileURLToPath(new URL('session.mjs', import.meta.url));
  const program = `
    import assert from 'node:assert/strict';
    const { Session } = await import(${JSON.stringify(session)});
    const directory = ${JSON.stringify(directory)};
    ${savedTurn}
    ${body}
  `;
  const arguments_ = ['--input-type=module', '--eval', program];
  const child = spawn(process.execPath, arguments_, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8');
  return child;
}

async function output(child) {
  let text = '';
  child.stdout.on('data', (piece) => (text += piece));
  await once(child, 'close');
  return text;
}
