import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LlamaClient } from '../../src/core/LlamaClient';
import { openNodePort, stayAlive } from '../../src/testing';

/** A directory of saved scopes, and managers that use it one after another, as one process after another does. */
export interface Engines {
  /** Ends the previous manager, if there is one, and starts the next. */
  next(): LlamaClient;
  /** Returns every file in the directory, except the files that a manager always keeps there. */
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
      // A manager writes until its end, and the next manager of its directory waits for that.
      openNodePort({ directory }).close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
