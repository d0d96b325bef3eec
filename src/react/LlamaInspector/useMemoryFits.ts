import { useEffect, useState } from 'react';

import { modelKey, modelOfKey } from '../../core/models/modelKey';
import type { MemoryFit, ModelConfig } from '../../protocol/generated';
import { useLlamaClient } from '../client';
import { useModels } from '../useModels';

/**
 * Returns the estimated memory of each loaded model, in the order of `useModels`. Empty until the engine has answered.
 */
export function useMemoryFits(): readonly MemoryFit[] {
  const client = useLlamaClient();
  const loaded = useModels().flatMap(({ config, status }): ModelConfig[] => {
    if (status.type !== 'ready' && status.type !== 'idle') return [];
    // The sizes that were loaded: otherwise the engine would fit them to the memory that is free now. A model that only
    // makes embeddings has 0, which is not a valid option.
    const { contextSize, maxResident } = status.info;
    return [{ ...config, contextSize, maxResident: maxResident === 0 ? undefined : maxResident }];
  });
  const keys = JSON.stringify(loaded.map(modelKey));
  const [fits, setFits] = useState<readonly MemoryFit[]>([]);

  useEffect(() => {
    let wanted = true;
    const configs = (JSON.parse(keys) as string[]).map(modelOfKey);
    void Promise.all(configs.map((config) => client.canLoad(config).catch(() => undefined))).then((answers) => {
      if (wanted) setFits(answers.filter((answer) => answer !== undefined));
    });
    return () => {
      wanted = false;
    };
  }, [client, keys]);
  return fits;
}
