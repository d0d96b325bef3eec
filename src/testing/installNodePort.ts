import { act } from 'react';

import { LlamaClient } from '../core/LlamaClient';
import { type NodePort, type NodePortOptions, openNodePort } from './nodePort';
import { stayAlive } from './stayAlive';

/** The real engine for a test file. */
export interface InstalledPort {
  /** The client; another one after `reload()`. */
  readonly client: LlamaClient;
  /** Does what a JavaScript reload does: drops client and port, and makes new ones in the same process. */
  reload(): LlamaClient;
}

/**
 * Opens the engine, and closes it after the last test. Call it at the top of a jest file. Batches are delivered inside
 * React's `act`. The process stays alive while an answer is awaited, and no longer.
 */
export function installNodePort(options: NodePortOptions = {}): InstalledPort {
  let port = openNodePort(options);
  let client = makeClient(port);
  const close = () => {
    client.close();
    port.close();
  };
  afterAll(close);
  return {
    get client() {
      return client;
    },
    reload() {
      close();
      port = openNodePort(options);
      client = makeClient(port);
      return client;
    },
  };
}

function makeClient(port: NodePort): LlamaClient {
  const onEvents: NodePort['onEvents'] = (listener) => port.onEvents(insideAct(listener));
  return new LlamaClient({ ...port, onEvents }, { onBusy: stayAlive() });
}

/**
 * Wraps batches in `act`, because React warns of updates outside it. `waitFor` turns that off, and needs them
 * unwrapped.
 */
function insideAct(listener: (batch: string) => void): (batch: string) => void {
  return (batch) => {
    const { IS_REACT_ACT_ENVIRONMENT: needsAct } = globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean };
    if (needsAct === true) act(() => listener(batch));
    else listener(batch);
  };
}
