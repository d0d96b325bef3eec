import type { Batch, Envelope } from '../../src';
import type { NodePort } from '../../src/testing';

/** A port that counts how often the engine answers each request and finishes each generation. */
export interface CountingPort extends NodePort {
  /** Requests and generations that the engine ended a second time. */
  readonly moreThanOnce: readonly string[];
  /** Requests that the engine has not answered. */
  readonly unanswered: readonly string[];
}

export function countingPort(port: NodePort): CountingPort {
  const open = new Set<string>();
  const ended = new Set<string>();
  const moreThanOnce: string[] = [];
  const end = (id: string) => {
    if (ended.has(id)) moreThanOnce.push(id);
    ended.add(id);
    open.delete(id);
  };
  return {
    ...port,
    moreThanOnce,
    get unanswered() {
      return [...open];
    },
    send(command) {
      open.add((JSON.parse(command) as Envelope).requestId);
      port.send(command);
    },
    onEvents: (listener) =>
      port.onEvents((json) => {
        for (const event of (JSON.parse(json) as Batch).events) {
          if ('requestId' in event) end(event.requestId);
          if (event.type === 'phaseChanged' && event.phase.type === 'finished') end(event.generationId);
        }
        listener(json);
      }),
  };
}
