import type { LlamaClient } from '../core/LlamaClient';
import { LlamaError } from '../core/LlamaError';
import type { GenerateOptions, ModelConfig } from '../protocol/generated';
import { Session, wholeAnswer } from './Session';
import { Slot } from './Slot';

/**
 * A loaded model with slots that the caller manages, under the names that other context swapping libraries use. A slot
 * is a conversation with a name that only this `Llama` knows; one of the slots is active.
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
 * The number of slots is unlimited: `maxResident` of them are resident at once, and the least recently used ones wait
 * in RAM. A function that returns nothing throws a `LlamaError` at once if it is misused. If its work fails later, the
 * next `generateCompleteText` throws the error.
 */
export class Llama {
  private readonly session: Session;
  private readonly slots = new Map<string, Slot>();
  /** By id: resolves to whether there was a conversation to copy. */
  private readonly states = new Map<string, Promise<boolean>>();
  private active: Slot | undefined;
  private problem: LlamaError | undefined;

  /**
   * Starts to load the model, or joins its load, and keeps it loaded until `dispose`. If that fails, every answer
   * fails.
   */
  constructor(client: LlamaClient, model: ModelConfig) {
    this.session = new Session(client, model, 'Llama');
    this.session.load().catch(() => undefined);
  }

  /** Makes a slot, which takes no memory before its first prompt. Throws `invalidOptions` if the name is taken. */
  createSlot(name: string): void {
    this.session.requireOpen();
    if (this.slots.has(name)) {
      throw new LlamaError('invalidOptions', `slot ${name} was created already - set it, or free it first`);
    }
    this.slots.set(name, new Slot(this.session.newScope('slot')));
  }

  /** Makes a slot the active one, at no cost. Throws `scopeNotFound` if there is no slot of this name. */
  setSlot(name: string): void {
    this.active = this.slot(name);
  }

  /**
   * Deletes a slot and its conversation, and cancels its answer. If it was the active slot, no slot is active
   * afterwards. Throws `scopeNotFound` if there is no slot of this name.
   */
  freeSlot(name: string): void {
    const slot = this.slot(name);
    this.slots.delete(name);
    if (this.active === slot) this.active = undefined;
    slot.free();
    this.inBackground(slot.queue(() => this.session.forget(slot.scope)));
  }

  /**
   * Sets the active slot's next message, and replaces one that is not answered yet. Throws `invalidOptions` without a
   * slot.
   */
  setPrompt(text: string): void {
    this.activeSlot().prompt = text;
  }

  /**
   * Answers the active slot's prompt. Another slot may be set and answered meanwhile. `options` apply to this answer
   * alone. Rejects with a `LlamaError`, which is `invalidOptions` without a slot or a prompt. The slot is then as it
   * was before, and its prompt is still set.
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
   * Copies the active slot's conversation, in RAM, after the answers that are pending now. The copy outlives the slot.
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
   * Replaces the active slot's conversation with a saved one. The state stays, and can be loaded again, into any slot.
   * Throws `invalidOptions` without a slot, and `scopeNotFound` if this `Llama` has no such state.
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

  /** Deletes a saved state. Throws `scopeNotFound` if this `Llama` has no such state. */
  freeState(id: string): void {
    const saved = this.state(id);
    this.states.delete(id);
    this.inBackground(saved.then(() => this.session.forget(id)));
  }

  /**
   * Deletes every slot and state, and frees the model unless there are other leases. Resolves when the memory is free;
   * there is no need to wait for that. From now on every function throws `closed`.
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
    if (saved === undefined) {
      throw new LlamaError('scopeNotFound', 'no such state - it was freed, or another Llama saved it');
    }
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
