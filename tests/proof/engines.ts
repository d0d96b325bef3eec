import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LlamaClient } from '../../src/core/LlamaClient';
import { openNodePort, stayAlive } from '../../src/testing';

/** A directory for saved scopes, and managers that keep theirs in it, one after another, as one process after another does. */
export interface Engines {
  /** Ends the manager before, if there is one, and begins the next. */
  next(): LlamaClient;
  /** Every file in the directory, but for what its owner always keeps there. */
  files(): string[];
  /** Ends the last manager and removes the directory. */
  end(): void;
}

export function enginesInOneDirectory(): Engines {
  const directory = mkdtempSync(join(tmpdir(), 'llama-scopes-'));
  let close = () => {};
  return {
    next() {
      close();
      const port = openNodePort({ directory });
      const client = new LlamaClient(port, { onBusy: stayAlive() });
      close = () => {
        client.close();
        port.close();
      };
      return client;
    },
    files() {
      return readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== 'lock')
        .map(({ name }) => name);
    },
    end() {
      close();
      // A manager writes until its end, which the next one in its directory waits for.
      openNodePort({ directory }).close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
