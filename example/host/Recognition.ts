import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What a recognition says. */
export interface Hearer {
  /** The guess so far. */
  onPartial(text: string): void;
  /** What was said; empty when nothing was. Nothing follows. */
  onFinal(text: string): void;
  /** The recogniser ended without a last word. Nothing follows. */
  onFailure(detail: string): void;
}

type Line = { readonly type: 'ready' } | { readonly type: 'partial' | 'final'; readonly text: string };

/** One recording, heard by a process of its own (`recognise.py`), which ends with it. */
export class Recognition {
  private ended = false;
  private complaint = '';

  /** `child` may still be loading its model; what it is fed until then waits in the pipe. */
  constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly hearer: Hearer,
  ) {
    createInterface({ input: child.stdout }).on('line', (line) => this.take(JSON.parse(line) as Line));
    child.stderr.on('data', (text: Buffer) => {
      this.complaint = (this.complaint + text.toString('utf8')).slice(-500);
    });
    // It may end before it has read everything: that it ended is told by `close`.
    child.stdin.on('error', () => undefined);
    child.on('error', ({ message }) => this.fail(message));
    child.on('close', () => this.fail(this.complaint));
  }

  /** Sound, 16 kHz, 16-bit, mono. */
  feed(pcm: Uint8Array): void {
    this.child.stdin.write(pcm);
  }

  /** No more sound comes: the last word follows. */
  finish(): void {
    this.child.stdin.end();
  }

  /** Nobody wants to know any more. */
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
