import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

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

/** Starts one process per recording. One for the language last heard waits with its model loaded, so that nobody waits for it. */
export class Recognisers {
  /** Languages that can be heard. */
  readonly languages: readonly string[];
  private spare: { readonly language: string; readonly child: ChildProcessWithoutNullStreams } | undefined;

  constructor(private readonly setup: RecogniserSetup) {
    const more = setup.languages === undefined ? [] : readdirSync(setup.languages).filter((name) => name !== ENGLISH);
    this.languages = [ENGLISH, ...more.sort()];
    this.prepare(ENGLISH);
  }

  /** Begins to hear one recording. */
  start(language: string, hearer: Hearer): Recognition {
    const child = this.spare?.language === language ? this.spare.child : this.spawn(language);
    if (this.spare?.child === child) this.spare = undefined;
    const recognition = new Recognition(child, hearer);
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
    const spare = { language, child };
    this.spare = spare;
    // One that dies while it waits is replaced when it is needed, and says then what is wrong.
    child.on('error', () => this.forget(spare)).on('exit', () => this.forget(spare));
  }

  private forget(spare: object): void {
    if (this.spare === spare) this.spare = undefined;
  }

  private spawn(language: string): ChildProcessWithoutNullStreams {
    const { python, script, languages } = this.setup;
    const folder = language === ENGLISH || languages === undefined ? [] : [join(languages, language)];
    return spawn(python, [script, ...folder], { stdio: 'pipe' });
  }
}
