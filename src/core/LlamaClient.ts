import type { BenchReport, Device, Download, LifecycleRecord, Message, ModelConfig, ModelState, NoGpu, Resident, ScopeSummary } from '../protocol/generated';
import { Benches, type BenchRequest } from './tasks/Tasks';
import { Commands } from './commands/ScopeCommands';
import { Downloads } from './models/Downloads';
import { Feed } from './port/Feed';
import { followSignal, generateCommand, type GenerateRequest } from './generations/GenerateRequest';
import type { Generation } from './generations/Generation';
import { Generations } from './generations/Generations';
import { idMaker } from './port/idMaker';
import { type Lease, Leases } from './models/Leases';
import { isCode, type LlamaError } from './LlamaError';
import { Models } from './models/Models';
import { Pending } from './port/Pending';
import type { Port } from './port/Port';
import { CLOSED, Requests } from './port/Requests';
import { type ResidentHandle, type ResidentOptions, Residents } from './models/Residents';
import { type Scheduler, timerScheduler } from './state/Scheduler';
import { type ScopeState, Scopes } from './scopes/Scopes';
import { State } from './EventFold';
import type { ToolRequest } from './tools/ToolRun';
import { ToolRuns } from './tools/ToolRuns';
import type { OpenCall } from './tools/ToolDefinition';
import { Changes, type ReadableStore } from './state/Store';
import { Transcripts } from './scopes/Transcripts';

/** What a client needs of its surroundings; each has a default that suits an app. */
export interface LlamaClientOptions {
  /** When deferred work runs and listeners are told. Left out: `timerScheduler`. */
  scheduler?: Scheduler;
  /** Called when somebody may be waiting for an answer, and when nobody is any longer. */
  onBusy?: (busy: boolean) => void;
  /**
   * Told what the other side of the port did wrong, after which the client goes on from a new snapshot, and which resident
   * was refused or could not be evicted.
   */
  onProblem?: (error: LlamaError) => void;
}

/**
 * JavaScript's side of a port: folds the snapshot and the numbered events into stores, and gives every command a promise
 * that settles exactly once. Owns no model and no conversation; the engine does.
 */
export class LlamaClient extends Commands {
  /** All models that the manager knows. */
  readonly models: ReadableStore<readonly ModelState[]>;
  /** Summaries of all conversations. */
  readonly scopes: ReadableStore<readonly ScopeSummary[]>;
  /** Every generation that `generation` finds, oldest first. Changes when one begins or ends, not with its text. */
  readonly generations: ReadableStore<readonly Generation[]>;
  /**
   * What computes here, with its memory and instruction sets. Where a loaded model is, and why not on a GPU, is in its `info`.
   *
   * ```ts
   * const names = client.devices.getSnapshot().map(({ name }) => name);
   * const reason = client.noGpu.getSnapshot()?.detail; // 'this build has no code for GPUs'
   * ```
   */
  readonly devices: ReadableStore<readonly Device[]>;
  /** Why there is no GPU among `devices`; `undefined` where there is one. */
  readonly noGpu: ReadableStore<NoGpu | undefined>;
  /** The flight recorder's entries since this client was made, the last 256. `lifecycle()` has the earlier ones. */
  readonly records: ReadableStore<readonly LifecycleRecord[]>;
  /** What is in memory beside the models, whoever registered it. */
  readonly residents: ReadableStore<readonly Resident[]>;
  /** Models that come to this device for later, or could not, whoever asked for them. */
  readonly downloads: ReadableStore<readonly Download[]>;
  /** Whether `suspend` holds. */
  readonly suspended: ReadableStore<boolean>;
  private readonly benches: Benches;
  private readonly changes: Changes;
  private readonly leases: Leases;
  private readonly modelTable: Models;
  private readonly scopeTable: Scopes;
  private readonly turns: Generations;
  private readonly state: State;
  private readonly transcripts: Transcripts;
  private readonly residentTable: Residents;
  private readonly toolRuns: ToolRuns;
  private readonly unsubscribe: () => void;

  /** Throws `protocolViolation` when the port's first snapshot is malformed. */
  constructor(port: Port, options: LlamaClientOptions = {}) {
    const { scheduler = timerScheduler, onBusy = () => undefined, onProblem = () => undefined } = options;
    const pending = new Pending(onBusy);
    const newId = idMaker();
    const requests = new Requests((envelope) => port.send(JSON.stringify(envelope)), newId, pending);
    super(requests, newId);
    this.changes = new Changes(scheduler);
    this.leases = new Leases(requests, newId, scheduler, pending);
    this.modelTable = new Models(this.changes, (model) => this.leases.noteModel(model));
    this.scopeTable = new Scopes(this.changes, (scope) => this.toolRuns.disposed(scope));
    this.transcripts = new Transcripts(this.scopeTable, requests);
    this.residentTable = new Residents(this.changes, requests, newId, onProblem);
    this.turns = new Generations(
      this.changes,
      pending,
      (generation) => this.cancel(generation),
      (scope, active, failure) => this.scopeTable.setGenerations(scope, active, failure),
    );
    this.toolRuns = new ToolRuns(this.changes, (request) => this.begin(request));
    const { changes, modelTable, scopeTable, turns, residentTable } = this;
    const downloads = new Downloads(changes);
    this.benches = new Benches(changes, requests, newId);
    this.state = new State(changes, modelTable, scopeTable, turns, residentTable, downloads, this.benches, requests);
    this.models = this.modelTable.list;
    this.scopes = this.scopeTable.list;
    this.generations = this.turns.list;
    this.devices = this.state.devices;
    this.noGpu = this.state.noGpu;
    this.records = this.state.records;
    this.residents = this.residentTable.list;
    this.downloads = downloads.list;
    this.suspended = this.state.suspended;
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
    return this.turns.get(id);
  }

