import type { ModelConfig, ModelState } from '../../protocol/generated';
import { LlamaError, type LlamaErrorCode } from '../LlamaError';
import { Deferred } from '../port/Deferred';
import type { NewId } from '../port/idMaker';
import type { Pending } from '../port/Pending';
import { CLOSED, type Requests } from '../port/Requests';
import type { Scheduler } from '../state/Scheduler';
import { modelKey } from './modelKey';

/** The right to keep a model loaded. */
export interface Lease {
  /** Resolves when the model is ready; rejects with a `LlamaError` when it cannot be loaded. */
  readonly ready: Promise<void>;
  /**
   * Gives the lease back, one macrotask later; taking it again before then cancels that. A second call has no effect.
   */
  release(): void;
}

const REFUSALS: ReadonlySet<LlamaErrorCode> = new Set([
  'busy',
  'closed',
  'invalidCommand',
  'invalidOptions',
  'optionsConflict',
]);

/**
 * Whether the engine refused the lease itself. A lease whose model only failed to load is not refused: it still says
 * that the model is wanted, it counts again when the model is loaded later, and the model's own status tells what
 * happened.
 */
export function isRefusal({ code }: { code: LlamaErrorCode }): boolean {
  return REFUSALS.has(code);
}

const GIVEN_BACK = new LlamaError('loadCancelled', 'the lease was given back before the model was ready');

/** One lease of the engine. All holders with the same options and debug label share it. */
interface SharedLease {
  id: string;
  key: string;
  debugLabel: string;
  model: ModelConfig;
  holders: number;
  ready: Deferred<void>;
  settled: boolean;
  /** Cancels a deferred release. */
  cancelRelease: (() => void) | undefined;
}

/**
 * Leases by canonical options and debug label. A release is deferred by one macrotask: StrictMode, `<Activity>` and
 * Fast Refresh, which give a lease back and take it again at once, then cost nothing.
 */
export class Leases {
  /** Leases that a new holder can join. */
  private readonly joinable = new Map<string, SharedLease>();
  /** Leases that have holders, or whose release is deferred. */
  private readonly held = new Set<SharedLease>();
  private closed = false;

  constructor(
    private readonly requests: Requests,
    private readonly newId: NewId,
    private readonly scheduler: Scheduler,
    private readonly pending: Pending,
  ) {}

  /** Takes a lease. Never throws: wrong options reject `ready`. */
  take(model: ModelConfig, debugLabel: string): Lease {
    const key = JSON.stringify([debugLabel, modelKey(model)]);
    const shared = this.joinable.get(key) ?? this.acquire(key, model, debugLabel);
    shared.cancelRelease?.();
    shared.cancelRelease = undefined;
    shared.holders += 1;
    let given = false;
    return {
      ready: shared.ready.promise,
      release: () => {
        if (given) return;
        given = true;
        this.give(shared);
      },
    };
  }

  /**
   * Takes note of a model that was unloaded, or failed. Its leases cannot be joined: a new holder loads the model
   * again.
   */
  noteModel({ path, status }: ModelState): void {
    if (status.type !== 'unloaded' && status.type !== 'failed') return;
    for (const shared of [...this.joinable.values()]) {
      if (shared.model.path === path && shared.settled) this.stopJoining(shared);
    }
  }

  /** Settles leases whose answer may have been lost, by the models of a snapshot. */
  reconcile(models: readonly ModelState[]): void {
    for (const shared of this.held) {
      const status = models.find((model) => model.path === shared.model.path)?.status;
      if (status?.type === 'ready' || status?.type === 'idle') shared.ready.resolve();
      if (status?.type === 'failed') shared.ready.reject(LlamaError.from(status.error));
    }
    for (const model of models) this.noteModel(model);
  }

  /** Takes every held lease again: the engine is another one, and knows none of them. */
  renew(): void {
    for (const shared of this.held) this.send(shared);
  }

  /**
   * Rejects every pending `ready` with `closed`. The engine ends the leases itself, 10 s after their port has ended.
   */
  close(): void {
    this.closed = true;
    this.joinable.clear();
    for (const shared of this.held) {
      shared.cancelRelease?.();
      shared.ready.reject(LlamaError.from(CLOSED));
    }
    this.held.clear();
  }

  private acquire(key: string, model: ModelConfig, debugLabel: string): SharedLease {
    const end = this.pending.begin();
    const shared: SharedLease = {
      id: this.newId('lease'),
      key,
      debugLabel,
      model,
      holders: 0,
      ready: new Deferred(() => {
        shared.settled = true;
        end();
      }),
      settled: false,
      cancelRelease: undefined,
    };
    if (this.closed) {
      shared.ready.reject(LlamaError.from(CLOSED));
    } else {
      this.joinable.set(key, shared);
      this.held.add(shared);
      this.send(shared);
    }
    return shared;
  }

  private send(shared: SharedLease): void {
    const { id: leaseId, debugLabel, model } = shared;
    this.requests.send(
      { type: 'acquire', leaseId, debugLabel, model },
      {
        unheard: 'leave',
        resolve: () => shared.ready.resolve(),
        reject: (error) => {
          this.stopJoining(shared);
          shared.ready.reject(LlamaError.from(error));
        },
      },
    );
  }

  private give(shared: SharedLease): void {
    shared.holders -= 1;
    if (shared.holders > 0 || this.closed) return;
    shared.cancelRelease = this.scheduler.defer(() => {
      this.held.delete(shared);
      this.stopJoining(shared);
      this.requests.tell({ type: 'release', leaseId: shared.id });
      shared.ready.reject(GIVEN_BACK);
    });
  }

  private stopJoining(shared: SharedLease): void {
    if (this.joinable.get(shared.key) === shared) this.joinable.delete(shared.key);
  }
}
