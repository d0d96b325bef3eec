import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { LlamaError, type LlamaErrorCode } from '../core/LlamaError';
import type { Port } from '../core/port/Port';

/** A port whose host, here a test or a script, says when it ends. */
export interface NodePort extends Port {
  /** Ends the port: no batch comes any more. An own manager ends with it. Calling it twice is once. */
  close(): void;
}

/** Which manager, and which build of the addon. */
export interface NodePortOptions {
  /**
   * `own`: a manager that ends with the port, so that tests do not meet. `global`: the process's one, which outlives its
   * ports, as in an app.
   */
  manager?: 'own' | 'global';
  /** Where an `own` manager keeps saved scopes. Left out: nowhere, it has none. */
  directory?: string;
  /** Path of the addon. Left out: `LLAMA_RS_ADDON`, then the package's own. */
  addon?: string;
}

type AddonOptions = Pick<NodePortOptions, 'manager' | 'directory'>;

interface Addon {
  Port: new (options: AddonOptions) => NativePort;
}

/** As the addon has it: the listener cannot be taken back but by `close`. */
interface NativePort {
  snapshot(): string;
  send(command: string): void;
  onEvents(listener: (batch: string) => void): void;
  close(): void;
}

/**
 * Opens the real engine through the Node addon. Throws `portMissing` when it has not been built, and the addon's own code,
 * such as `storageUnavailable`, when it refuses the options.
 */
export function openNodePort({ manager = 'own', directory, addon = addonPath() }: NodePortOptions = {}): NodePort {
  const native = connect(loadAddon(addon), { manager, ...(directory !== undefined && { directory }) });
  const listeners = new Set<(batch: string) => void>();
  let closed = false;
  native.onEvents((batch) => {
    for (const listener of [...listeners]) listener(batch);
  });
  return {
    snapshot: () => native.snapshot(),
    send: (command) => native.send(command),
    onEvents(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    close() {
      if (closed) return;
      closed = true;
      listeners.clear();
      native.close();
    },
  };
}

function connect({ Port: NativePort }: Addon, options: AddonOptions): NativePort {
  try {
    return new NativePort(options);
  } catch (error) {
    const { code, message } = error as { code?: LlamaErrorCode; message: string };
    throw new LlamaError(code ?? 'invalidOptions', message, error);
  }
}

const localRequire = createRequire(join(process.cwd(), 'package.json'));

function addonPath(): string {
  const { LLAMA_RS_ADDON } = process.env;
  if (LLAMA_RS_ADDON !== undefined) return LLAMA_RS_ADDON;
  return join(dirname(localRequire.resolve('react-native-llama-rs/package.json')), 'node', 'llama-rs.node');
}

function loadAddon(path: string): Addon {
  // A compute thread that must share its core would spin for ever. Read once, when the addon brings OpenMP in.
  process.env.GOMP_SPINCOUNT ??= '10000';
  try {
    return localRequire(path) as Addon;
  } catch (error) {
    throw new LlamaError('portMissing', `could not load ${path} - build the Node addon, or set LLAMA_RS_ADDON`, error);
  }
}
