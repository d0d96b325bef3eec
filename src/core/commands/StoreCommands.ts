import type { HubRepository, StoredModels } from '../../protocol/generated';
import { HostCommands } from './HostCommands';

/** Commands about model files: the hub, downloads, imports, and the models on this device. */
export class StoreCommands extends HostCommands {
  /**
   * Sets the hub, which models with hub names (`hf:org/repo:Q4_K_M`) come from. The `token` is sent to the hub alone;
   * without it no token is sent. Without an `endpoint` the hub stays as it was, `https://huggingface.co` at first.
   */
  setHub(hub: { endpoint?: string; token?: string }): Promise<void> {
    return this.requests.ask({ type: 'setHub', ...hub });
  }

  /**
   * Lists the models of a hub repository, smallest first: which of them fit now, and which fits `best`.
   *
   * ```ts
   * const { best } = await client.browseHub('hf:org/repo');
   * if (best !== undefined) client.acquire({ path: best }, 'Chat');
   * ```
   */
  browseHub(repository: string): Promise<HubRepository> {
    return this.requests.ask({ type: 'browseHub', repository });
  }

  /**
   * Downloads a model without loading it; resolves when it is on the device. `downloads` shows its progress, and the
   * download goes on when this client closes. A second call joins a running download and resumes a paused one. `sha256`
   * is the checksum of a file named by URL; the hub knows its own. Rejects with `cancelled` after `cancelDownload`.
   *
   * ```ts
   * await client.download('hf:org/repo:Q4_K_M');
   * ```
   */
  download(name: string, { sha256 }: { sha256?: string } = {}): Promise<void> {
    return this.requests.askOnce({ type: 'download', name, ...(sha256 !== undefined && { sha256 }) });
  }

  /** Pauses a download until `download` resumes it. Leases that need its model wait too. */
  pauseDownload(name: string): Promise<void> {
    return this.requests.askOnce({ type: 'pauseDownload', name });
  }

  /** Cancels a download, or forgets that it failed. The part that has arrived is kept until `removeStoredModel`. */
  cancelDownload(name: string): Promise<void> {
    return this.requests.askOnce({ type: 'cancelDownload', name });
  }

  /**
   * Takes a file of this device, such as a picked one, into the store as the model `name`: clones or links it where the
   * file system can, else copies it. Resolves when that is done. `downloads` shows the import meanwhile, and
   * `cancelDownload` cancels it. Afterwards the name can be acquired even if the file is gone.
   *
   * ```ts
   * await client.importModel(picked.uri, picked.uri);
   * client.acquire({ path: picked.uri }, 'Chat');
   * ```
   */
  importModel(path: string, name: string): Promise<void> {
    return this.requests.askOnce({ type: 'importModel', path, name });
  }

  /**
   * Reads every file of a stored model again. Rejects with `digestMismatch` if one was damaged, and removes it; rejects
   * with `modelNotCached` if one was deleted.
   */
  verifyStoredModel(name: string): Promise<void> {
    return this.requests.ask({ type: 'verifyStoredModel', name });
  }

  /** Lists the downloaded models, least recently used first, and the disk space that they take. */
  storedModels(): Promise<StoredModels> {
    return this.requests.ask({ type: 'listStoredModels' });
  }

  /** Removes a downloaded model, complete or not, from this device. Rejects with `modelInUse` while it is used. */
  removeStoredModel(name: string): Promise<void> {
    return this.requests.ask({ type: 'removeStoredModel', name });
  }
}
