// The demo's host as a user starts it: a process of its own, which can be killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A folder that is gone after the tests of the file. */
export function folderFor(t) {
  const folder = mkdtempSync(join(tmpdir(), 'llama-e2e-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a host that keeps its conversations in `directory`. It ends with the test at the latest. */
export async function startHost(t, directory, { port = 0, load = {}, answer = {}, model, hub } = {}) {
  const args = ['--host', '--directory', directory, '--port', String(port)];
  const options = ['--load', JSON.stringify(load), '--answer', JSON.stringify(answer)];
  for (const [name, value] of Object.entries({ model, hub })) if (value !== undefined) options.push(`--${name}`, value);
  const child = spawn(process.execPath, ['example/host/run.mjs', ...args, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
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
  return { address, port: Number(new URL(address).port), kill: () => end('SIGKILL') };
}
