import type { Download } from '../../protocol/generated';
import { put } from '../state/put';
import { reuse } from '../state/reuse';
import { type Changes, Store } from '../state/Store';

/** Downloads and imports of every client. */
export class Downloads {
  /** The running and the failed ones, sorted by name. */
  readonly list: Store<readonly Download[]>;

  constructor(changes: Changes) {
    this.list = new Store<readonly Download[]>(changes, Object.freeze([]));
  }

  /** Replaces the state of one download. */
  put(download: Download): void {
    this.replace(put(this.list.getSnapshot(), download, ({ name }) => name));
  }

  /** Removes a download that has ended. */
  remove(name: string): void {
    this.replace(this.list.getSnapshot().filter((download) => download.name !== name));
  }

  /** Replaces all downloads with a snapshot's list. */
  replace(downloads: readonly Download[]): void {
    const sorted = [...downloads].sort((one, other) => (one.name < other.name ? -1 : 1));
    this.list.set(reuse(this.list.getSnapshot(), sorted));
  }
}
