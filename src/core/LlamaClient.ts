import type { Device, LifecycleRecord, Message, ModelConfig, ModelState, Mount, ScopeSummary } from '../protocol/generated';
import { Feed } from './Feed';
import { followSignal, generateCommand, type GenerateRequest } from './generate';
import type { Generation } from './Generation';
import { Generations } from './Generations';
import { idMaker } from './ids';
import { type Lease, Leases } from './Leases';
import { LlamaError } from './LlamaError';
import { Models } from './Models';
import { Pending } from './Pending';
import type { Port } from './port';
import { CLOSED, Requests } from './Requests';
import { type Scheduler, timerScheduler } from './scheduler';
import { type ScopeState, Scopes } from './Scopes';
import { State } from './State';
import { Changes, type ReadableStore } from './Store';

/** What a client needs of its surroundings; each has a default that suits an app. */
export interface LlamaClientOptions {
  /** When deferred work runs and listeners are told. Left out: `timerScheduler`. */
  scheduler?: Scheduler;
  /** Called when somebody may be waiting for an answer, and when nobody is any longer. */
  onBusy?: (busy: boolean) => void;
  /** Told what the other side of the port did wrong. The client goes on from a new snapshot. */
  onProblem?: (error: LlamaError) => void;
}

/**
 * JavaScript's side of a port: folds the snapshot and the numbered events into stores, and gives every command a promise
 * that settles exactly once. Owns no model and no conversation; the engine does.
 */
export class LlamaClient {
  /** All models that the manager knows. */
  readonly models: ReadableStore<readonly ModelState[]>;
  /** Summaries of all conversations. */
  readonly scopes: ReadableStore<readonly ScopeSummary[]>;
  /** What computes here. */
  readonly devices: ReadableStore<readonly Device[]>;
  /** The flight recorder's entries since this client was made, the last 256. `lifecycle()` has the earlier ones. */
  readonly records: ReadableStore<readonly LifecycleRecord[]>;
  private readonly newId = idMaker();
  private readonly changes: Changes;
  private readonly requests: Requests;
  private readonly leases: Leases;
  private readonly modelTable: Models;
  private readonly scopeTable: Scopes;
  private readonly generations: Generations;
  private readonly state: State;
  private readonly reading = new Map<string, Promise<void>>();
  private readonly unsubscribe: () => void;

  /** Throws `protocolViolation` when the port's first snapshot is malformed. */
  constructor(port: Port, options: LlamaClientOptions = {}) {
    const { scheduler = timerScheduler, onBusy = () => undefined, onProblem = () => undefined } = options;
    const pending = new Pending(onBusy);
    this.changes = new Changes(scheduler);
    this.requests = new Requests((envelope) => port.send(JSON.stringify(envelope)), this.newId, pending);
    this.leases = new Leases(this.requests, this.newId, scheduler, pending);
    this.modelTable = new Models(this.changes, (model) => this.leases.noteModel(model));
    this.scopeTable = new Scopes(this.changes);
    this.generations = new Generations(
      this.changes,
      pending,
      (generation) => this.cancel(generation),
      (scope, active, failure) => this.scopeTable.setGenerations(scope, active, failure),
    );
    this.state = new State(this.changes, this.modelTable, this.scopeTable, this.generations, this.requests);
    this.models = this.modelTable.list;
    this.scopes = this.scopeTable.list;
    this.devices = this.state.devices;
    this.records = this.state.records;
    const feed = new Feed(port, {
      onSnapshot: (snapshot, renewed) => {
        const outdated = this.state.replace(snapshot, renewed);
        this.catchUp(outdated, renewed);
      },
      onEvent: (event) => this.state.fold(event),
      onProblem,
    });
    // Subscribed first: an event that overtakes the snapshot is in it, and is dropped by its number.
    this.unsubscribe = port.onEvents((batch) => this.changes.run(() => feed.receive(batch)));
    this.changes.run(() => feed.start());
  }

