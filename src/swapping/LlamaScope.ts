import type { Generation } from '../core/generations/Generation';
import { LlamaError } from '../core/LlamaError';
import type { GenerateOptions } from '../protocol/generated';
import { type Session, wholeAnswer } from './Session';

/**
 * A conversation that is independent of the others, such as a session or a tab. Prompts of one scope are answered one
 * after another, prompts of several scopes at the same time. The conversation outlives this object.
 */
export class LlamaScope {
  private disposed = false;

  /** @internal */
  constructor(
    private readonly session: Session,
    /** The id, given or made. Every hook and every function of the client knows the conversation by it. */
    readonly id: string,
    private readonly onDisposed: () => void,
  ) {}

  /**
   * Sends a message and resolves to the whole answer. `options` apply to this answer alone. Rejects with a
   * `LlamaError`, which is `cancelled` if the scope was disposed of meanwhile. The conversation is then as it was
   * before.
   */
  async sendPrompt(text: string, options: GenerateOptions = {}): Promise<string> {
    return wholeAnswer(this.stream(text, options));
  }

  /**
   * Sends a message and returns the answer that is being written.
   *
   * ```ts
   * for await (const piece of scope.stream('Tell me a story.')) show(piece);
   * ```
   */
  stream(text: string, options: GenerateOptions = {}): Generation {
    if (this.disposed) throw new LlamaError('scopeNotFound', `scope ${this.id} is disposed of - get another one`);
    return this.session.say(this.id, text, options);
  }

  /** Deletes the conversation, in memory and on disk. A running answer is cancelled. */
  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    this.onDisposed();
    await this.session.forget(this.id);
  }
}
