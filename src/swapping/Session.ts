import type { Generation } from '../core/generations/Generation';
import type { LlamaClient } from '../core/LlamaClient';
import { isCode, LlamaError } from '../core/LlamaError';
import type { Lease } from '../core/models/Leases';
import { idMaker } from '../core/port/idMaker';
import type { GenerateOptions, ModelConfig } from '../protocol/generated';

const newId = idMaker();

/** A model, and the conversations that one `LlamaParent` or one `Llama` has with it. */
export class Session {
  /** Conversations whose ids were made here. No one else knows the ids, so the conversations end with the session. */
  private readonly own = new Set<string>();
  private readonly debugLabel: string;
  private lease: Lease | undefined;
  private ending: Promise<void> | undefined;

  /** `kind` names the holder of the lease in the flight recorder. */
  constructor(
    private readonly client: LlamaClient,
    private readonly model: ModelConfig,
    private readonly kind: string,
  ) {
    this.debugLabel = newId(kind);
  }

  /** Takes the lease; resolves when the model is loaded. May be called again after a failure. */
  async load(): Promise<void> {
    this.requireOpen();
    const lease = (this.lease ??= this.client.acquire(this.model, this.debugLabel));
    try {
      await lease.ready;
    } catch (error) {
      lease.release();
      if (this.lease === lease) this.lease = undefined;
      throw error;
    }
  }

  /** Returns an id that no conversation has, or had in an earlier process. */
  newScope(kind: string): string {
    const id = newId(kind);
    this.own.add(id);
    return id;
  }

  /** Starts a turn with a message of the user. Throws `closed` after `end`. */
  say(scope: string, content: string, options: GenerateOptions): Generation {
    this.requireOpen();
    // Without a known id no one could ask for a saved conversation again.
    const persist = this.own.has(scope) ? 'none' : undefined;
    return this.client.generate({ model: this.model, scope, append: [{ role: 'user', content }], options, persist });
  }

  /** Copies a conversation to the new id `as`. Resolves to false if there was no turn yet, and so nothing to copy. */
  fork(scope: string, as: string): Promise<boolean> {
    this.requireOpen();
    return unlessMissing(this.client.fork(scope, { as }));
  }

  /** Deletes a conversation. Without a turn there is nothing to delete. */
  async forget(scope: string): Promise<void> {
    await unlessMissing(this.client.deleteScope(scope));
    this.own.delete(scope);
  }

  /** Deletes its own conversations, gives the lease back, and frees the model unless there are other leases. Once. */
  end(): Promise<void> {
    this.ending ??= this.giveEverythingBack();
    // The failure is not reported as unhandled, because callers need not wait for the end.
    this.ending.catch(() => undefined);
    return this.ending;
  }

  /** Throws `closed` after `end`. */
  requireOpen(): void {
    if (this.ending !== undefined) throw new LlamaError('closed', `this ${this.kind} is disposed of - make a new one`);
  }

  private async giveEverythingBack(): Promise<void> {
    this.lease?.release();
    await Promise.all([...this.own].map((scope) => this.forget(scope)));
    const leases = this.client.model(this.model.path).getSnapshot()?.leases;
    const isUnused = leases?.every(({ debugLabel }) => debugLabel === this.debugLabel) === true;
    if (isUnused) await this.client.unload(this.model.path);
  }
}

/**
 * Resolves to the whole answer. Rejects if the answer was cancelled, because half an answer must not pass for a whole.
 */
export async function wholeAnswer(generation: Generation): Promise<string> {
  const { text, reason } = await generation.result;
  if (reason === 'cancelled') {
    const detail = 'the answer was cancelled, or its conversation disposed of - send the prompt again';
    throw new LlamaError('cancelled', detail);
  }
  return text;
}

/** Resolves to false if there was no such conversation. */
async function unlessMissing(done: Promise<unknown>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    if (isCode(error, 'scopeNotFound')) return false;
    throw error;
  }
}
