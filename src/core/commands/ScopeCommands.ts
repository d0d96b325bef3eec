import type {
  Heat,
  HubRepository,
  LifecycleRecord,
  MemoryFit,
  Message,
  ModelConfig,
  Mount,
  Persist,
  RenderedPrompt,
  StoredModels,
  SuspendAfter,
  TrimLevel,
} from '../../protocol/generated';
import { embedCommand, type Embeddings, type EmbedRequest } from '../tasks/EmbedRequest';
import { followSignal } from '../generations/GenerateRequest';
import { type Prefilled, prefillCommand, type PrefillRequest } from '../generations/PrefillRequest';
import type { Requests } from '../port/Requests';

/** What the whole manager may take. A field left out stays what it was. */
export interface Budgets {
  /** Bytes that models, parked scopes and residents may take together. At first: what the system has free. */
  memoryBudgetBytes?: number;
  /** Bytes of saved KV on disk; beyond them the least recently used is removed. At first: 2 GiB. */
  savedBudgetBytes?: number;
  /** Bytes of models that came from servers; the least recently used make room for a new one. At first: as much as fits. */
  modelsBudgetBytes?: number;
}

/** The commands that leave nothing behind on this side but the promise of their answer. */
export class Commands {
  /** @internal */
  protected constructor(
    /** @internal */
    protected readonly requests: Requests,
    /** @internal Makes ids that no other client makes. */
    protected readonly newId: (kind: string) => string,
  ) {}

  /** Frees a model's weights, whatever leases exist. Resolves when the memory is free. */
  unload(path: string): Promise<void> {
    return this.requests.ask({ type: 'unload', path });
  }

  /** Forgets a conversation: transcript and cached tokens. A running generation is cancelled first. */
  disposeScope(scope: string): Promise<void> {
    return this.requests.askOnce({ type: 'disposeScope', scope });
  }

  /**
   * Computes the beginning of a turn that may come, while nobody waits for anything else: words that are still being spoken.
   * Nothing is said; the turn that comes finds what it shares. Rejects with `cancelled` when a newer one or the turn itself comes
   * first, with `busy` while a turn of the conversation runs, with `modelUnloaded` where its model is not loaded.
   *
   * ```ts
   * void client.prefill({ scope: 'chat-42', append: [{ role: 'user', content: heardSoFar }], open: true }).catch(() => undefined);
   * ```
   */
  prefill(request: PrefillRequest): Promise<Prefilled> {
    return this.requests.ask(prefillCommand(request));
  }

  /**
   * The tokens of a text, by the model's own vocabulary; none is added. With `special`, the names of control tokens in it, such as
   * `<|im_start|>`, are those tokens. Loads the model if it is not, and keeps it for its `keepAliveMs`.
   */
  tokenize(model: ModelConfig, text: string, { special = false }: { special?: boolean } = {}): Promise<readonly number[]> {
    return this.requests.ask({ type: 'tokenize', model, text, ...(special && { special }) });
  }

  /** What tokens stand for, control tokens by their names. Rejects with `invalidOptions` for one that is not in the vocabulary. */
  detokenize(model: ModelConfig, tokens: readonly number[]): Promise<string> {
    return this.requests.ask({ type: 'detokenize', model, tokens: [...tokens] });
  }

  /**
   * What the model would read of a conversation, and the template that writes it. Nothing is said, and nothing left out.
   *
   * ```ts
   * const { text, tokenCount } = await client.renderPrompt(model, [{ role: 'user', content: 'Who am I?' }]);
   * ```
   */
  renderPrompt(model: ModelConfig, messages: readonly Message[]): Promise<RenderedPrompt> {
    return this.requests.ask({ type: 'renderPrompt', model, messages: [...messages] });
  }

