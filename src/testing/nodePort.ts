import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { LlamaError, type LlamaErrorCode } from '../core/LlamaError';
import type { Port } from '../core/port/Port';

/** A port that its host, a test or a script, closes. */
export interface NodePort extends Port {
  /** Closes the port: no batch comes any more. An `own` manager ends with it. A second call has no effect. */
  close(): void;
}

/** Options of `openNodePort`. */
export interface NodePortOptions {
  /**
   * `own`: a manager that ends with the port, so that tests do not affect each other. `global`: the manager of the
   * process, which outlives its ports, as in an app.
   * @default 'own'
   */
  manager?: 'own' | 'global';
  /**
   * The directory of an `own` manager's saved scopes.
   * @default no directory: nothing is saved
   */
  directory?: string;
  /**
   * Path of the addon.
   * @default the environment variable `LLAMA_RS_ADDON`, else the package's own addon
   */
  addon?: string;
}

type AddonOptions = Pick<NodePortOptions, 'manager' | 'directory'>;

interface Addon {
  Port: new (options: AddonOptions) => NativePort;
}

/** The addon's own port. Only `close` removes its listener. */
interface NativePort {
  snapshot(): string;
  send(command: string): void;
  onEvents(listener: (batch: string) => void): void;
  close(): void;
}

/**
 * Opens the real engine through the Node addon. Throws `portMissing` when the addon has not been built, and the addon's
 * own code, such as `storageUnavailable`, when it refuses the options.
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
  // Without this limit a compute thread that shares its core would spin for ever. OpenMP reads it once, when it is
  // loaded.
  process.env.GOMP_SPINCOUNT ??= '10000';
  try {
    return localRequire(path) as Addon;
  } catch (error) {
    throw new LlamaError('portMissing', `could not load ${path} - build the Node addon, or set LLAMA_RS_ADDON`, error);
  }
}
