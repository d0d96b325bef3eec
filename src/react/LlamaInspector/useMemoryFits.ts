import { useEffect, useState } from 'react';

import { modelKey, modelOfKey } from '../../core/models/modelKey';
import type { MemoryFit, ModelConfig } from '../../protocol/generated';
import { useLlamaClient } from '../client';
import { useModels } from '../useModels';

/** What each loaded model takes, by its estimate, in the order of their paths. Empty until the engine has answered. */
export function useMemoryFits(): readonly MemoryFit[] {
  const client = useLlamaClient();
  const loaded = useModels().flatMap(({ config, status }): ModelConfig[] => {
    if (status.type !== 'ready' && status.type !== 'idle') return [];
    // As it was loaded, or what was left out would be fitted to the memory of now. One that only makes embeddings has no slots to ask for.
    const { contextSize, slots } = status.info;
    return [{ ...config, contextSize, slots: slots === 0 ? undefined : slots }];
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
