import type { Port } from '../core/port/Port';
import type { Batch, Command, Envelope, ErrorInfo, Event, Snapshot } from '../protocol/generated';
import { foldEvent } from './foldEvent';

/** A command of one type, as it crossed the port. */
export type Sent<T extends Command['type']> = Extract<Envelope, { type: T }>;

/**
 * An engine that sends the events of a test's script, and none by itself. It numbers the events, keeps the snapshot
 * that belongs to them, and refuses a script that no engine would play.
 */
export interface ScriptedPort extends Port {
  /** Every command so far, as it crossed the port. */
  readonly sent: readonly Envelope[];
  /** The commands of one type, oldest first. */
  sentOf<T extends Command['type']>(type: T): readonly Sent<T>[];
  /** The newest command of a type. Throws if there is none. */
  last<T extends Command['type']>(type: T): Sent<T>;
  /** Delivers the events in one batch. */
  emit(...events: Event[]): void;
  /** Applies the events without delivering them, which makes a gap. */
  lose(...events: Event[]): void;
  /** Answers a command with `done`, or with an error. */
  answer(command: Envelope, error?: ErrorInfo): void;
  /** Delivers a batch as it is, well formed or not. */
  deliver(batch: string): void;
  /** Becomes another engine: a new epoch, in which only `world` exists. The next event carries the new epoch. */
  restart(world?: Partial<World>): void;
  /** The number of listeners. */
  readonly listeners: number;
  /** How often the snapshot was read. */
  readonly snapshotsRead: number;
}

type World = Omit<Snapshot, 'epoch' | 'seq'>;

const EMPTY: World = {
  models: [],
  scopes: [],
  generations: [],
  residents: [],
  downloads: [],
  suspended: false,
  devices: [],
};

/** Makes a scripted engine, in which `world` exists from the start. */
export function scriptedPort(world: Partial<World> = {}): ScriptedPort {
  const listeners = new Set<(batch: string) => void>();
  const sent: Envelope[] = [];
  const unanswered = new Set<string>();
  let epochs = 1;
  let snapshotsRead = 0;
  let snapshot: Snapshot = { epoch: 'script-1', seq: 0, ...EMPTY, ...world };

  function happen(event: Event): Batch['events'][number] {
    if ('requestId' in event && !unanswered.delete(event.requestId)) {
      throw new Error(`the script answers ${event.requestId}, which was not asked or is answered already`);
    }
    snapshot = { ...foldEvent(snapshot, event), seq: snapshot.seq + 1 };
    return { seq: snapshot.seq, ...event };
  }

  function sentOf<T extends Command['type']>(type: T): readonly Sent<T>[] {
    return sent.filter((envelope): envelope is Sent<T> => envelope.type === type);
  }

  const port: ScriptedPort = {
    sent,
    sentOf,
    snapshot() {
      snapshotsRead += 1;
      return JSON.stringify(snapshot);
    },
    send(command) {
      const envelope = JSON.parse(command) as Envelope;
      sent.push(envelope);
      unanswered.add(envelope.requestId);
    },
    onEvents(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    last(type) {
      const all = sentOf(type);
      const found = all[all.length - 1];
      if (found === undefined) {
        throw new Error(`no ${type} was sent; sent were: ${sent.map((one) => one.type).join(', ')}`);
      }
      return found;
    },
    emit(...events) {
      const batch: Batch = { epoch: snapshot.epoch, events: events.map(happen) };
      port.deliver(JSON.stringify(batch));
    },
    lose(...events) {
      events.forEach(happen);
    },
    answer({ requestId }, error) {
      port.emit(error === undefined ? { type: 'done', requestId } : { type: 'failed', requestId, error });
    },
    deliver(batch) {
      for (const listener of [...listeners]) listener(batch);
    },
    restart(next = {}) {
      epochs += 1;
      unanswered.clear();
      snapshot = { epoch: `script-${epochs}`, seq: 0, ...EMPTY, ...next };
    },
    get listeners() {
      return listeners.size;
    },
    get snapshotsRead() {
      return snapshotsRead;
    },
  };
  return port;
}
