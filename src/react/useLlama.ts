import { useCallback, useEffect, useState } from 'react';

import type { GenerateRequest } from '../core/generations/GenerateRequest';
import type { Generation } from '../core/generations/Generation';
import type { LlamaErrorCode } from '../core/LlamaError';
import { isRefusal } from '../core/models/Leases';
import { modelKey, modelOfKey } from '../core/models/modelKey';
import type { DownloadProgress, ModelConfig, ModelInfo, ModelStatus } from '../protocol/generated';
import { useLlamaClient } from './client';
import { useStore } from './useStore';

/** Options of `useLlama`. Compared by value: a new object with equal options changes nothing. */
export interface UseLlamaOptions extends ModelConfig {
  /**
   * Names the component in the flight recorder.
   * @default 'useLlama'
   */
  debugLabel?: string;
  /**
   * The conversation of `generate`.
   * @default 'default'
   */
  scope?: string;
}

/** The reason of a failure: a `LlamaError`, or the `ErrorInfo` of one. */
export interface Failure {
  /** The kind of failure, for programs. */
  readonly code: LlamaErrorCode;
  /** What failed, on what, and what to do, for people. */
  readonly detail: string;
}

/** A model as a component sees it. Its functions keep their identity while the client and the options stay equal. */
export interface UseLlama {
  /**
   * `ready` includes idle, that is loaded without a lease, so that a remount is ready in its first render.
   * `downloading` comes before `loading` for a model with a URL or a hub name that is not on the device yet.
   */
  readonly status: 'unloaded' | 'downloading' | 'loading' | 'ready' | 'unloading' | 'failed';
  /** Progress of the download, then of the load: 0 to 1. 0 while the size of the model is unknown. */
  readonly progress: number;
  /** Present if `status` is `downloading`. */
  readonly download: DownloadProgress | undefined;
  /** Properties of the loaded model. */
  readonly info: ModelInfo | undefined;
  /** Present if `status` is `failed`. */
  readonly error: Failure | undefined;
  /** Starts a turn; a string is a message of the user. May be called before `ready`: the engine waits for the model. */
  readonly generate: (input: string | GenerateInput) => Generation;
  /** Takes the lease again, after a failure or an unload. */
  readonly retry: () => void;
}

/** A turn of the hook's model; without `scope`, in the hook's conversation. */
export type GenerateInput = Omit<GenerateRequest, 'model' | 'scope'> & { scope?: string };

/** Keeps a model loaded while the component is mounted, and for `keepAliveMs` after that. */
export function useLlama({ debugLabel = 'useLlama', scope = 'default', ...model }: UseLlamaOptions): UseLlama {
  const client = useLlamaClient();
  const state = useStore(client.model(model.path));
  const key = modelKey(model);
  const [attempt, setAttempt] = useState(0);
  const [refusal, setRefusal] = useState<{ of: string; error: Failure }>();
  const lease = `${attempt} ${debugLabel} ${key}`;

  useEffect(() => {
    const config = modelOfKey(key);
    client.recordMount(debugLabel, config.path, 'mounted');
    const taken = client.acquire(config, debugLabel);
    let held = true;
    taken.ready.catch((error: unknown) => {
      if (held && isRefusal(error as Failure)) setRefusal({ of: lease, error: error as Failure });
    });
    return () => {
      held = false;
      client.recordMount(debugLabel, config.path, 'unmounted');
      taken.release();
    };
  }, [client, key, debugLabel, lease]);

  const generate = useCallback(
    (input: string | GenerateInput) => {
      const request = typeof input === 'string' ? { append: [{ role: 'user' as const, content: input }] } : input;
      return client.generate({ scope, ...request, model: modelOfKey(key) });
    },
    [client, key, scope],
  );
  const retry = useCallback(() => setAttempt((count) => count + 1), []);

  const refused = refusal?.of === lease ? refusal.error : undefined;
  return { ...describe(state?.status, refused), generate, retry };
}

function describe(
  status: ModelStatus | undefined,
  refused: Failure | undefined,
): Pick<UseLlama, 'status' | 'progress' | 'download' | 'info' | 'error'> {
  const nothing = { progress: 0, download: undefined, info: undefined, error: undefined };
  if (refused !== undefined) return { ...nothing, status: 'failed', error: refused };
  switch (status?.type) {
    case 'ready':
    case 'idle':
      return { ...nothing, status: 'ready', progress: 1, info: status.info };
    case 'downloading':
      return { ...nothing, status: 'downloading', progress: shareOf(status.progress), download: status.progress };
    case 'loading':
      return { ...nothing, status: 'loading', progress: status.progress };
    case 'failed':
      return { ...nothing, status: 'failed', error: status.error };
    case 'unloading':
    case 'unloaded':
      return { ...nothing, status: status.type };
    case undefined:
      return { ...nothing, status: 'unloaded' };
  }
}

function shareOf({ bytes, totalBytes }: DownloadProgress): number {
  return totalBytes === undefined || totalBytes === 0 ? 0 : bytes / totalBytes;
}
