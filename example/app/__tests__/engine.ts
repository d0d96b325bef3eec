import { LlamaClient, type Port } from 'react-native-llama-rs';
import { type NodePortOptions, openNodePort, stayAlive } from 'react-native-llama-rs/testing';

import { type GatedPort, gatedPort } from './gatedPort';

/** A real engine, with a gate between it and its client. */
export interface Engine {
  readonly client: LlamaClient;
  readonly gate: GatedPort;
}

const open = new Set<() => void>();

// The engine answers in its own time, without `act`, as in an app. Tests wait for what the user sees.
beforeAll(() => {
  setActing(false);
});
afterAll(() => {
  for (const close of open) close();
});

/** Opens the real engine. It stays open until the last test of the file. */
export function openEngine(options: NodePortOptions = {}): Engine {
  const port = openNodePort(options);
  const gate = gatedPort(betweenActs(port));
  const client = new LlamaClient(gate, { onBusy: stayAlive() });
  open.add(() => {
    client.close();
    port.close();
  });
  return { client, gate };
}

/**
 * Delivers only while no `act` runs. Promises that follow from a batch would settle after the `act`, which React
 * forbids.
 */
function betweenActs(port: Port): Port {
  return {
    ...port,
    onEvents(listener) {
      const waiting: string[] = [];
      const deliver = () => {
        if (waiting.length > 0 && isActing()) setImmediate(deliver);
        else for (const batch of waiting.splice(0)) listener(batch);
      };
      const leave = port.onEvents((batch) => {
        if (waiting.push(batch) === 1) deliver();
      });
      return () => {
        waiting.length = 0;
        leave();
      };
    },
  };
}

interface ActEnvironment {
  IS_REACT_ACT_ENVIRONMENT?: boolean;
}

function isActing(): boolean {
  return (globalThis as ActEnvironment).IS_REACT_ACT_ENVIRONMENT === true;
}

function setActing(value: boolean): void {
  (globalThis as ActEnvironment).IS_REACT_ACT_ENVIRONMENT = value;
}
