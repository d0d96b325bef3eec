import type { Resident } from '../../protocol/generated';
import { LlamaError } from '../LlamaError';
import type { NewId } from '../port/idMaker';
import type { Requests } from '../port/Requests';
import { put } from '../state/put';
import { reuse } from '../state/reuse';
import { type Changes, Store } from '../state/Store';

/** A large component that the app keeps in memory beside the models, such as a speech recogniser. */
export interface ResidentOptions {
  /**
   * Names the resident for the engine.
   * @default an id that is made
   */
  id?: string;
  /** Names the resident for people. */
  name: string;
  /** Memory that the resident takes, in bytes. */
  sizeBytes: number;
  /** Whether the resident is at work now. The engine does not evict one that is. */
  inUse: boolean;
  /**
   * Frees the memory, because something needs it more; `reason` says what, for a person. The reservation ends when this
   * has returned, or its promise has resolved. If it throws, the reservation stays, and `onProblem` is called.
   */
  evict(reason: string): void | Promise<void>;
}

/** A reservation of memory. After `remove`, or an eviction, its functions do nothing: reserve the memory again. */
export interface ResidentHandle {
  /** The id that `reserveMemory` was given, or made. */
  readonly id: string;
  /** Changes the size, or whether the resident is at work. A field that is left out stays as it was. */
  update(change: { sizeBytes?: number; inUse?: boolean }): void;
  /** Ends the reservation: the memory is free. */
  remove(): void;
}

interface OwnResident {
  resident: Resident;
  options: ResidentOptions;
  evicting: boolean;
}

/** Memory that is reserved beside the models: the residents of every client, and this client's own, which it evicts. */
export class Residents {
  /** The residents of every client. */
  readonly list: Store<readonly Resident[]>;
  private readonly own = new Map<string, OwnResident>();

  constructor(
    changes: Changes,
    private readonly requests: Requests,
    private readonly newId: NewId,
    private readonly onProblem: (error: LlamaError) => void,
  ) {
    this.list = new Store<readonly Resident[]>(changes, Object.freeze([]));
  }

  /** Reserves memory. A resident with the same id is replaced. The engine's refusal goes to `onProblem`. */
  reserve(options: ResidentOptions): ResidentHandle {
    const { id = this.newId('resident'), name, sizeBytes, inUse } = options;
    const own: OwnResident = { resident: { id, name, sizeBytes, inUse }, options, evicting: false };
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

  /** Replaces the state of one resident. */
  put(resident: Resident): void {
    this.replace(put(this.list.getSnapshot(), resident, ({ id }) => id));
  }

  /** Removes a resident whose reservation has ended. */
  remove(id: string): void {
    this.replace(this.list.getSnapshot().filter((resident) => resident.id !== id));
  }

  /** Replaces all residents with a snapshot's list. */
  replace(residents: readonly Resident[]): void {
    this.list.set(reuse(this.list.getSnapshot(), [...residents]));
  }

  /** Evicts a resident of this client because the engine needs the memory, unless it has been put to work since. */
  evict(id: string, reason: string): void {
    const own = this.own.get(id);
    if (own === undefined || own.resident.inUse || own.evicting) return;
    own.evicting = true;
    void this.carryOut(own, reason);
  }

  /** Reserves the memory of this client's residents again: the engine is another one, and knows none of them. */
  renew(): void {
    for (const own of this.own.values()) this.tell(own);
  }

  private async carryOut(own: OwnResident, reason: string): Promise<void> {
    try {
      await own.options.evict(reason);
      this.drop(own);
    } catch (error) {
      own.evicting = false;
      const detail = `${own.resident.name} could not be evicted, so its memory still counts - see the cause`;
      this.onProblem(new LlamaError('evictFailed', detail, error));
    }
  }

  private drop(own: OwnResident): void {
    const { id } = own.resident;
    if (this.own.get(id) !== own) return;
    this.own.delete(id);
    this.requests.tell({ type: 'removeResident', id });
  }

  private tell({ resident }: OwnResident): void {
    this.requests.tell({ type: 'setResident', resident }, (error) => {
      if (error.code !== 'closed') this.onProblem(LlamaError.from(error));
    });
  }
}
