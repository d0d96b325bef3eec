import type { Batch, Port } from 'react-native-llama-rs';

type Event = Batch['events'][number];

/** A port that can hold its events back. The engine goes on: `holdAnswer` stops it. */
export interface GatedPort extends Port {
  /** Holds everything back that follows the next such event. */
  holdAfter(isTheOne: (event: Event) => boolean): void;
  /** Delivers everything that was held back, and everything from now on. */
  letGo(): void;
}

/** Puts a gate behind a real port, so that a test sees a state that is over in a moment. */
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
