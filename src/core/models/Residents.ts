import type { Resident } from '../../protocol/generated';
import { reuse } from '../port/parse';
import { put } from '../state/put';
import { LlamaError } from '../LlamaError';
import type { Requests } from '../port/Requests';
import { type Changes, Store } from '../state/Store';

/** Something big that the app has beside the models, such as a speech recogniser, and the way to get rid of it. */
export interface ResidentOptions {
  /** Left out: one is made. */
  id?: string;
  /** What it is, for people. */
  name: string;
  /** Memory that it takes, in bytes. */
  sizeBytes: number;
  /** Whether it is at work now; then it is not asked to go. */
  inUse: boolean;
  /**
   * Frees the memory, because something needs it more; `reason` says what, for a person. When it has returned, or its
   * promise has resolved, the resident is no longer registered. One that throws stays registered, and `onProblem` is told.
   */
  evict(reason: string): void | Promise<void>;
}

/** A resident that was registered. Once it was removed or evicted its functions do nothing: register it again. */
export interface ResidentHandle {
  /** As given to `registerResident`, or as made there. */
  readonly id: string;
  /** Says what it is now. What is left out stays what it was. */
  update(change: { sizeBytes?: number; inUse?: boolean }): void;
  /** It is gone, and its memory free. */
  remove(): void;
}

interface Own {
  resident: Resident;
  options: ResidentOptions;
  evicting: boolean;
}

/** What is in memory beside the models: everybody's as a list, and this client's own, which it can evict. */
export class Residents {
  /** Those of every client. */
  readonly list: Store<readonly Resident[]>;
  private readonly own = new Map<string, Own>();

  constructor(
    changes: Changes,
    private readonly requests: Requests,
    private readonly newId: (kind: string) => string,
    private readonly onProblem: (error: LlamaError) => void,
  ) {
    this.list = new Store<readonly Resident[]>(changes, Object.freeze([]));
  }

  /** Tells the engine of one; an id that is registered already becomes this one. What it refuses goes to `onProblem`. */
  register(options: ResidentOptions): ResidentHandle {
    const { id = this.newId('resident'), name, sizeBytes, inUse } = options;
    const own: Own = { resident: { id, name, sizeBytes, inUse }, options, evicting: false };
    this.own.set(id, own);
    this.tell(own);
    return {
      id,
      update: (change) => {
        if (this.own.get(id) !== own) return;
        own.resident = { ...own.resident, ...change };
        this.tell(own);
      },
      remove: () => this.drop(own),
    };
  }

  /** The engine's word on one of them. */
  put(resident: Resident): void {
    this.replace(put(this.list.getSnapshot(), resident, ({ id }) => id));
  }

  /** One is gone. */
  remove(id: string): void {
    this.replace(this.list.getSnapshot().filter((resident) => resident.id !== id));
  }

  /** Takes over a snapshot's list. */
  replace(residents: readonly Resident[]): void {
    this.list.set(reuse(this.list.getSnapshot(), [...residents]));
  }

  /** The engine needs the memory of one of ours. One that has been put to work since is left alone. */
  evict(id: string, reason: string): void {
    const own = this.own.get(id);
    if (own === undefined || own.resident.inUse || own.evicting) return;
    own.evicting = true;
    void this.carryOut(own, reason);
  }

  /** The engine's side of the port is another one: it knows none of our residents. */
  renew(): void {
    for (const own of this.own.values()) this.tell(own);
  }

  private async carryOut(own: Own, reason: string): Promise<void> {
    try {
      await own.options.evict(reason);
      this.drop(own);
    } catch (error) {
      own.evicting = false;
      const detail = `${own.resident.name} could not be evicted, so its memory still counts - see the cause`;
      this.onProblem(new LlamaError('evictFailed', detail, error));
    }
  }

  private drop(own: Own): void {
    const { id } = own.resident;
    if (this.own.get(id) !== own) return;
    this.own.delete(id);
    this.requests.tell({ type: 'removeResident', id });
  }

  private tell({ resident }: Own): void {
    this.requests.tell({ type: 'setResident', resident }, (error) => {
      if (error.code !== 'closed') this.onProblem(LlamaError.from(error));
    });
  }
}
