import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { LlamaClient, ResidentHandle } from 'react-native-llama-rs';

import { type Hearer, Recognition } from './Recognition';

/** What recognises speech. */
export interface RecogniserSetup {
  /** An interpreter that has the packages of `requirements.txt`. */
  readonly python: string;
  /** Path of `recognise.py`. */
  readonly script: string;
  /** A folder with one more folder per language, named by its tag; what is in that is said in `recognise.py`. */
  readonly languages?: string;
}

/** The language that PocketSphinx brings itself. */
const ENGLISH = 'en-US';

/** Memory of one process with the English model, in bytes, as measured. */
const PROCESS_BYTES = 106_000_000;

/**
 * Starts one process per recording. One for the language last heard waits with its model loaded, so that nobody waits for it.
 * All of them are a resident of the engine's memory budget: no page's end ends them; the one that waits goes when the engine
 * needs its room, and comes back with the next recording.
 */
export class Recognisers {
  /** Languages that can be heard. */
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

  /** Begins to hear one recording. */
  start(language: string, hearer: Hearer): Recognition {
    const child = this.spare?.language === language ? this.spare.child : this.spawn(language);
    if (this.spare?.child === child) this.spare = undefined;
    const recognition = new Recognition(child, hearer);
    // It is at work now: the next one takes its place.
    this.prepare(language);
    return recognition;
  }

  /** Ends the process that waits; those that hear end with their recordings. */
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

  /** One that dies while it waits is replaced when it is needed, and says then what is wrong. */
  private forget(child: ChildProcessWithoutNullStreams): void {
    this.alive.delete(child);
    if (this.spare?.child === child) this.spare = undefined;
    this.count();
  }

  /** Tells the engine what they take. */
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
