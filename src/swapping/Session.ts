import type { Generation } from '../core/generations/Generation';
import { idMaker } from '../core/port/idMaker';
import type { Lease } from '../core/models/Leases';
import type { LlamaClient } from '../core/LlamaClient';
import { isCode, LlamaError } from '../core/LlamaError';
import type { GenerateOptions, ModelConfig } from '../protocol/generated';

const newId = idMaker();

/** A model and the conversations that one `LlamaParent`, or one `Llama`, has with it: commands as functions. */
export class Session {
  /** Conversations whose ids were made here: nobody else can name them, so they end with the session. */
  private readonly own = new Set<string>();
  private readonly owner: string;
  private lease: Lease | undefined;
  private ending: Promise<void> | undefined;

  /** `kind` names the holder of the lease in the flight recorder. */
  constructor(
    private readonly client: LlamaClient,
    private readonly model: ModelConfig,
    private readonly kind: string,
  ) {
    this.owner = newId(kind);
  }

  /** Takes the lease; resolves when the model is loaded. After a failure it can be tried again. */
  async load(): Promise<void> {
    this.requireOpen();
    const lease = (this.lease ??= this.client.acquire(this.model, this.owner));
    try {
      await lease.ready;
    } catch (error) {
      lease.release();
      if (this.lease === lease) this.lease = undefined;
      throw error;
    }
  }

  /** An id for a conversation that no conversation has, nor had in an earlier process. */
  newScope(kind: string): string {
    const id = newId(kind);
    this.own.add(id);
    return id;
  }

  /** One turn of the user's. Throws `closed` after `end`. */
  say(scope: string, content: string, options: GenerateOptions): Generation {
    this.requireOpen();
    // Under a name that nobody can ask for again there is nothing to be found later.
    const persist = this.own.has(scope) ? 'none' : undefined;
    return this.client.generate({ model: this.model, scope, append: [{ role: 'user', content }], options, persist });
  }

  /** Makes `as`, which is new, a copy of a conversation. One that has had no turn yet has nothing to copy. */
  fork(scope: string, as: string): Promise<boolean> {
    this.requireOpen();
    return unlessMissing(this.client.fork(scope, { as }));
  }

  /** Forgets a conversation. One that has had no turn yet is forgotten already. */
  async forget(scope: string): Promise<void> {
    await unlessMissing(this.client.disposeScope(scope));
    this.own.delete(scope);
  }

  /** Forgets its own conversations, gives the lease back, and frees the model unless somebody else has a lease. Once. */
  end(): Promise<void> {
    this.ending ??= this.giveEverythingBack();
    // Who does not wait for the end need not hear how it went.
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
    if (leases?.every(({ owner }) => owner === this.owner) === true) await this.client.unload(this.model.path);
  }
}

/** The whole answer. One that was cancelled is none: whoever waits for it must not take half for all. */
export async function wholeAnswer(generation: Generation): Promise<string> {
  const { text, reason } = await generation.result;
  if (reason === 'cancelled') {
    throw new LlamaError('cancelled', 'the answer was cancelled, or its conversation disposed of - send the prompt again');
  }
  return text;
}

/** False if there was no such conversation. */
async function unlessMissing(done: Promise<unknown>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    if (isCode(error, 'scopeNotFound')) return false;
    throw error;
  }
}