  /**
   * One vector for each text, by which texts of like meaning are found. They are computed in small pieces beside generations, in a
   * memory of their own that counts in the memory budget. Rejects with `modelUnsupported` for a model that makes none, `contextFull`
   * for a text that is too long, `outOfMemory`, and `cancelled` when the signal is aborted.
   *
   * ```ts
   * const { embeddings } = await client.embed({ model, texts: ['My name is Alice', 'Who am I?'] });
   * ```
   */
  embed(request: EmbedRequest): Promise<Embeddings> {
    const embeddingId = this.newId('embedding');
    const answer = this.requests.ask<Embeddings>(embedCommand(embeddingId, request));
    followSignal(request.signal, () => this.requests.tell({ type: 'cancelEmbed', embeddingId }), answer);
    return answer;
  }

  /** Takes a conversation out of its slot and keeps its KV in RAM. Needed by nobody: the engine does so to make room. */
  park(scope: string): Promise<void> {
    return this.requests.ask({ type: 'park', scope });
  }

  /** Puts a parked or saved conversation into a slot ahead of its next turn. Rejects with `notCached` when nothing is there. */
  restore(scope: string): Promise<void> {
    return this.requests.ask({ type: 'restore', scope });
  }

  /** Writes a conversation's transcript and KV to disk now. Resolves when both are safe. */
  save(scope: string): Promise<void> {
    return this.requests.ask({ type: 'save', scope });
  }

  /**
   * Makes a new conversation that begins as a copy of another one; nothing is prefilled. Resolves to its id: `as`, which
   * must not be taken, or one that is made. `messageCount`: how many messages it begins with; left out, all.
   *
   * ```ts
   * const what = await client.fork('chat-42', { as: 'chat-42, what if', messageCount: 4 });
   * ```
   */
  async fork(scope: string, options: { as?: string; messageCount?: number } = {}): Promise<string> {
    const { as: fork = this.newId('scope'), messageCount } = options;
    await this.requests.askOnce({ type: 'fork', scope, fork, ...(messageCount !== undefined && { messageCount }) });
    return fork;
  }

  /** Cuts a conversation: the message at the index and all after it are gone. What comes before stays cached. */
  rewindTo(scope: string, messageIndex: number): Promise<void> {
    return this.requests.askOnce({ type: 'rewindTo', scope, messageIndex });
  }

  /** Says what of a conversation may be written to disk. Resolves when what no longer may is gone from there. */
  setPersist(scope: string, persist: Persist): Promise<void> {
    return this.requests.ask({ type: 'setPersist', scope, persist });
  }

  /** Forgets every conversation, in memory and on disk. Resolves when nothing is left. */
  eraseAll(): Promise<void> {
    return this.requests.askOnce({ type: 'eraseAll' });
  }

  /**
   * For the background: generations stop at their next step, conversations are saved until the deadline, most recently used
   * first. Resolves when nothing computes or writes any more. Nothing is lost: `resume` goes on. With `after` it waits first
   * until no generation runs or waits; another `suspend` or `resume` ends the waiting, and resolves it.
   */
  suspend({ deadlineMs = 5000, after }: { deadlineMs?: number; after?: SuspendAfter } = {}): Promise<void> {
    return this.requests.ask({ type: 'suspend', deadlineMs, ...(after !== undefined && { after }) });
  }

  /** Goes on after `suspend`: the same generations, and the loads that were refused meanwhile. */
  resume(): Promise<void> {
    return this.requests.ask({ type: 'resume' });
  }

  /** Says how hot the device is: the hotter, the fewer compute threads. */
  setHeat(heat: Heat): Promise<void> {
    return this.requests.ask({ type: 'setHeat', heat });
  }

  /** Gives memory back, least painful first; each step is a `trimmed` record with its bytes. */
  trim(level: TrimLevel): Promise<void> {
    return this.requests.ask({ type: 'trim', level });
  }

  /** Whether a model would fit into the memory that is free now, with the numbers. */
  canLoad(model: ModelConfig): Promise<MemoryFit> {
    return this.requests.ask({ type: 'canLoad', model });
  }

