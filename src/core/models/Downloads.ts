import type { Download } from '../../protocol/generated';
import { reuse } from '../port/parse';
import { put } from '../state/put';
import { type Changes, Store } from '../state/Store';

/** What comes to this device for later, whoever asked for it. */
export class Downloads {
  /** Those that run or have failed, sorted by name. */
  readonly list: Store<readonly Download[]>;

  constructor(changes: Changes) {
    this.list = new Store<readonly Download[]>(changes, Object.freeze([]));
  }

  /** The engine's word on one of them. */
  put(download: Download): void {
    this.replace(put(this.list.getSnapshot(), download, ({ name }) => name));
  }

  /** One is over. */
  remove(name: string): void {
    this.replace(this.list.getSnapshot().filter((download) => download.name !== name));
  }

  /** Takes over a snapshot's list. */
  replace(downloads: readonly Download[]): void {
    const sorted = [...downloads].sort((one, other) => (one.name < other.name ? -1 : 1));
    this.list.set(reuse(this.list.getSnapshot(), sorted));
  }
}
