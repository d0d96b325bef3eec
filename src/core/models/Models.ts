import type { ModelState } from '../../protocol/generated';
import { reuse } from '../port/parse';
import { put } from '../state/put';
import { type Changes, type ReadableStore, Store } from '../state/Store';

/** One store per model, and one of them all. */
export class Models {
  /** Every model that the manager knows. */
  readonly list: Store<readonly ModelState[]>;
  private readonly byPath = new Map<string, Store<ModelState | undefined>>();

  /** `onModel` is told each change of one model. */
  constructor(
    private readonly changes: Changes,
    private readonly onModel: (model: ModelState) => void,
  ) {
    this.list = new Store<readonly ModelState[]>(changes, Object.freeze([]));
  }

  /** Always the same store for one path, also before the manager knows the model. */
  store(path: string): ReadableStore<ModelState | undefined> {
    return this.entry(path);
  }

  /** Takes over the whole new state of one model. */
  put(model: ModelState): void {
    this.onModel(model);
    this.replace(put(this.list.getSnapshot(), model, ({ path }) => path));
  }

  /** Takes over a snapshot's list. */
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
