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

/** Options of a message. */
export interface Manner {
  /** How much of the conversation may be on disk. @default 'full' */
  readonly persist?: Persist;
  /** Whether the answer goes on until it is cancelled or the context is full. */
  readonly endless?: boolean;
  readonly onPiece?: (piece: string) => void;
}

interface Waiting {
  readonly resolve: (report: Report) => void;
  readonly reject: (error: Error) => void;
  readonly onPiece: (piece: string) => void;
}

/** An app in a process of its own, seen from outside, where it can be killed. */
export class App {
  private waiting: Waiting | undefined;
  private readonly child: ChildProcess;
  private readonly gone: Promise<NodeJS.Signals | null>;
  /** The conversations of the first snapshot, before any model was loaded. */
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
    // Every later order rejects with this error.
    this.found.catch(() => undefined);
  }

  /** Sends a message. Rejects with `closed` if the process ends before the answer does. */
  async say(scope: string, text: string, { persist = 'full', endless = false, onPiece }: Manner = {}): Promise<Answer> {
    const report = await this.ask({ type: 'say', scope, text, persist, endless }, onPiece);
    if (report.type !== 'answered') throw unexpected(report);
    return report;
  }

  async scopes(): Promise<readonly ScopeSummary[]> {
    return scopesOf(await this.ask({ type: 'scopes' }));
  }

  /** Sends the app to the background, as a phone does. */
  async suspend(): Promise<void> {
    await this.ask({ type: 'suspend' });
  }

  async resume(): Promise<void> {
    await this.ask({ type: 'resume' });
  }

  /** Ends the app in order. Does nothing if its process has ended. */
  async close(): Promise<void> {
    if (this.child.connected) await this.ask({ type: 'close' }).catch(() => undefined);
    await this.gone;
  }

  /** Sends SIGKILL, after which the process runs no more code. Resolves to the signal that ended it. */
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
