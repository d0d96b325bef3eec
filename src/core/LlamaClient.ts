import type {
  Device,
  Download,
  GpuUnavailable,
  LifecycleRecord,
  Message,
  ModelConfig,
  ModelState,
  Resident,
  ScopeSummary,
} from '../protocol/generated';
import { ModelCommands } from './commands/ModelCommands';
import { EventFold } from './EventFold';
import type { GenerateRequest } from './generations/GenerateRequest';
import type { Generation } from './generations/Generation';
import { Generations } from './generations/Generations';
import type { LlamaError } from './LlamaError';
import { Downloads } from './models/Downloads';
import { type Lease, Leases } from './models/Leases';
import { Models } from './models/Models';
import { type ResidentHandle, type ResidentOptions, Residents } from './models/Residents';
import { Feed } from './port/Feed';
import { idMaker } from './port/idMaker';
import { Pending } from './port/Pending';
import type { Port } from './port/Port';
import { CLOSED, Requests } from './port/Requests';
import { Scopes, type ScopeState } from './scopes/Scopes';
import { Transcripts } from './scopes/Transcripts';
import { type Scheduler, timerScheduler } from './state/Scheduler';
import { Changes, type ReadableStore } from './state/Store';
import { Tasks } from './tasks/Tasks';
import type { PendingToolCall, ToolRequest } from './tools/ToolRun';
import { ToolRuns } from './tools/ToolRuns';

/** Options of a client; every default suits an app. */
export interface LlamaClientOptions {
  /**
   * Decides when deferred work runs and listeners are called.
   * @default timerScheduler
   */
  scheduler?: Scheduler;
  /** Called with `true` when the first promise is pending, and with `false` when the last one has settled. */
  onBusy?: (busy: boolean) => void;
  /**
   * Called when the other side of the port breaks the protocol, after which the client goes on from a new snapshot.
   * Also called when a resident is refused or cannot be evicted.
   */
  onProblem?: (error: LlamaError) => void;
}

/**
 * JavaScript's side of a port. Folds the snapshot and the numbered events into stores, and gives every command a
 * promise that settles exactly once. The engine owns the models and conversations; the client owns none.
 */
