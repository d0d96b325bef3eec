import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

import {
  LlamaError,
  type LlamaErrorCode,
  type ModelConfig,
  type Persist,
  type ScopeSummary,
} from 'react-native-llama-rs';

import type { Answer } from './screen';
import type { Order, Report } from './wire';

/** How something is said, beside its words. */
export interface Manner {
  /** What of the conversation may be on disk. Left out: all. */
  readonly persist?: Persist;
  /** Whether the answer goes on until something ends it. */
  readonly endless?: boolean;
  readonly onPiece?: (piece: string) => void;
}

interface Waiting {
  readonly resolve: (report: Report) => void;
  readonly reject: (error: Error) => void;
  readonly onPiece: (piece: string) => void;
}

/** An app in a process of its own, as seen from outside: it can be talked to, and it can be killed. */
export class App {
  private waiting: Waiting | undefined;
  private readonly child: ChildProcess;
  private readonly gone: Promise<NodeJS.Signals | null>;
  /** What the first snapshot knew, before any model was loaded. */
  readonly found: Promise<readonly ScopeSummary[]>;

  constructor(model: ModelConfig, directory: string) {
    const program = join(import.meta.dirname, 'appProcess.mjs');
    this.found = this.next().then(scopesOf);
    this.child = fork(program, [directory, JSON.stringify(model)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.child.on('message', (report: Report) => this.take(report));
    this.gone = new Promise((resolve) => {
      this.child.on('exit', (_, signal) => {
        resolve(signal);
        this.end(new LlamaError('closed', 'the process of the app has ended'));
      });
      this.child.on('error', (error) => {
        resolve(null);
        this.end(error);
      });
    });
    // Whoever looks gets the error; nobody needs to.
    this.found.catch(() => undefined);
  }

  /** Says something in a conversation. Rejects with `closed` when the process ends before the answer does. */
  async say(scope: string, text: string, { persist = 'full', endless = false, onPiece }: Manner = {}): Promise<Answer> {
    const report = await this.ask({ type: 'say', scope, text, persist, endless }, onPiece);
    if (report.type !== 'answered') throw unexpected(report);
    return report;
  }

  async scopes(): Promise<readonly ScopeSummary[]> {
    return scopesOf(await this.ask({ type: 'scopes' }));
  }

  /** As a phone does when the app goes to the background. */
  async suspend(): Promise<void> {
    await this.ask({ type: 'suspend' });
  }

  async resume(): Promise<void> {
    await this.ask({ type: 'resume' });
  }

  /** Ends as an app should. Does nothing when the process has gone. */
  async close(): Promise<void> {
    if (this.child.connected) await this.ask({ type: 'close' }).catch(() => undefined);
    await this.gone;
  }

  /** SIGKILL: the process runs no more code. Resolves, when it has gone, to the signal that ended it. */
  kill(): Promise<NodeJS.Signals | null> {
    this.child.kill('SIGKILL');
    return this.gone;
  }

  private async ask(order: Order, onPiece?: (piece: string) => void): Promise<Report> {
    await this.found;
    const report = this.next(onPiece);
    this.child.send(order, (error) => {
      if (error !== null) this.end(error);
    });
    return report;
  }

  private next(onPiece: (piece: string) => void = () => undefined): Promise<Report> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject, onPiece };
    });
  }

  private take(report: Report): void {
    if (report.type === 'piece') this.waiting?.onPiece(report.text);
    else if (report.type === 'failed') this.end(new LlamaError(report.code as LlamaErrorCode, report.detail));
    else this.waiting?.resolve(report);
  }

  private end(error: Error): void {
    this.waiting?.reject(error);
  }
}

function scopesOf(report: Report): readonly ScopeSummary[] {
  if (report.type !== 'opened' && report.type !== 'scopes') throw unexpected(report);
  return report.scopes;
}

function unexpected(report: Report): LlamaError {
  return new LlamaError('protocolViolation', `the app's process answered with ${report.type}`);
}
