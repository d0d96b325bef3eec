import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { LlamaClient, ResidentHandle } from 'react-native-llama-rs';

import { type Hearer, Recognition } from './Recognition';

/** The program that recognises speech. */
export interface RecogniserSetup {
  /** A Python interpreter that has the packages of `requirements.txt`. */
  readonly python: string;
  /** Path of `recognise.py`. */
  readonly script: string;
  /** A folder with a folder per further language, named by its tag. `recognise.py` describes the files in it. */
  readonly languages?: string;
}

/** The language that comes with PocketSphinx. */
const ENGLISH = 'en-US';

/** Measured memory of one process with the English model, in bytes. */
const PROCESS_BYTES = 106_000_000;

/**
 * Starts one process per recording. A spare process for the last language waits with its model loaded, so that the next
 * recording starts at once. All processes together are one resident of the engine's memory budget, which outlives every
 * page. The engine evicts the spare process when it needs the memory, and the next recording starts a new one.
 */
export class Recognisers {
  /** Languages that can be recognised. */
  readonly languages: readonly string[];
  private readonly alive = new Set<ChildProcessWithoutNullStreams>();
  private resident: ResidentHandle | undefined;
  private spare: { readonly language: string; readonly child: ChildProcessWithoutNullStreams } | undefined;

  constructor(
    private readonly setup: RecogniserSetup,
    private readonly client: Pick<LlamaClient, 'reserveMemory'>,
  ) {
    const more = setup.languages === undefined ? [] : readdirSync(setup.languages).filter((name) => name !== ENGLISH);
    this.languages = [ENGLISH, ...more.sort()];
    this.prepare(ENGLISH);
  }

  /** Begins to recognise one recording. */
  start(language: string, hearer: Hearer): Recognition {
    const child = this.spare?.language === language ? this.spare.child : this.spawn(language);
    if (this.spare?.child === child) this.spare = undefined;
    const recognition = new Recognition(child, hearer);
    // The spare process is at work now, so a new one takes its place.
    this.prepare(language);
    return recognition;
  }

  /** Ends the spare process. The others end with their recordings. */
  close(): void {
    this.spare?.child.kill('SIGKILL');
    this.spare = undefined;
  }

  private prepare(language: string): void {
    this.close();
    const child = this.spawn(language);
    this.spare = { language, child };
    this.count();
  }

  /** A spare process that dies is replaced with the next recording, which then reports the reason. */
  private forget(child: ChildProcessWithoutNullStreams): void {
    this.alive.delete(child);
    if (this.spare?.child === child) this.spare = undefined;
    this.count();
  }

  /** Reports the memory of all processes to the engine. */
  private count(): void {
    const sizeBytes = this.alive.size * PROCESS_BYTES;
    const inUse = this.alive.size > (this.spare === undefined ? 0 : 1);
    if (sizeBytes === 0) {
      this.resident?.remove();
      this.resident = undefined;
    } else if (this.resident === undefined) {
      this.resident = this.client.reserveMemory({
        id: 'recogniser',
        name: 'speech recogniser',
        sizeBytes,
        inUse,
        evict: () => this.evict(),
      });
    } else {
      this.resident.update({ sizeBytes, inUse });
    }
  }

  private async evict(): Promise<void> {
    const child = this.spare?.child;
    this.close();
    if (child !== undefined && this.alive.has(child)) await once(child, 'exit');
  }

  private spawn(language: string): ChildProcessWithoutNullStreams {
    const { python, script, languages } = this.setup;
    const folder = language === ENGLISH || languages === undefined ? [] : [join(languages, language)];
    const child = spawn(python, [script, ...folder], { stdio: 'pipe' });
    this.alive.add(child);
    return child.once('error', () => this.forget(child)).once('exit', () => this.forget(child));
  }
}
