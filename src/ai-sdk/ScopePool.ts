import type { LlamaClient } from '../core/LlamaClient';
import { hiddenScope } from '../core/scopes/hiddenScope';
import type { Message } from '../protocol/generated';
import { type Candidate, chooseScope } from './chooseScope';

/** The number of pooled scopes: more than the calls that run at the same time on a phone. */
const SIZE = 4;

/** A scope that no other call is given until `release`. */
export interface HeldScope {
  readonly scope: string;
  /** Its messages. */
  readonly known: readonly Message[];
  readonly release: () => void;
}

/**
 * Hidden scopes for calls that name none. Their names are fixed, so that a reload finds them again and leaves none
 * behind. The engine alone knows their messages.
 */
export class ScopePool {
  private static readonly pools = new WeakMap<LlamaClient, ScopePool>();
  private readonly taken = new Set<string>();

  private constructor(private readonly client: LlamaClient) {}

  /** Returns the pool of a client: always the same object. */
  static of(client: LlamaClient): ScopePool {
    const pool = ScopePool.pools.get(client) ?? new ScopePool(client);
    ScopePool.pools.set(client, pool);
    return pool;
  }

  /** Takes the scope that shares most messages with the call. A scope that is held is not given again. */
  async take(model: string, messages: readonly Message[]): Promise<HeldScope> {
    const ids = Array.from({ length: SIZE }, (_, index) => nameOf(index));
    // A transcript that cannot be read counts as sharing nothing.
    await Promise.all(ids.map((id) => this.client.transcript(id).catch(() => [])));
    // There must be no `await` between the choice and the hold.
    const candidates = ids.filter((id) => this.isFree(id)).map((id) => this.candidate(id));
    const chosen = chooseScope(model, messages, candidates);
    return chosen === undefined ? this.holdExtra() : this.hold(chosen);
  }

  private holdExtra(): HeldScope {
    let index = SIZE;
    while (!this.isFree(nameOf(index))) index += 1;
    const held = this.hold(nameOf(index));
    return {
      ...held,
      release: () => {
        held.release();
        // An extra scope is not kept: its KV can be computed again. The deletion fails if its turn never began.
        this.client.deleteScope(held.scope).catch(() => undefined);
      },
    };
  }

  private hold(scope: string): HeldScope {
    this.taken.add(scope);
    return { scope, known: this.candidate(scope).messages, release: () => this.taken.delete(scope) };
  }

  /** A scope in which another client generates is not free. */
  private isFree(scope: string): boolean {
    return !this.taken.has(scope) && this.client.scope(scope).getSnapshot().generations.length === 0;
  }

  private candidate(id: string): Candidate {
    const { summary, transcript } = this.client.scope(id).getSnapshot();
    return { id, model: summary?.model, messages: transcript.messages, lastUsedAt: summary?.lastUsedAt ?? 0 };
  }
}

function nameOf(index: number): string {
  return hiddenScope(`ai-sdk/${index}`);
}
