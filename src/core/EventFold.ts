import type { Device, GpuUnavailable, LifecycleRecord, NumberedEvent, Snapshot } from '../protocol/generated';
import type { Generations } from './generations/Generations';
import type { Downloads } from './models/Downloads';
import type { Models } from './models/Models';
import type { Residents } from './models/Residents';
import type { Requests } from './port/Requests';
import type { Scopes } from './scopes/Scopes';
import { reuse } from './state/reuse';
import { type Changes, Store } from './state/Store';
import type { Tasks } from './tasks/Tasks';

/** How many entries of the flight recorder are kept here. */
const LOG_LENGTH = 256;

/** The parts of the client that events change. */
export interface FoldTargets {
  readonly models: Models;
  readonly scopes: Scopes;
  readonly generations: Generations;
  readonly residents: Residents;
  readonly downloads: Downloads;
  readonly tasks: Tasks;
  readonly requests: Requests;
}

/** Folds snapshots and events into the stores. Sends nothing. */
export class EventFold {
  /** The devices that the engine can compute on. */
  readonly devices: Store<readonly Device[]>;
  /** Why there is no GPU among the devices; `undefined` if there is one. */
  readonly gpuUnavailable: Store<GpuUnavailable | undefined>;
  /** The last 256 entries of the flight recorder that came as events. */
  readonly log: Store<readonly LifecycleRecord[]>;
  /** Whether the manager is suspended. */
  readonly suspended: Store<boolean>;

  constructor(
    changes: Changes,
    private readonly targets: FoldTargets,
  ) {
    this.devices = new Store<readonly Device[]>(changes, Object.freeze([]));
    this.gpuUnavailable = new Store<GpuUnavailable | undefined>(changes, undefined);
    this.log = new Store<readonly LifecycleRecord[]>(changes, Object.freeze([]));
    this.suspended = new Store<boolean>(changes, false);
  }

  /** Replaces the whole state. Returns the scopes whose transcript is out of date. */
  replace(snapshot: Snapshot, renewed: boolean): string[] {
    const { models, scopes, generations, residents, downloads } = this.targets;
    this.devices.set(reuse(this.devices.getSnapshot(), snapshot.devices));
    this.gpuUnavailable.set(reuse(this.gpuUnavailable.getSnapshot(), snapshot.gpuUnavailable));
    this.suspended.set(snapshot.suspended);
    models.replace(snapshot.models);
    residents.replace(snapshot.residents);
    downloads.replace(snapshot.downloads);
    const outdated = scopes.replace(snapshot.scopes);
    generations.replace(snapshot.generations, renewed);
    return outdated;
  }

  /** Returns whether the event fits the known state. An unknown event, of a newer engine, fits. */
  fold(event: NumberedEvent): boolean {
    const { models, scopes, generations, residents, downloads, tasks, requests } = this.targets;
    switch (event.type) {
      case 'done':
        requests.resolve(event.requestId);
        return true;
      case 'failed':
        requests.reject(event.requestId, event.error);
        return true;
      case 'transcript':
        scopes.setMessages(event.scope, event.revision, event.messages);
        requests.resolve(event.requestId);
        return true;
      case 'replay':
        requests.resolve(event.requestId, event.text);
        return true;
      case 'log':
        requests.resolve(event.requestId, reuse(undefined, event.records));
        return true;
      case 'memoryFit':
        requests.resolve(event.requestId, reuse(undefined, event.fit));
        return true;
      case 'hubRepository':
        requests.resolve(event.requestId, reuse(undefined, event.repository));
        return true;
      case 'storedModels':
        requests.resolve(event.requestId, reuse(undefined, event.stored));
        return true;
      case 'prefilled': {
        const { cachedTokens, prefilledTokens } = event;
        requests.resolve(event.requestId, reuse(undefined, { cachedTokens, prefilledTokens }));
        return true;
      }
      case 'tokens':
        requests.resolve(event.requestId, reuse(undefined, event.tokens));
        return true;
      case 'text':
        requests.resolve(event.requestId, event.text);
        return true;
      case 'embeddings': {
        const { embeddings, usage } = event;
        requests.resolve(event.requestId, { embeddings, usage });
        return true;
      }
      case 'benched':
        requests.resolve(event.requestId, reuse(undefined, event.report));
        return true;
      case 'benchProgress':
        tasks.progressed(event.benchId, { done: event.done, total: event.total });
        return true;
      case 'renderedPrompt':
        requests.resolve(event.requestId, reuse(undefined, event.prompt));
        return true;
      case 'modelChanged':
        models.put(event.model);
        return true;
      case 'scopeChanged':
        return scopes.put(event.scope);
      case 'scopeDeleted':
        scopes.delete(event.scope);
        return true;
      case 'transcriptChanged':
        return scopes.splice(event.scope, event.revision, event.from, event.messages);
      case 'generationQueued':
        generations.put(event.generation);
        return true;
      case 'phaseChanged':
        generations.setPhase(event.generationId, event.phase);
        return true;
      case 'textDelta':
        return generations.addText(event.generationId, event.offset, event.text);
      case 'reasoningDelta':
        return generations.addReasoning(event.generationId, event.offset, event.text);
      case 'toolCallDelta': {
        const { generationId, index, offset, id, name, arguments: piece } = event;
        return generations.addToCall(generationId, index, offset, { id, name, arguments: piece });
      }
      case 'logprobsDelta':
        return generations.addLogprobs(event.generationId, event.offset, event.logprobs);
      case 'toolCallDropped':
        return generations.dropCall(event.generationId, event.index);
      case 'suspensionChanged':
        this.suspended.set(event.suspended);
        return true;
      case 'downloadChanged':
        downloads.put(event.download);
        return true;
      case 'downloadRemoved':
        downloads.remove(event.name);
        return true;
      case 'residentChanged':
        residents.put(event.resident);
        return true;
      case 'residentRemoved':
        residents.remove(event.id);
        return true;
      case 'evictResident':
        residents.evict(event.id, event.reason);
        return true;
      case 'recorded':
        this.log.set(reuse(undefined, [...this.log.getSnapshot(), event.record].slice(-LOG_LENGTH)));
        return true;
    }
    return true;
  }
}
