import { act } from 'react';

import { LlamaClient } from '../core/LlamaClient';
import { type NodePort, type NodePortOptions, openNodePort } from './nodePort';
import { stayAlive } from './stayAlive';

/** The real engine for a test file. */
export interface InstalledPort {
  /** A new one after `reload()`. */
  readonly client: LlamaClient;
  /** What a JavaScript reload does: drops client and port, and makes new ones in the same process. */
  reload(): LlamaClient;
}

/**
 * Call it at the top of a jest file: opens the engine and closes it after the last test. Batches are delivered inside
 * React's `act`. The process stays while an answer is awaited, and no longer.
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
  return new LlamaClient({ ...port, onEvents: (listener) => port.onEvents(insideAct(listener)) }, { onBusy: stayAlive() });
}

/** Batches come by themselves, so React would complain of them in a test. Not while a `waitFor` expects just that. */
function insideAct(listener: (batch: string) => void): (batch: string) => void {
  return (batch) => {
    if ((globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT === true) act(() => listener(batch));
    else listener(batch);
  };
}
