import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Callbacks of a recognition. */
export interface Hearer {
  /** The words so far, which may change. */
  onPartial(text: string): void;
  /** All words; empty if there were none. Called last. */
  onFinal(text: string): void;
  /** The recogniser ended without a result. Called last. */
  onFailure(detail: string): void;
}

type Line = { readonly type: 'ready' } | { readonly type: 'partial' | 'final'; readonly text: string };

/** One recording, recognised by a process of its own (`recognise.py`), which ends with it. */
export class Recognition {
  private ended = false;
  private complaint = '';

  /** `child` may still be loading its model. Sound that arrives until then waits in the pipe. */
  constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly hearer: Hearer,
  ) {
    createInterface({ input: child.stdout }).on('line', (line) => this.take(JSON.parse(line) as Line));
    child.stderr.on('data', (text: Buffer) => {
      this.complaint = (this.complaint + text.toString('utf8')).slice(-500);
    });
    // The process may end before it has read everything. `close` reports its end.
    child.stdin.on('error', () => undefined);
    child.on('error', ({ message }) => this.fail(message));
    child.on('close', () => this.fail(this.complaint));
  }

  /** Takes sound: 16 kHz, 16-bit, mono. */
  feed(pcm: Uint8Array): void {
    this.child.stdin.write(pcm);
  }

  /** Ends the sound. `onFinal` follows. */
  finish(): void {
    this.child.stdin.end();
  }

  /** Drops the recording. */
  abandon(): void {
    this.ended = true;
    this.child.kill('SIGKILL');
  }

  private take(line: Line): void {
    if (this.ended || line.type === 'ready') return;
    if (line.type === 'partial') {
      this.hearer.onPartial(line.text);
      return;
    }
    this.ended = true;
    this.hearer.onFinal(line.text);
  }

  private fail(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    const [last = ''] = reason.trim().split('\n').slice(-1);
    this.hearer.onFailure(`the speech recogniser ended early${last === '' ? '' : `: ${last}`} - try again`);
  }
}
