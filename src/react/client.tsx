import { createContext, type ReactNode, useContext } from 'react';

import { LlamaClient } from '../core/LlamaClient';
import { LlamaError } from '../core/LlamaError';
import type { Port } from '../core/port/Port';

const ClientContext = createContext<LlamaClient | undefined>(undefined);

/** The props of `LlamaProvider`. */
export interface LlamaProviderProps {
  /**
   * The client whose models and conversations the hooks show.
   * @default the client of the platform's own engine, one per JavaScript runtime
   */
  client?: LlamaClient;
  /** The part of the app whose hooks use this client. */
  children?: ReactNode;
}

/** Makes the provider for a platform. Its port is opened when it is first needed, and then kept. */
export function makeLlamaProvider(openPort: () => Port): (props: LlamaProviderProps) => ReactNode {
  let own: LlamaClient | undefined;
  return function LlamaProvider({ client, children }) {
    const provided = client ?? (own ??= new LlamaClient(openPort()));
    return <ClientContext.Provider value={provided}>{children}</ClientContext.Provider>;
  };
}

/** Returns the client of the nearest `LlamaProvider`. Throws `providerMissing` outside of one. */
export function useLlamaClient(): LlamaClient {
  const client = useContext(ClientContext);
  if (client === undefined) {
    const detail = 'the component is outside LlamaProvider - put LlamaProvider around the app';
    throw new LlamaError('providerMissing', detail);
  }
  return client;
}
