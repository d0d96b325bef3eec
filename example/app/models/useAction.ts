import { useState } from 'react';
import type { Failure } from 'react-native-llama-rs';

/** Runs an action and keeps its failure until the next one runs. */
export function useAction(): {
  readonly failure: Failure | undefined;
  readonly run: (action: Promise<unknown>) => void;
} {
  const [failure, setFailure] = useState<Failure>();
  const run = (action: Promise<unknown>) => {
    setFailure(undefined);
    action.catch((error: unknown) => setFailure(error as Failure));
  };
  return { failure, run };
}