  /** Sets budgets of the whole manager, for every client of it. */
  configure(budgets: Budgets): Promise<void> {
    return this.requests.ask({ type: 'configure', ...budgets });
  }

  /**
   * Says where models with hub names (`hf:org/repo:Q4_K_M`) come from: `endpoint`, at first `https://huggingface.co`, and the
   * `token` that it alone is sent; left out, none.
   */
  setHub(hub: { endpoint?: string; token?: string }): Promise<void> {
    return this.requests.ask({ type: 'setHub', ...hub });
  }

  /**
   * What a repository of the hub has, smallest first, what of it would fit now, and which of it fits `best`.
   *
   * ```ts
   * const { best } = await client.browseHub('hf:org/repo');
   * if (best !== undefined) client.acquire({ path: best }, 'Chat');
   * ```
   */
  browseHub(repository: string): Promise<HubRepository> {
    return this.requests.ask({ type: 'browseHub', repository });
  }

  /**
   * Brings a model to this device without loading it; resolves when it is there. `downloads` shows how far it is, and it goes on
   * when this client closes. Asked for again, it joins what runs, and resumes what is paused. `sha256`: what the file of a URL must
   * be; the hub says it by itself. Rejects with `cancelled` after `cancelDownload`.
   *
   * ```ts
   * await client.download('hf:org/repo:Q4_K_M');
   * ```
   */
  download(name: string, { sha256 }: { sha256?: string } = {}): Promise<void> {
    return this.requests.askOnce({ type: 'download', name, ...(sha256 !== undefined && { sha256 }) });
  }

  /** Has a download wait, also for those who acquired its model, until `download` resumes it. */
  pauseDownload(name: string): Promise<void> {
    return this.requests.askOnce({ type: 'pauseDownload', name });
  }

  /** Ends a download, or forgets that it failed. What has come is kept until `removeStoredModel`. */
  cancelDownload(name: string): Promise<void> {
    return this.requests.askOnce({ type: 'cancelDownload', name });
  }

  /**
   * Keeps a file of this device, such as one that was picked, as the model `name`; resolves when it is there. Shown in `downloads`
   * meanwhile, and cancelled by `cancelDownload`. Afterwards the name can be acquired whatever becomes of the file.
   *
   * ```ts
   * await client.importModel(picked.uri, picked.uri);
   * client.acquire({ path: picked.uri }, 'Chat');
   * ```
   */
  importModel(path: string, name: string): Promise<void> {
    return this.requests.askOnce({ type: 'importModel', path, name });
  }

  /**
   * Reads every file of a stored model again. Rejects with `digestMismatch` when one was damaged, and is removed, and with
   * `modelNotCached` when one was deleted.
   */
  verifyStoredModel(name: string): Promise<void> {
    return this.requests.ask({ type: 'verifyStoredModel', name });
  }

  /** The models that came from servers, least recently used first, and what they take on the disk. */
  storedModels(): Promise<StoredModels> {
    return this.requests.ask({ type: 'listStoredModels' });
  }

  /** Removes a model that came from a server, whole or not, from this device. Rejects with `modelInUse` while it is used. */
  removeStoredModel(name: string): Promise<void> {
    return this.requests.ask({ type: 'removeStoredModel', name });
  }

  /** A generation's text from `offset` on, in UTF-16 code units. */
  replay(generationId: string, offset: number): Promise<string> {
    return this.requests.ask({ type: 'replay', generationId, offset });
  }

  /** The flight recorder: the last lifecycle events of all models, oldest first, each with its reason. */
  lifecycle(): Promise<readonly LifecycleRecord[]> {
    return this.requests.ask({ type: 'getLifecycle' });
  }

  /** Writes a component's mount or unmount into the flight recorder. */
  recordMount(owner: string, path: string, mount: Mount): void {
    this.requests.tell({ type: 'recordMount', owner, path, mount });
  }
}
