import type { Generation } from '../core/generations/Generation';
import { LlamaError } from '../core/LlamaError';
import type { GenerateOptions } from '../protocol/generated';
import { type Session, wholeAnswer } from './Session';

/**
 * A conversation that knows nothing of the others: a session, or a tab. Prompts of one scope are answered one after
 * another, those of several scopes at once. Letting go of the object leaves the conversation as it is.
 */
export class LlamaScope {
  private disposed = false;

  /** @internal */
  constructor(
    private readonly session: Session,
    /** As given or made. Every hook and every function of the client knows the conversation by it. */
    readonly id: string,
    private readonly onDisposed: () => void,
  ) {}

  /**
   * Says something and resolves to the whole answer. `options` are of this answer alone. Rejects with a `LlamaError`:
   * `cancelled` if the scope was disposed of meanwhile, else what went wrong; the conversation is then as it was before.
   */
  async sendPrompt(text: string, options: GenerateOptions = {}): Promise<string> {
    return wholeAnswer(this.stream(text, options));
  }

  /**
   * Says something and returns the answer in the making.
   *
   * ```ts
   * for await (const piece of scope.stream('Tell me a story.')) show(piece);
   * ```
   */
  stream(text: string, options: GenerateOptions = {}): Generation {
    if (this.disposed) throw new LlamaError('scopeNotFound', `scope ${this.id} is disposed of - get another one`);
    return this.session.say(this.id, text, options);
  }

  /** Forgets the conversation: its memory, its transcript, and what is on disk of it. A running answer is cancelled. */
  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    this.onDisposed();
    await this.session.forget(this.id);
  }
}
