import { LlamaClient, type ModelConfig } from 'react-native-llama-rs';
import { openNodePort, stayAlive } from 'react-native-llama-rs/testing';

import type { Page } from './Page';

/** A client of the real engine, with a manager of its own. */
export interface Engine {
  readonly client: LlamaClient;
  readonly close: () => void;
}

/** Opens the engine. `directory` keeps the conversations. Throws `storageUnavailable` if another process uses it. */
export function openEngine(directory?: string): Engine {
  const port = openNodePort({ manager: 'own', ...(directory !== undefined && { directory }) });
  const client = new LlamaClient(port, { onBusy: stayAlive() });
  return {
    client,
    close() {
      client.close();
      port.close();
    },
  };
}

/** Loads a model, keeps it while the client is open, and shows its progress. Throws `LlamaError`. */
export async function load(client: LlamaClient, model: ModelConfig, page: Page): Promise<void> {
  const lease = client.acquire(model, 'demo');
  const store = client.model(model.path);
  const unsubscribe = store.subscribe(() => {
    const status = store.getSnapshot()?.status;
    if (page.live && status?.type === 'downloading')
      page.write(`\rdownloaded ${Math.round(status.progress.bytes / 1e6)} MB `);
    if (page.live && status?.type === 'loading') page.write(`\rloading ${Math.round(100 * status.progress)} % `);
  });
  try {
    await lease.ready;
  } finally {
    unsubscribe();
    // The cursor returns to the start of the line and clears it.
    if (page.live) page.write('\r\u001b[K');
  }
}
