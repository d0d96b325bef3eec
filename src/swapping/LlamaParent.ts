import type { LlamaClient } from '../core/LlamaClient';
import type { ModelConfig } from '../protocol/generated';
import { LlamaScope } from './LlamaScope';
import { Session } from './Session';

/**
 * One model, and any number of conversations with it, by the names that context swapping has elsewhere.
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
 * The limits known from elsewhere are gone: a conversation too many makes room instead of failing, all are answered at
 * once, and each prompt has its own sampling.
 */
export class LlamaParent {
  private readonly session: Session;
  private readonly scopes = new Map<string, LlamaScope>();

  /** Loads nothing yet. `client`: where the model lives; `useLlamaClient()` in a component. */
  constructor(client: LlamaClient, model: ModelConfig) {
    this.session = new Session(client, model, 'LlamaParent');
  }

  /** Loads the model, or joins its load, and keeps it loaded until `dispose`. Without it the first prompt loads the model. */
  init(): Promise<void> {
    return this.session.load();
  }

  /**
   * A conversation: a new one under an id that is made, never written to disk; or the one of this id, whoever began it, in
   * this process or an earlier one. The same object for the same id. Takes no memory before its first prompt.
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
   * Forgets the conversations whose ids were made here, and frees the model unless somebody else has a lease. Resolves when
   * its memory is free. Conversations under given ids stay. This parent and its scopes refuse as `closed` from now on.
   */
  dispose(): Promise<void> {
    return this.session.end();
  }
}
