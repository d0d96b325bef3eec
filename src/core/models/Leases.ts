import type { ModelConfig, ModelState } from '../../protocol/generated';
import { Deferred } from '../port/Deferred';
import { LlamaError, type LlamaErrorCode } from '../LlamaError';
import { modelKey } from './modelKey';
import type { Pending } from '../port/Pending';
import { CLOSED, type Requests } from '../port/Requests';
import type { Scheduler } from '../state/Scheduler';

/** The right to keep a model loaded. */
export interface Lease {
  /** Resolves when the model is ready; rejects with a `LlamaError` when it cannot be loaded. */
  readonly ready: Promise<void>;
  /** Gives the lease back, one macrotask later; forgotten when it is taken again before. Calling it twice is once. */
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
 * Whether a lease was refused, as against one whose model could not be loaded: that one says that the model is wanted,
 * counts again when somebody loads it, and the model's own status tells what happened.
 */
export function isRefusal({ code }: { code: LlamaErrorCode }): boolean {
  return REFUSALS.has(code);
}

const GIVEN_BACK = new LlamaError('loadCancelled', 'the lease was given back before the model was ready');

/** What the engine knows as one lease: all holders with the same options and owner share it. */
interface Shared {
  id: string;
  key: string;
  owner: string;
  model: ModelConfig;
  holders: number;
  ready: Deferred<void>;
  settled: boolean;
  /** Takes a deferred release back. */
  keep: (() => void) | undefined;
}

/**
 * Leases by canonical options and owner. A release is deferred by one macrotask: StrictMode, `<Activity>` and Fast
 * Refresh, which give and take again at once, then cost nothing.
 */
export class Leases {
  /** Those that a new holder can join. */
  private readonly joinable = new Map<string, Shared>();
  /** Every one that has holders, or whose release is deferred. */
  private readonly held = new Set<Shared>();
  private closed = false;

  constructor(
    private readonly requests: Requests,
    private readonly newId: (kind: string) => string,
    private readonly scheduler: Scheduler,
    private readonly pending: Pending,
  ) {}

  /** Never throws: what is wrong with the options rejects `ready`. */
  take(model: ModelConfig, owner: string): Lease {
    const key = JSON.stringify([owner, modelKey(model)]);
    const shared = this.joinable.get(key) ?? this.acquire(key, model, owner);
    shared.keep?.();
    shared.keep = undefined;
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

  /** A model that was unloaded, or failed, keeps no lease that a new holder could join: the next one loads it again. */
  noteModel({ path, status }: ModelState): void {
    if (status.type !== 'unloaded' && status.type !== 'failed') return;
    for (const shared of [...this.joinable.values()]) {
      if (shared.model.path === path && shared.settled) this.part(shared);
    }
  }

  /** Settles what may have been answered unheard. */
  reconcile(models: readonly ModelState[]): void {
    for (const shared of this.held) {
      const status = models.find((model) => model.path === shared.model.path)?.status;
      if (status?.type === 'ready' || status?.type === 'idle') shared.ready.resolve();
      if (status?.type === 'failed') shared.ready.reject(LlamaError.from(status.error));
    }
    for (const model of models) this.noteModel(model);
  }

  /** The engine's side of the port is another one: it knows none of our leases. */
  renew(): void {
    for (const shared of this.held) this.send(shared);
  }

  /** Rejects every `ready` that is pending with `closed`. The engine gives the leases back itself, 10 s after its port ended. */
  close(): void {
    this.closed = true;
    this.joinable.clear();
    for (const shared of this.held) {
      shared.keep?.();
      shared.ready.reject(LlamaError.from(CLOSED));
    }
    this.held.clear();
  }

  private acquire(key: string, model: ModelConfig, owner: string): Shared {
    const end = this.pending.begin();
    const shared: Shared = {
      id: this.newId('lease'),
      key,
      owner,
      model,
      holders: 0,
      ready: new Deferred(() => {
        shared.settled = true;
        end();
      }),
      settled: false,
      keep: undefined,
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

  private send(shared: Shared): void {
    const { id: leaseId, owner, model } = shared;
    this.requests.send(
      { type: 'acquire', leaseId, owner, model },
      {
        unheard: 'leave',
        resolve: () => shared.ready.resolve(),
        reject: (error) => {
          this.part(shared);
          shared.ready.reject(LlamaError.from(error));
        },
      },
    );
  }

  private give(shared: Shared): void {
    shared.holders -= 1;
    if (shared.holders > 0 || this.closed) return;
    shared.keep = this.scheduler.defer(() => {
      this.held.delete(shared);
      this.part(shared);
      this.requests.tell({ type: 'release', leaseId: shared.id });
      shared.ready.reject(GIVEN_BACK);
    });
  }

  /** From here on nobody joins it. */
  private part(shared: Shared): void {
    if (this.joinable.get(shared.key) === shared) this.joinable.delete(shared.key);
  }
}