  /** Takes a lease: loads the model, joins its load, or reuses it. `owner` names the holder in the flight recorder. */
  acquire(model: ModelConfig, owner: string): Lease {
    return this.leases.take(model, owner);
  }

  /** Starts a turn. Needs no lease: the generation has one of its own. A refusal is the generation's failure. */
  generate(request: GenerateRequest): Generation {
    return this.toolRuns.generate(request);
  }

  /**
   * Starts a turn, carries out the tools that its answer calls, gives their results back, and so on until an answer calls
   * nothing. Gives the first answer; the scope's `generations` has those that follow.
   */
  generateWithTools(request: ToolRequest): Generation {
    return this.toolRuns.start(request);
  }

  /** Calls of tools that a conversation waits for. */
  openCalls(scope: string): ReadableStore<readonly OpenCall[]> {
    return this.toolRuns.open(scope);
  }

  /** Answers a call that waits for the user's approval. One that does not wait is no error. */
  approveCall(scope: string, callId: string, isApproved: boolean): void {
    this.toolRuns.approve(scope, callId, isApproved);
  }

  /**
   * Waits no longer for the tools that a conversation has called, and asks nothing more on their behalf. Gives the results that are
   * there and that are in no turn that stays: put them in front of the next message. The engine answers the other calls itself, and
   * leaves out results that it has when that message's turn begins.
   */
  endCalls(scope: string): Message[] {
    return this.toolRuns.interrupt(scope);
  }

  override disposeScope(scope: string): Promise<void> {
    return this.toolRuns.cut(scope, super.disposeScope(scope));
  }

  override rewindTo(scope: string, messageIndex: number): Promise<void> {
    return this.toolRuns.cut(scope, super.rewindTo(scope, messageIndex));
  }

  override eraseAll(): Promise<void> {
    return this.toolRuns.erase(super.eraseAll());
  }

  /** The messages of a conversation, none when there is no such conversation. Read once, then kept up to date. */
  transcript(scope: string): Promise<readonly Message[]> {
    return this.transcripts.get(scope);
  }

  /**
   * Measures how fast a model reads prompts and writes answers here, as `llama-bench` of llama.cpp does. It waits until nothing else
   * is asked of the model, and turns wait for its end; conversations stay as they are. Rejects with `outOfMemory` where there is no
   * room for its memory, `invalidOptions` with the field and its range, and `cancelled` when the signal is aborted.
   *
   * ```ts
   * const { prompt, generation } = await client.bench({ model, repetitions: 3 });
   * console.log(`${prompt?.mean} tokens/s read, ${generation?.mean} ± ${generation?.standardDeviation} written`);
   * ```
   */
  bench(request: BenchRequest): Promise<BenchReport> {
    return this.benches.run(request);
  }

  /**
   * Counts something big of the app in the same memory budget, until it is removed or evicted or this client closes.
   *
   * ```ts
   * const ears = client.registerResident({
   *   name: 'speech recogniser', sizeBytes: 150e6, inUse: false, evict: () => whisper.release(),
   * });
   * ears.update({ inUse: true }); // listening: now it is not asked to go
   * ```
   */
  registerResident(resident: ResidentOptions): ResidentHandle {
    return this.residentTable.register(resident);
  }

  /** Leaves the port. What is pending rejects with `closed`; models and conversations live on in the engine. */
  close(): void {
    this.unsubscribe();
    this.changes.run(() => {
      this.toolRuns.close();
      this.leases.close();
      this.requests.close();
      this.turns.failAll(CLOSED);
    });
  }

  private begin(request: GenerateRequest): Generation {
    const { model, scope, append, prompt, signal } = request;
    const messages = prompt === undefined ? request.messages : [{ role: 'user' as const, content: prompt }];
    const id = this.newId('generation');
    const sent = { ...(append && { append: copy(append) }), ...(messages && { messages: copy(messages) }) };
    const generation = this.turns.begin({ id, scope, model: model.path, phase: { type: 'queued' }, text: '', reasoning: '', toolCalls: [] }, sent);
    this.requests.tell(generateCommand(id, request), (error) => this.turns.fail(id, error));
    followSignal(signal, () => void generation.cancel().catch(() => undefined), generation.result);
    return generation;
  }

  private async cancel(generation: Generation): Promise<void> {
    if (generation.finished) return;
    this.toolRuns.cancel(generation);
    try {
      await this.requests.ask({ type: 'cancel', generationId: generation.id });
    } catch (error) {
      // It ended in the meantime, which is what was asked for.
      if (!isCode(error, 'generationNotFound')) throw error;
    }
  }

  /** After a snapshot that was not the first: what a missed event may have told. */
  private catchUp(outdated: readonly string[], renewed: boolean): void {
    if (renewed) {
      this.leases.renew();
      this.residentTable.renew();
    }
    this.leases.reconcile(this.models.getSnapshot());
    this.requests.repeat(renewed);
    this.transcripts.reread(outdated);
  }
}

/** All through: what was sent is frozen, and what the caller gave stays the caller's. */
function copy(messages: readonly Message[]): Message[] {
  return messages.map(({ toolCalls, ...message }) => ({ ...message, ...(toolCalls && { toolCalls: toolCalls.map((call) => ({ ...call })) }) }));
}
