import { useState } from 'react';
import type { Failure } from 'react-native-llama-rs';

/** Does what was asked for, and remembers why it could not be done until something else is. */
export function useDeed(): { readonly failure: Failure | undefined; readonly run: (deed: Promise<unknown>) => void } {
  const [failure, setFailure] = useState<Failure>();
  const run = (deed: Promise<unknown>) => {
    setFailure(undefined);
    deed.catch((error: unknown) => setFailure(error as Failure));
  };
  return { failure, run };
}
