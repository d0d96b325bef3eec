import { useCallback, useEffect, useState } from 'react';
import { type Failure, type StoredModels, useDownloads, useLlamaClient } from 'react-native-llama-rs';

/** The models of this device. */
export interface UseStoredModels {
  /** `undefined` until the first answer. */
  readonly stored: StoredModels | undefined;
  readonly failure: Failure | undefined;
  /** Asks again, after a model was removed. */
  readonly reread: () => void;
}

/** The models of this device. The hook asks again when a download begins, pauses, fails or ends. */
export function useStoredModels(): UseStoredModels {
  const client = useLlamaClient();
  const downloads = useDownloads().map(
    ({ name, status }) => `${name} ${status.type === 'running' ? status.progress.phase.type : status.type}`,
  );
  const [known, setKnown] = useState<Pick<UseStoredModels, 'stored' | 'failure'>>({
    stored: undefined,
    failure: undefined,
  });
  const [times, setTimes] = useState(0);
  const reread = useCallback(() => setTimes((before) => before + 1), []);
  const occasion = [times, ...downloads].join('\n');
  useEffect(() => {
    let isNewest = true;
    client.storedModels().then(
      (stored) => isNewest && setKnown({ stored, failure: undefined }),
      (error: unknown) => isNewest && setKnown({ stored: undefined, failure: error as Failure }),
    );
    return () => {
      isNewest = false;
    };
  }, [client, occasion]);
  return { ...known, reread };
}