  /** One model; `undefined` while the manager does not know it. */
  model(path: string): ReadableStore<ModelState | undefined> {
    return this.modelTable.store(path);
  }

  /** One conversation. Its messages are there after `transcript()`. */
  scope(id: string): ReadableStore<ScopeState> {
    return this.scopeTable.store(id);
  }

  /** A generation that is queued, running, or finished not long ago. */
  generation(id: string): Generation | undefined {
    return this.generations.get(id);
  }

  /** Takes a lease: loads the model, joins its load, or reuses it. `owner` names the holder in the flight recorder. */
  acquire(model: ModelConfig, owner: string): Lease {
    return this.leases.take(model, owner);
  }

  /** Frees a model's weights, whatever leases exist. Resolves when the memory is free. */
  unload(path: string): Promise<void> {
    return this.requests.ask({ type: 'unload', path });
  }

  /** Starts a turn. Needs no lease: the generation has one of its own. A refusal is the generation's failure. */
  generate(request: GenerateRequest): Generation {
    const { model, scope, append, messages, signal } = request;
    const id = this.newId('generation');
    const sent = { ...(append && { append: copy(append) }), ...(messages && { messages: copy(messages) }) };
    const generation = this.generations.begin({ id, scope, model: model.path, phase: { type: 'queued' }, text: '' }, sent);
    this.requests.tell(generateCommand(id, request), (error) => this.generations.fail(id, error));
    followSignal(signal, () => void generation.cancel().catch(() => undefined), generation.result);
    return generation;
  }

  /** The messages of a conversation, none when there is no such conversation. Read once, then kept up to date. */
  async transcript(scope: string): Promise<readonly Message[]> {
    if (this.scope(scope).getSnapshot().transcript.status !== 'ready') await this.readTranscript(scope);
    return this.scope(scope).getSnapshot().transcript.messages;
  }

  /** Forgets a conversation: transcript and cached tokens. A running generation is cancelled first. */
  disposeScope(scope: string): Promise<void> {
    return this.requests.ask({ type: 'disposeScope', scope });
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

  /** Leaves the port. What is pending rejects with `closed`; models and conversations live on in the engine. */
  close(): void {
    this.unsubscribe();
    this.changes.run(() => {
      this.leases.close();
      this.requests.close();
      this.generations.failAll(CLOSED);
    });
  }

  private async cancel(generation: Generation): Promise<void> {
    if (generation.finished) return;
    try {
      await this.requests.ask({ type: 'cancel', generationId: generation.id });
    } catch (error) {
      // It ended in the meantime, which is what was asked for.
      if (!isCode(error, 'generationNotFound')) throw error;
    }
  }

  /** After a snapshot that was not the first: what a missed event may have told. */
  private catchUp(outdated: readonly string[], renewed: boolean): void {
    if (renewed) this.leases.renew();
    this.leases.reconcile(this.models.getSnapshot());
    this.requests.repeat();
    for (const scope of outdated) {
      // A reading that is under way may have been answered before what was missed.
      this.reading.delete(scope);
      this.readTranscript(scope).catch(() => undefined);
    }
  }

  private readTranscript(scope: string): Promise<void> {
    const reading = this.reading.get(scope) ?? this.askForTranscript(scope);
    this.reading.set(scope, reading);
    return reading;
  }

  private async askForTranscript(scope: string): Promise<void> {
    this.scopeTable.setLoading(scope);
    try {
      await this.requests.ask({ type: 'getTranscript', scope });
    } catch (error) {
      if (!isCode(error, 'scopeNotFound')) {
        this.scopeTable.setFailed(scope, error as LlamaError);
        throw error;
      }
      this.scopeTable.setEmpty(scope);
    } finally {
      this.reading.delete(scope);
    }
  }
}

function copy(messages: readonly Message[]): Message[] {
  return messages.map(({ role, content }) => ({ role, content }));
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof LlamaError && error.code === code;
}
