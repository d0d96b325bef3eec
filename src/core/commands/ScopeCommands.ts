import type { Persist } from '../../protocol/generated';
import { type Prefilled, prefillCommand, type PrefillRequest } from '../generations/PrefillRequest';
import { StoreCommands } from './StoreCommands';

/** Commands about conversations. */
export class ScopeCommands extends StoreCommands {
  /** Deletes a conversation: transcript, cached tokens and files. A running generation is cancelled first. */
  deleteScope(scope: string): Promise<void> {
    return this.requests.askOnce({ type: 'deleteScope', scope });
  }

  /** Deletes every conversation, in memory and on disk. Resolves when nothing is left. */
  deleteAllScopes(): Promise<void> {
    return this.requests.askOnce({ type: 'deleteAllScopes' });
  }

  /**
   * Prefills the beginning of a turn that may come, such as words that are still being spoken, while no other request
   * needs the model. The transcript stays as it is; the turn that comes reuses what it shares. Rejects with `cancelled`
   * when a newer prefill or the turn itself comes first, with `busy` while a turn of the conversation runs, and with
   * `modelUnloaded` if its model is not loaded.
   *
   * ```ts
   * const append = [{ role: 'user', content: heardSoFar }];
   * void client.prefill({ scope: 'chat-42', append, open: true }).catch(() => undefined);
   * ```
   */
  prefill(request: PrefillRequest): Promise<Prefilled> {
    return this.requests.ask(prefillCommand(request));
  }

  /** Moves a conversation's KV from its slot to RAM. Rarely needed: the engine parks conversations by itself. */
  park(scope: string): Promise<void> {
    return this.requests.ask({ type: 'park', scope });
  }

  /**
   * Moves a parked or saved conversation into a slot, ahead of its next turn. Resolves at once if it is in a slot
   * already. Rejects with `notCached` if it is neither parked nor saved.
   */
  restore(scope: string): Promise<void> {
    return this.requests.ask({ type: 'restore', scope });
  }

  /** Writes a conversation's transcript and KV to disk now. Resolves when both are safe. */
  save(scope: string): Promise<void> {
    return this.requests.ask({ type: 'save', scope });
  }

  /**
   * Makes a copy of a conversation under a new id; nothing is prefilled. Resolves to the id: `as`, which must not be
   * taken, or one that is made. The copy starts with the first `messageCount` messages, or with all of them.
   *
   * ```ts
   * const copy = await client.fork('chat-42', { as: 'chat-42, what if', messageCount: 4 });
   * ```
   */
  async fork(scope: string, options: { as?: string; messageCount?: number } = {}): Promise<string> {
    const { as: fork = this.newId('scope'), messageCount } = options;
    await this.requests.askOnce({ type: 'fork', scope, fork, ...(messageCount !== undefined && { messageCount }) });
    return fork;
  }

  /** Removes the message at the index, and all later ones. The messages before it stay cached. */
  rewindTo(scope: string, messageIndex: number): Promise<void> {
    return this.requests.askOnce({ type: 'rewindTo', scope, messageIndex });
  }

  /** Sets the parts of a conversation that may be written to disk. Resolves when the disk has no other part of it. */
  setPersist(scope: string, persist: Persist): Promise<void> {
    return this.requests.ask({ type: 'setPersist', scope, persist });
  }

  /** Resolves to a generation's text from `offset` on, in UTF-16 code units. */
  replay(generationId: string, offset: number): Promise<string> {
    return this.requests.ask({ type: 'replay', generationId, offset });
  }
}
