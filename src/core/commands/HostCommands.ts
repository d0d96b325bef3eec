import type { Heat, LifecycleRecord, Mount, SuspendAfter, TrimLevel } from '../../protocol/generated';
import type { NewId } from '../port/idMaker';
import type { Requests } from '../port/Requests';

/** Budgets of the whole manager. A field that is left out stays as it was. */
export interface Budgets {
  /**
   * Bytes that models, parked scopes and residents may take together.
   * @default none: each load is checked against the memory that the system then has free
   */
  memoryBudgetBytes?: number;
  /**
   * Bytes of saved KV on disk. Beyond them the least recently used KV is removed.
   * @default 2 GiB
   */
  savedBudgetBytes?: number;
  /**
   * Bytes of downloaded models. The least recently used ones make room for a new one.
   * @default as much as fits
   */
  modelsBudgetBytes?: number;
}

/** Commands about the app and its device: background, heat, memory, and the flight recorder. */
export class HostCommands {
  /** @internal */
  protected constructor(
    /** @internal */
    protected readonly requests: Requests,
    /** @internal */
    protected readonly newId: NewId,
  ) {}

  /**
   * Suspends the engine for the background: generations stop at their next step, and conversations are saved until the
   * deadline, most recently used first. Resolves when the engine neither computes nor writes any more. Nothing is lost:
   * `resume` goes on. With `after`, the suspension first waits until no generation runs or is queued; another `suspend`
   * or `resume` ends that waiting, and resolves the promise.
   */
  suspend({ deadlineMs = 5000, after }: { deadlineMs?: number; after?: SuspendAfter } = {}): Promise<void> {
    return this.requests.ask({ type: 'suspend', deadlineMs, ...(after !== undefined && { after }) });
  }

  /** Goes on after `suspend`, with the same generations and with the loads that were refused meanwhile. */
  resume(): Promise<void> {
    return this.requests.ask({ type: 'resume' });
  }

  /** Sets how hot the device is. A hotter device computes with fewer threads. */
  setHeat(heat: Heat): Promise<void> {
    return this.requests.ask({ type: 'setHeat', heat });
  }

  /** Frees memory, least painful first. Each step is a `trimmed` record with its bytes. */
  trim(level: TrimLevel): Promise<void> {
    return this.requests.ask({ type: 'trim', level });
  }

  /** Sets budgets of the whole manager, for all its clients. */
  configure(budgets: Budgets): Promise<void> {
    return this.requests.ask({ type: 'configure', ...budgets });
  }

  /** Reads the flight recorder: the last lifecycle events of all models, oldest first, each with its reason. */
  readLog(): Promise<readonly LifecycleRecord[]> {
    return this.requests.ask({ type: 'readLog' });
  }

  /** Writes a component's mount or unmount into the flight recorder. */
  recordMount(debugLabel: string, path: string, mount: Mount): void {
    this.requests.tell({ type: 'recordMount', debugLabel, path, mount });
  }
}
