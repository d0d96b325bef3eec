import type { LlamaClient } from '../core/LlamaClient';
import type { ModelConfig } from '../protocol/generated';
import { LlamaScope } from './LlamaScope';
import { Session } from './Session';

/**
 * One model, and any number of conversations with it, under the names that other context swapping libraries use.
 *
 * ```ts
 * const parent = new LlamaParent(client, { path: 'chat.gguf' });
 * await parent.init();
 * const [alice, bob] = [parent.getScope(), parent.getScope()];
 * await alice.sendPrompt('My name is Alice.');
 * await bob.sendPrompt('My name is Bob.');
 * await alice.sendPrompt('What is my name?'); // it remembers, and nothing was loaded or computed again
 * await alice.dispose();
 * await parent.dispose();
 * ```
 *
 * The usual limits do not apply: a conversation too many makes room instead of failing, all conversations are answered
 * at the same time, and each prompt has its own sampling.
 */
export class LlamaParent {
  private readonly session: Session;
  private readonly scopes = new Map<string, LlamaScope>();

  /** Loads nothing yet. In a component, the `client` is `useLlamaClient()`. */
  constructor(client: LlamaClient, model: ModelConfig) {
    this.session = new Session(client, model, 'LlamaParent');
  }

  /**
   * Loads the model, or joins its load, and keeps it loaded until `dispose`. Without this the first prompt loads it.
   */
  init(): Promise<void> {
    return this.session.load();
  }

  /**
   * Returns a conversation, and the same object for the same id. Without an `id` the conversation is new, and is never
   * written to disk. With an `id` it may exist already, even from an earlier process. Takes no memory before its first
   * prompt.
   */
  getScope(id?: string): LlamaScope {
    this.session.requireOpen();
    const name = id ?? this.session.newScope('scope');
    let scope = this.scopes.get(name);
    if (scope === undefined) {
      scope = new LlamaScope(this.session, name, () => this.scopes.delete(name));
      this.scopes.set(name, scope);
    }
    return scope;
  }

  /**
   * Deletes the conversations whose ids were made here, and frees the model unless there are other leases. Resolves
   * when the memory is free. Conversations with given ids stay. From now on this parent and its scopes throw `closed`.
   */
  dispose(): Promise<void> {
    return this.session.end();
  }
}
