import type { LlamaClient } from '../core/LlamaClient';
import { LlamaError } from '../core/LlamaError';
import type { GenerateOptions, ModelConfig } from '../protocol/generated';
import { Session, wholeAnswer } from './Session';
import { Slot } from './Slot';

/**
 * A loaded model with slots that the caller manages, by the names that context swapping has elsewhere. A slot is a
 * conversation under a name that this `Llama` alone knows; one of them is active.
 *
 * ```ts
 * const llama = new Llama(client, { path: 'chat.gguf' });
 * llama.createSlot('user_1');
 * llama.setSlot('user_1');
 * llama.setPrompt('Hello, I am User 1');
 * await llama.generateCompleteText();
 * const frozen = llama.saveState();
 * llama.freeSlot('user_1');
 * // … others …
 * llama.createSlot('user_1');
 * llama.setSlot('user_1');
 * llama.loadState(frozen);
 * ```
 *
 * There is no limit to the number of slots: the model has room for `slots` of its options at once, and the least recently
 * used waits in RAM. What returns nothing throws a `LlamaError` at once if it is misused; what goes wrong with its work
 * later is thrown by the next `generateCompleteText`.
 */
export class Llama {
  private readonly session: Session;
  private readonly slots = new Map<string, Slot>();
  /** By id: whether there was anything to copy, once that is known. */
  private readonly states = new Map<string, Promise<boolean>>();
  private active: Slot | undefined;
  private problem: LlamaError | undefined;

  /** Begins to load the model, or joins its load, and keeps it loaded until `dispose`. A failure is each answer's. */
  constructor(client: LlamaClient, model: ModelConfig) {
    this.session = new Session(client, model, 'Llama');
    this.session.load().catch(() => undefined);
  }

  /** Makes a slot. Takes no memory before its first prompt, and never fails for want of it. Throws `invalidOptions` if there is one. */
  createSlot(name: string): void {
    this.session.requireOpen();
    if (this.slots.has(name)) {
      throw new LlamaError('invalidOptions', `slot ${name} was created already - set it, or free it first`);
    }
    this.slots.set(name, new Slot(this.session.newScope('slot')));
  }

  /** Makes a slot the active one. Costs nothing. Throws `scopeNotFound` if there is none of this name. */
  setSlot(name: string): void {
    this.active = this.slot(name);
  }

  /**
   * Forgets a slot and its conversation; an answer of it is cancelled. After the active one no slot is active. Throws
   * `scopeNotFound` if there is none of this name.
   */
  freeSlot(name: string): void {
    const slot = this.slot(name);
    this.slots.delete(name);
    if (this.active === slot) this.active = undefined;
    slot.free();
    this.inBackground(slot.queue(() => this.session.forget(slot.scope)));
  }

  /** Sets the active slot's next message, in place of one that has not been answered. Throws `invalidOptions` without a slot. */
  setPrompt(text: string): void {
    this.activeSlot().prompt = text;
  }

  /**
   * Answers the active slot's prompt; another slot may be set, and answered, meanwhile. `options` are of this answer alone.
   * Rejects with a `LlamaError`: `invalidOptions` without a slot or a prompt, else what went wrong. The slot is then as it was
   * before, its prompt still set.
   */
  async generateCompleteText(options: GenerateOptions = {}): Promise<string> {
    const slot = this.activeSlot();
    const { prompt, scope } = slot;
    if (prompt === undefined) throw new LlamaError('invalidOptions', 'the active slot has no prompt - set one first');
    slot.prompt = undefined;
    try {
      return await slot.queue(() => {
        this.throwProblem();
        return wholeAnswer(slot.begin(() => this.session.say(scope, prompt, options)));
      });
    } catch (error) {
      slot.prompt ??= prompt;
      throw error;
    }
  }

  /**
   * Keeps the active slot's conversation as it is after the answers asked for so far, in RAM, whatever becomes of the slot.
   * Returns the state's id. Throws `invalidOptions` without a slot.
   */
  saveState(): string {
    const slot = this.activeSlot();
    const { scope } = slot;
    const id = this.session.newScope('state');
    const saved = slot.queue(() => this.session.fork(scope, id));
    this.states.set(id, saved);
    this.inBackground(saved);
    return id;
  }

  /**
   * Puts a saved conversation in place of the active slot's. The state stays, and can be loaded again, here or in another
   * slot. Throws `invalidOptions` without a slot, `scopeNotFound` if this `Llama` has no such state.
   */
  loadState(id: string): void {
    const slot = this.activeSlot();
    const saved = this.state(id);
    const replaced = slot.scope;
    const scope = this.session.newScope('slot');
    slot.scope = scope;
    this.inBackground(
      slot.queue(async () => {
        if (await saved) await this.session.fork(id, scope);
        await this.session.forget(replaced);
      }),
    );
  }

  /** Forgets a saved state. Throws `scopeNotFound` if this `Llama` has no such state. */
  freeState(id: string): void {
    const saved = this.state(id);
    this.states.delete(id);
    this.inBackground(saved.then(() => this.session.forget(id)));
  }

  /**
   * Forgets every slot and state, and frees the model unless somebody else has a lease. Resolves when its memory is free;
   * nobody has to wait for it. Everything is refused as `closed` from now on.
   */
  dispose(): Promise<void> {
    for (const slot of this.slots.values()) slot.free();
    return this.session.end();
  }

  private slot(name: string): Slot {
    this.session.requireOpen();
    const slot = this.slots.get(name);
    if (slot === undefined) throw new LlamaError('scopeNotFound', `no slot ${name} - create it first`);
    return slot;
  }

  private activeSlot(): Slot {
    this.session.requireOpen();
    if (this.active === undefined) throw new LlamaError('invalidOptions', 'no slot is active - set one first');
    return this.active;
  }

  private state(id: string): Promise<boolean> {
    this.session.requireOpen();
    const saved = this.states.get(id);
    if (saved === undefined) throw new LlamaError('scopeNotFound', 'no such state - it was freed, or another Llama saved it');
    return saved;
  }

  private inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => (this.problem ??= error as LlamaError));
  }

  private throwProblem(): void {
    const { problem } = this;
    this.problem = undefined;
    if (problem !== undefined) throw problem;
  }
}
