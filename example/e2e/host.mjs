// The demo's host as a user starts it: a process of its own, which a test can kill.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A folder that is removed after the test. */
export function folderFor(t) {
  const folder = mkdtempSync(join(tmpdir(), 'llama-e2e-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Starts a host that keeps its conversations in `directory`. It ends with the test at the latest. `isGated`: `gate`
 * stops its engine in the middle of an answer.
 */
export async function startHost(t, directory, { port = 0, load = {}, answer = {}, model, hub, isGated = false } = {}) {
  const args = ['--host', '--directory', directory, '--port', String(port)];
  const options = ['--load', JSON.stringify(load), '--answer', JSON.stringify(answer)];
  for (const [name, value] of Object.entries({ model, hub })) if (value !== undefined) options.push(`--${name}`, value);
  const preloaded = isGated ? ['--import', './example/e2e/engineGate.mjs'] : [];
  const child = spawn(process.execPath, [...preloaded, 'example/host/run.mjs', ...args, ...options], {
    stdio: ['ignore', 'pipe', 'inherit', ...(isGated ? ['ipc'] : [])],
  });
  const gone = once(child, 'exit');
  const end = async (signal) => {
    child.kill(signal);
    await gone;
  };
  t.after(() => end('SIGTERM'));
  const [address] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    gone.then(([code]) => Promise.reject(new Error(`the host ended with ${code} before it had an address`))),
  ]);
  return {
    address,
    port: Number(new URL(address).port),
    kill: () => end('SIGKILL'),
    gate: isGated ? gateOf(child) : undefined,
  };
}

/** The test's side of `engineGate.mjs`. */
function gateOf(child) {
  let orders = 0;
  const give = (order) => {
    orders += 1;
    const id = orders;
    return new Promise((resolve, reject) => {
      const take = (answer) => {
        if (answer.id !== id) return;
        child.off('message', take);
        if (answer.error === undefined) resolve();
        else reject(new Error(answer.error));
      };
      child.on('message', take);
      child.send({ id, order });
    });
  };
  return {
    /** From now on, the next piece of an answer's text stops the engine. */
    holdNext: () => give('holdNext'),
    /** Resolves when the engine has stopped. The answer is not at its end. */
    held: () => give('held'),
    /** Lets the engine go on. */
    letGo: () => give('letGo'),
  };
}
