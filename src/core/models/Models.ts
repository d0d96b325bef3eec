import type { ModelState } from '../../protocol/generated';
import { put } from '../state/put';
import { reuse } from '../state/reuse';
import { type Changes, type ReadableStore, Store } from '../state/Store';

/** Holds one store per model, and one store of all models. */
export class Models {
  /** Every model that the manager knows. */
  readonly list: Store<readonly ModelState[]>;
  private readonly byPath = new Map<string, Store<ModelState | undefined>>();

  /** `onModel` is called with each new state of one model. */
  constructor(
    private readonly changes: Changes,
    private readonly onModel: (model: ModelState) => void,
  ) {
    this.list = new Store<readonly ModelState[]>(changes, Object.freeze([]));
  }

  /** Returns the same store for the same path, even before the manager knows the model. */
  store(path: string): ReadableStore<ModelState | undefined> {
    return this.entry(path);
  }

  /** Replaces the state of one model. */
  put(model: ModelState): void {
    this.onModel(model);
    this.replace(put(this.list.getSnapshot(), model, ({ path }) => path));
  }

  /** Replaces all models with a snapshot's list. */
  replace(models: readonly ModelState[]): void {
    const byPath = new Map(models.map((model) => [model.path, reuse(this.entry(model.path).getSnapshot(), model)]));
    for (const [path, store] of this.byPath) store.set(byPath.get(path));
    this.list.set(reuse(this.list.getSnapshot(), [...byPath.values()]));
  }

  private entry(path: string): Store<ModelState | undefined> {
    let store = this.byPath.get(path);
    if (store === undefined) {
      store = new Store<ModelState | undefined>(this.changes, undefined);
      this.byPath.set(path, store);
    }
    return store;
  }
}
