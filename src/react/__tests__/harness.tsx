import { act } from '@testing-library/react-native';
import type { ReactNode } from 'react';

import { LlamaClient } from '../../core/LlamaClient';
import { manualScheduler, type ScriptedPort, scriptedPort } from '../../testing';
import { makeLlamaProvider } from '../client';

const Provider = makeLlamaProvider(() => {
  throw new Error('the harness gives a client');
});

/** Opens a client on a scripted port, with a provider and a manual scheduler. Batches are delivered inside `act`. */
export function harness(world?: Parameters<typeof scriptedPort>[0]) {
  const port = scriptedPort(world);
  const scheduler = manualScheduler();
  const client = new LlamaClient(port, { scheduler });
  return { port, scheduler, client, wrapper: providerOf(client), play: playerOf(port) };
}

export function providerOf(client: LlamaClient) {
  return function Wrapper({ children }: { children: ReactNode }) {
    return <Provider client={client}>{children}</Provider>;
  };
}

function playerOf(port: ScriptedPort) {
  return async <T,>(script: (port: ScriptedPort) => T): Promise<T> => {
    let result: { value: T } | undefined;
    await act(async () => {
      result = { value: script(port) };
      await Promise.resolve();
    });
    if (result === undefined) throw new Error('act did not run the script');
    return result.value;
  };
}
