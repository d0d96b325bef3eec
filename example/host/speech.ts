import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Longer sentences are cut, because no listener follows one. */
const MOST_CHARACTERS = 1000;

/** Whether flite is installed. */
export async function canSpeak(): Promise<boolean> {
  try {
    await run('flite', ['--version']);
    return true;
  } catch (error) {
    // Some builds answer `--version` with a usage text and exit code 1. A missing program has a word as its code.
    return typeof (error as { code?: unknown }).code === 'number';
  }
}

/** Speaks a text with flite's voice into a WAV file. `signal` aborts. */
export async function speak(text: string, signal: AbortSignal): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'llama-speech-'));
  try {
    const file = join(folder, 'speech.wav');
    await run('flite', ['-voice', 'slt', '-t', text.slice(0, MOST_CHARACTERS), '-o', file], { signal });
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
