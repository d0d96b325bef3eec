import type { Batch, Port } from 'react-native-llama-rs';

type Event = Batch['events'][number];

/** A port whose word can be held back. */
export interface GatedPort extends Port {
  /** From the next event of that kind on, itself excluded, nothing is delivered. */
  holdAfter(isTheOne: (event: Event) => boolean): void;
  /** Delivers what was held back, and everything from now on. */
  letGo(): void;
}

/** Puts a gate behind a real port, so that a test can look at what is over in a moment. */
export function gatedPort(port: Port): GatedPort {
  let isTheOne: ((event: Event) => boolean) | undefined;
  let held: string[] | undefined;
  let deliver: (batch: string) => void = () => undefined;

  const take = (batch: string) => {
    if (held !== undefined) {
      held.push(batch);
      return;
    }
    const { epoch, events } = JSON.parse(batch) as Batch;
    const last = isTheOne === undefined ? -1 : events.findIndex(isTheOne);
    if (last === -1) {
      deliver(batch);
      return;
    }
    held = [JSON.stringify({ epoch, events: events.slice(last + 1) })];
    deliver(JSON.stringify({ epoch, events: events.slice(0, last + 1) }));
  };
  return {
    ...port,
    onEvents(listener) {
      deliver = listener;
      return port.onEvents(take);
    },
    holdAfter(next) {
      isTheOne = next;
    },
    letGo() {
      const batches = held ?? [];
      [held, isTheOne] = [undefined, undefined];
      for (const batch of batches) deliver(batch);
    },
  };
}
