import type { LlamaClient } from '../core/LlamaClient';
import { hiddenScope } from '../core/scopes/hiddenScope';
import type { Message } from '../protocol/generated';
import { type Candidate, chooseScope } from './chooseScope';

/** Conversations that calls without one of their own are kept in. More than run at once on a phone. */
const SIZE = 4;

/** A scope that nobody else is given until `release`. */
export interface HeldScope {
  readonly scope: string;
  /** What the engine has in it. */
  readonly known: readonly Message[];
  readonly release: () => void;
}

/**
 * The scopes of calls that name none. Their names are fixed, so that a reload finds them again and leaves none behind; what
 * they hold is the engine's to say.
 */
export class ScopePool {
  private static readonly pools = new WeakMap<LlamaClient, ScopePool>();
  private readonly taken = new Set<string>();

  private constructor(private readonly client: LlamaClient) {}

  /** The client's own, always the same. */
  static of(client: LlamaClient): ScopePool {
    const pool = ScopePool.pools.get(client) ?? new ScopePool(client);
    ScopePool.pools.set(client, pool);
    return pool;
  }

  /** Takes the scope that shares most with the messages. Two that are held are never the same. */
  async take(model: string, messages: readonly Message[]): Promise<HeldScope> {
    const ids = Array.from({ length: SIZE }, (_, index) => nameOf(index));
    // One that cannot be read shares nothing, as far as anybody knows.
    await Promise.all(ids.map((id) => this.client.transcript(id).catch(() => [])));
    // Nothing is awaited between the choice and its taking.
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
        // More run than are kept: what is gone with it can be computed again. It may never have come to be.
        this.client.disposeScope(held.scope).catch(() => undefined);
      },
    };
  }

  private hold(scope: string): HeldScope {
    this.taken.add(scope);
    return { scope, known: this.candidate(scope).messages, release: () => this.taken.delete(scope) };
  }

  /** Another client of the same engine may be at work in it. */
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