export class LlamaClient extends ModelCommands {
  /** All models that the manager knows. */
  readonly models: ReadableStore<readonly ModelState[]>;
  /** Summaries of all scopes. A scope is a named conversation. */
  readonly scopes: ReadableStore<readonly ScopeSummary[]>;
  /** The generations that `generation` finds, oldest first. Changes when one starts or ends, not with its text. */
  readonly generations: ReadableStore<readonly Generation[]>;
  /**
   * The devices that the engine can compute on, with their memory and instruction sets. The `info` of a loaded model
   * says which of them it uses.
   *
   * ```ts
   * const names = client.devices.getSnapshot().map(({ name }) => name);
   * const reason = client.gpuUnavailable.getSnapshot()?.detail; // 'this build has no code for GPUs'
   * ```
   */
  readonly devices: ReadableStore<readonly Device[]>;
  /** Why there is no GPU among `devices`; `undefined` if there is one. */
  readonly gpuUnavailable: ReadableStore<GpuUnavailable | undefined>;
  /** The last 256 entries of the flight recorder since this client was made. `readLog()` reads the earlier ones. */
  readonly log: ReadableStore<readonly LifecycleRecord[]>;
  /** Memory that is reserved beside the models, by any client. */
  readonly residents: ReadableStore<readonly Resident[]>;
  /** Downloads and imports that run or have failed, of any client. */
  readonly downloads: ReadableStore<readonly Download[]>;
  /** Whether the engine is suspended. */
  readonly suspended: ReadableStore<boolean>;
  private readonly changes: Changes;
  private readonly leases: Leases;
  private readonly modelTable: Models;
  private readonly scopeTable: Scopes;
  private readonly turns: Generations;
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
    const changes = new Changes(scheduler);
    const tasks = new Tasks(changes, requests, newId);
    super(requests, newId, tasks);
    this.changes = changes;
    this.leases = new Leases(requests, newId, scheduler, pending);
    this.modelTable = new Models(changes, (model) => this.leases.noteModel(model));
    this.scopeTable = new Scopes(changes, (scope) => this.toolRuns.deleted(scope));
    this.transcripts = new Transcripts(this.scopeTable, requests);
    this.residentTable = new Residents(changes, requests, newId, onProblem);
    this.turns = new Generations(changes, pending, requests, newId, {
      onCancel: (generation) => this.toolRuns.cancel(generation),
      onActive: (scope, active, failure) => this.scopeTable.setGenerations(scope, active, failure),
    });
    this.toolRuns = new ToolRuns(changes, (request) => this.turns.start(request));
    const { modelTable: models, scopeTable: scopes, turns: generations, residentTable: residents } = this;
    const downloads = new Downloads(changes);
    const fold = new EventFold(changes, { models, scopes, generations, residents, downloads, tasks, requests });
    this.models = models.list;
    this.scopes = scopes.list;
    this.generations = generations.list;
    this.devices = fold.devices;
    this.gpuUnavailable = fold.gpuUnavailable;
    this.log = fold.log;
    this.residents = residents.list;
    this.downloads = downloads.list;
    this.suspended = fold.suspended;
    const feed = new Feed(port, {
      onSnapshot: (snapshot, renewed) => this.catchUp(fold.replace(snapshot, renewed), renewed),
      onEvent: (event) => fold.fold(event),
      onProblem,
    });
    // The subscription comes first, so that no event is missed; the feed drops those that the snapshot contains.
    this.unsubscribe = port.onEvents((batch) => changes.run(() => feed.receive(batch)));
    changes.run(() => feed.start());
  }

  /** One model; `undefined` while the manager does not know it. */
  model(path: string): ReadableStore<ModelState | undefined> {
    return this.modelTable.store(path);
  }

  /** One conversation. Call `transcript()` to have its messages read. */
  scope(id: string): ReadableStore<ScopeState> {
    return this.scopeTable.store(id);
  }

  /** A generation that is queued, running, or finished a short time ago. */
  generation(id: string): Generation | undefined {
    return this.turns.get(id);
  }

  /**
   * Takes a lease: loads the model, joins its load, or reuses it. `debugLabel` names the holder in the flight recorder.
   */
  acquire(model: ModelConfig, debugLabel: string): Lease {
    return this.leases.take(model, debugLabel);
  }

  /**
   * Starts a turn. Needs no lease: the generation has its own. If the engine refuses the turn, the generation fails.
   */
  generate(request: GenerateRequest): Generation {
    return this.toolRuns.generate(request);
  }

  /**
   * Starts a turn with tools: carries out the calls of its answer, starts a turn with their results, and so on until an
   * answer calls no tool. Returns the first answer; the scope's `generations` has the later ones.
   */
  generateWithTools(request: ToolRequest): Generation {
    return this.toolRuns.start(request);
  }

  /** The tool calls of a conversation that have no result yet. */
  pendingToolCalls(scope: string): ReadableStore<readonly PendingToolCall[]> {
    return this.toolRuns.pending(scope);
  }

  /** Carries out a call that waits for the user's approval. A call that does not wait is ignored. */
  approveToolCall(scope: string, callId: string): void {
    this.toolRuns.settleApproval(scope, callId, true);
  }

  /** Refuses a call that waits for the user's approval; the model is told. A call that does not wait is ignored. */
  denyToolCall(scope: string, callId: string): void {
    this.toolRuns.settleApproval(scope, callId, false);
  }

  /**
   * Stops waiting for the tools that a conversation has called, and starts no answer to their results. Returns the
   * results that no committed turn contains yet: put them in front of the next message. The engine adds a result for
   * each other call, and leaves out results that the transcript has by the time the next turn starts.
   */
  endCalls(scope: string): Message[] {
    return this.toolRuns.interrupt(scope);
  }

  override deleteScope(scope: string): Promise<void> {
    return this.toolRuns.cut(scope, super.deleteScope(scope));
  }

  override rewindTo(scope: string, messageIndex: number): Promise<void> {
    return this.toolRuns.cut(scope, super.rewindTo(scope, messageIndex));
  }

  override deleteAllScopes(): Promise<void> {
    return this.toolRuns.deleteAll(super.deleteAllScopes());
  }

  /** Resolves to the messages of a conversation, or to none if it does not exist. Reads them once for all callers. */
  transcript(scope: string): Promise<readonly Message[]> {
    return this.transcripts.get(scope);
  }

  /**
   * Reserves memory in the memory budget for a large component of the app. The reservation ends when it is removed or
   * evicted, or when this client closes.
   *
   * ```ts
   * const ears = client.reserveMemory({
   *   name: 'speech recogniser', sizeBytes: 150e6, inUse: false, evict: () => whisper.release(),
   * });
   * ears.update({ inUse: true }); // while it listens, the engine does not evict it
   * ```
   */
  reserveMemory(resident: ResidentOptions): ResidentHandle {
    return this.residentTable.reserve(resident);
  }

  /** Leaves the port. Every pending promise rejects with `closed`; models and conversations live on in the engine. */
  close(): void {
    this.unsubscribe();
    this.changes.run(() => {
      this.toolRuns.close();
      this.leases.close();
      this.requests.close();
      this.turns.failAll(CLOSED);
    });
  }

  /** Catches up, after a snapshot, on events that may have been missed. */
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
