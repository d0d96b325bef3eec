import type { Command, Envelope, ErrorInfo } from '../../protocol/generated';
import { LlamaError } from '../LlamaError';
import type { NewId } from './idMaker';
import type { Pending } from './Pending';

/** Settles a command, whether its answer comes or is lost. */
interface Handlers {
  /**
   * The reaction to an answer that may have been lost. `repeat` sends the command again, which is harmless for
   * questions and for acts that can happen only once. `fail` rejects the command when the engine is another one.
   * `leave` does nothing: another part of the client takes care of it.
   */
  unheard: 'repeat' | 'fail' | 'leave';
  resolve(answer: unknown): void;
  reject(error: ErrorInfo): void;
}

interface Waiting extends Handlers {
  envelope: Envelope;
}

/** The error of every pending promise when the client leaves its port. */
export const CLOSED: ErrorInfo = {
  code: 'closed',
  detail: 'the client is closed - make a new one for a new port',
};

const LOST: ErrorInfo = {
  code: 'closed',
  detail: 'the connection to the engine was replaced before it answered - look whether it happened, and ask again',
};

/**
 * Commands that wait for their answer. Each promise settles exactly once: by the answer, by the refusal, or with
 * `closed`.
 */
export class Requests {
  private readonly waiting = new Map<string, Waiting>();
  private closed = false;

  constructor(
    private readonly transmit: (envelope: Envelope) => void,
    private readonly newId: NewId,
    private readonly pending: Pending,
  ) {}

  /** Sends a command that may be repeated; the promise is its answer. */
  ask<Answer = undefined>(command: Command): Promise<Answer> {
    return this.promise<Answer>(command, 'repeat');
  }

  /** Sends a command that must not happen twice. Rejects with `closed` when its answer cannot come any more. */
  askOnce(command: Command): Promise<undefined> {
    return this.promise(command, 'fail');
  }

  /** Sends a command without a promise. `onRefused` is called if it is refused. */
  tell(command: Command, onRefused: (error: ErrorInfo) => void = () => undefined): void {
    this.send(command, { unheard: 'leave', resolve: () => undefined, reject: onRefused });
  }

  /** Settles a command by its answer. An id that is not waiting is ignored. */
  resolve(requestId: string, answer?: unknown): void {
    this.take(requestId)?.resolve(answer);
  }

  /** Settles a command by its refusal. An id that is not waiting is ignored. */
  reject(requestId: string, error: ErrorInfo): void {
    this.take(requestId)?.reject(error);
  }

  /** Sends a command under a new id. Exactly one of its handlers is called, once; after `close`, `reject` at once. */
  send(command: Command, handlers: Handlers): void {
    if (this.closed) {
      handlers.reject(CLOSED);
      return;
    }
    const envelope: Envelope = { requestId: this.newId('request'), ...command };
    this.waiting.set(envelope.requestId, { envelope, ...handlers });
    this.transmit(envelope);
  }

  /** Repeats or fails every command whose answer may have been lost. If several answers come, the first counts. */
  repeat(renewed: boolean): void {
    for (const { envelope, unheard } of [...this.waiting.values()]) {
      if (unheard === 'repeat') this.transmit(envelope);
      if (unheard === 'fail' && renewed) this.reject(envelope.requestId, LOST);
    }
  }

  /** Rejects every waiting command with `closed`, and every later one. */
  close(): void {
    this.closed = true;
    for (const requestId of [...this.waiting.keys()]) this.reject(requestId, CLOSED);
  }

  private promise<Answer = undefined>(command: Command, unheard: Handlers['unheard']): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const end = this.pending.begin();
      this.send(command, {
        unheard,
        resolve(answer) {
          end();
          resolve(answer as Answer);
        },
        reject(error) {
          end();
          reject(LlamaError.from(error));
        },
      });
    });
  }

  private take(requestId: string): Waiting | undefined {
    const waiting = this.waiting.get(requestId);
    this.waiting.delete(requestId);
    return waiting;
  }
}
