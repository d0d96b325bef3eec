import type { Device, LifecycleRecord, NoGpu, NumberedEvent, Snapshot } from '../protocol/generated';
import type { Benches } from './tasks/Tasks';
import type { Downloads } from './models/Downloads';
import type { Generations } from './generations/Generations';
import { reuse } from './port/parse';
import type { Models } from './models/Models';
import type { Requests } from './port/Requests';
import type { Residents } from './models/Residents';
import type { Scopes } from './scopes/Scopes';
import { type Changes, Store } from './state/Store';

/** The last entries of the flight recorder that are kept here. */
const RECORDS = 256;

/** Folds snapshots and events into the stores. Sends nothing. */
export class State {
  /** What computes in the engine. */
  readonly devices: Store<readonly Device[]>;
  /** Why there is no GPU among them, where there is none. */
  readonly noGpu: Store<NoGpu | undefined>;
  /** The last 256 entries of the flight recorder that came as events. */
  readonly records: Store<readonly LifecycleRecord[]>;
  /** Whether the manager computes nothing, until it is told to go on. */
  readonly suspended: Store<boolean>;

  constructor(
    changes: Changes,
    private readonly models: Models,
    private readonly scopes: Scopes,
    private readonly generations: Generations,
    private readonly residents: Residents,
    private readonly downloads: Downloads,
    private readonly benches: Benches,
    private readonly requests: Requests,
  ) {
    this.devices = new Store<readonly Device[]>(changes, Object.freeze([]));
    this.noGpu = new Store<NoGpu | undefined>(changes, undefined);
    this.records = new Store<readonly LifecycleRecord[]>(changes, Object.freeze([]));
    this.suspended = new Store<boolean>(changes, false);
  }

  /** Returns the scopes whose transcript is out of date. */
  replace(snapshot: Snapshot, renewed: boolean): string[] {
    this.devices.set(reuse(this.devices.getSnapshot(), snapshot.devices));
    this.noGpu.set(reuse(this.noGpu.getSnapshot(), snapshot.noGpu));
    this.suspended.set(snapshot.suspended);
    this.models.replace(snapshot.models);
    this.residents.replace(snapshot.residents);
    this.downloads.replace(snapshot.downloads);
    const outdated = this.scopes.replace(snapshot.scopes);
    this.generations.replace(snapshot.generations, renewed);
    return outdated;
  }

  /** Returns whether the event fits what is known. An event of a newer version, unknown here, fits. */
  fold(event: NumberedEvent): boolean {
    switch (event.type) {
      case 'done':
        this.requests.resolve(event.requestId);
        return true;
      case 'failed':
        this.requests.reject(event.requestId, event.error);
        return true;
      case 'transcript':
        this.scopes.setMessages(event.scope, event.revision, event.messages);
        this.requests.resolve(event.requestId);
        return true;
      case 'replay':
        this.requests.resolve(event.requestId, event.text);
        return true;
      case 'lifecycle':
        this.requests.resolve(event.requestId, reuse(undefined, event.records));
        return true;
      case 'memoryFit':
        this.requests.resolve(event.requestId, reuse(undefined, event.fit));
        return true;
      case 'hubRepository':
        this.requests.resolve(event.requestId, reuse(undefined, event.repository));
        return true;
      case 'storedModels':
        this.requests.resolve(event.requestId, reuse(undefined, event.stored));
        return true;
      case 'prefilled': {
        const { cachedTokens, prefilledTokens } = event;
        this.requests.resolve(event.requestId, reuse(undefined, { cachedTokens, prefilledTokens }));
        return true;
      }
      case 'tokens':
        this.requests.resolve(event.requestId, reuse(undefined, event.tokens));
        return true;
      case 'text':
        this.requests.resolve(event.requestId, event.text);
        return true;
      case 'embeddings': {
        const { embeddings, usage } = event;
        this.requests.resolve(event.requestId, { embeddings, usage });
        return true;
      }
      case 'benched':
        this.requests.resolve(event.requestId, reuse(undefined, event.report));
        return true;
      case 'benchProgress':
        this.benches.progressed(event.benchId, { done: event.done, total: event.total });
        return true;
      case 'renderedPrompt':
        this.requests.resolve(event.requestId, reuse(undefined, event.prompt));
        return true;
      case 'modelChanged':
        this.models.put(event.model);
        return true;
      case 'scopeChanged':
        return this.scopes.put(event.scope);
      case 'scopeDisposed':
        this.scopes.dispose(event.scope);
        return true;
      case 'transcriptChanged':
        return this.scopes.splice(event.scope, event.revision, event.from, event.messages);
      case 'generationQueued':
        this.generations.put(event.generation);
        return true;
      case 'phaseChanged':
        this.generations.setPhase(event.generationId, event.phase);
        return true;
      case 'textDelta':
        return this.generations.addText(event.generationId, event.offset, event.text);
      case 'reasoningDelta':
        return this.generations.addReasoning(event.generationId, event.offset, event.text);
      case 'toolCallDelta': {
        const { generationId, index, offset, id, name, arguments: piece } = event;
        return this.generations.addToCall(generationId, index, offset, { id, name, arguments: piece });
      }
      case 'logprobsDelta':
        return this.generations.addLogprobs(event.generationId, event.offset, event.logprobs);
      case 'toolCallDropped':
        return this.generations.dropCall(event.generationId, event.index);
      case 'suspensionChanged':
        this.suspended.set(event.suspended);
        return true;
      case 'downloadChanged':
        this.downloads.put(event.download);
        return true;
      case 'downloadRemoved':
        this.downloads.remove(event.name);
        return true;
      case 'residentChanged':
        this.residents.put(event.resident);
        return true;
      case 'residentRemoved':
        this.residents.remove(event.id);
        return true;
      case 'evictResident':
        this.residents.evict(event.id, event.reason);
        return true;
      case 'recorded':
        this.records.set(reuse(undefined, [...this.records.getSnapshot(), event.record].slice(-RECORDS)));
        return true;
    }
    return true;
  }
}
