import type { Batch, Snapshot } from 'react-native-llama-rs';
import { LlamaClient } from 'react-native-llama-rs';
import { scopeSummary } from 'react-native-llama-rs/testing';

import type { FromPort } from '../../host/wire';
import { SocketPort } from '../SocketPort';

const EMPTY = { models: [], scopes: [], generations: [], residents: [], downloads: [], suspended: false, devices: [] };
const about = { model: { path: 'm' }, options: {}, languages: [], speaks: false };

/** A socket whose other end is the test. */
class FakeSocket {
  static readonly OPEN = 1;
  readyState = 1;
  readonly sent: string[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.();
  }

  tell(message: FromPort): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  hello(snapshot: Partial<Snapshot> = {}): void {
    this.tell({ type: 'hello', about, snapshot: JSON.stringify({ epoch: 'one', seq: 0, ...EMPTY, ...snapshot }) });
  }
}

const realSocket = globalThis.WebSocket;
beforeAll(() => {
  globalThis.WebSocket = FakeSocket as unknown as typeof WebSocket;
});
afterAll(() => {
  globalThis.WebSocket = realSocket;
});
beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

async function open() {
  const sockets: FakeSocket[] = [];
  const links: string[] = [];
  const opening = SocketPort.open({
    connect() {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    onLink: (link) => links.push(link),
  });
  const newest = () => {
    const socket = sockets[sockets.length - 1];
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  };
  newest().hello({ scopes: [scopeSummary('a')] });
  const { port } = await opening;
  return { port, client: new LlamaClient(port), sockets, newest, links };
}

const batchOf = (epoch: string, seq: number, id: string): FromPort => ({
  type: 'batch',
  batch: JSON.stringify({ epoch, events: [{ seq, type: 'scopeChanged', scope: scopeSummary(id) }] } satisfies Batch),
});
const idsOf = (client: LlamaClient) => client.scopes.getSnapshot().map(({ id }) => id);

test('the hello is the first snapshot, and batches follow it', async () => {
  const { client, newest, links } = await open();
  expect(idsOf(client)).toEqual(['a']);
  newest().tell(batchOf('one', 1, 'b'));
  expect(idsOf(client)).toEqual(['a', 'b']);
  expect(links).toEqual(['online']);
});

test('a gap is closed by the snapshot that comes ahead of it, on the same socket', async () => {
  const { client, sockets, newest } = await open();
  const scopes = [scopeSummary('a'), scopeSummary('b'), scopeSummary('c')];
  newest().tell({ type: 'snapshot', snapshot: JSON.stringify({ epoch: 'one', seq: 6, ...EMPTY, scopes }) });
  newest().tell(batchOf('one', 5, 'b'));
  newest().tell(batchOf('one', 7, 'd'));
  expect(idsOf(client)).toEqual(['a', 'b', 'c', 'd']);
  expect(sockets).toHaveLength(1);
});

test('a gap without a snapshot is closed by another connection', async () => {
  const { client, sockets, newest } = await open();
  newest().tell(batchOf('one', 5, 'x'));
  expect(newest().readyState).toBe(3);
  jest.advanceTimersByTime(100);
  expect(sockets).toHaveLength(2);
  newest().hello({ epoch: 'two', scopes: [scopeSummary('b')] });
  expect(idsOf(client)).toEqual(['b']);
});

test('a lost connection is made anew, less and less often, and the client asks again what had no answer', async () => {
  const { client, sockets, newest, links } = await open();
  const trimmed = jest.fn();
  const log = client.readLog().then(trimmed);
  const asked = newest().sent[0];
  newest().close();
  expect(links).toEqual(['online', 'offline']);
  for (const pause of [100, 250, 500, 1000, 2000, 2000]) {
    const count = sockets.length;
    jest.advanceTimersByTime(pause - 1);
    expect(sockets).toHaveLength(count);
    jest.advanceTimersByTime(1);
    expect(sockets).toHaveLength(count + 1);
    newest().close();
  }
  jest.advanceTimersByTime(2000);
  newest().hello({ epoch: 'two' });
  expect(links[links.length - 1]).toBe('online');
  expect(newest().sent).toEqual([asked]);
  const { requestId } = JSON.parse(asked ?? '') as { requestId: string };
  newest().tell({
    type: 'batch',
    batch: JSON.stringify({ epoch: 'two', events: [{ seq: 1, type: 'log', requestId, records: [] }] }),
  });
  await log;
  expect(trimmed).toHaveBeenCalledWith([]);
});

test('a connection without a hello is given up, one with it is not', async () => {
  const { sockets, newest, links } = await open();
  newest().close();
  jest.advanceTimersByTime(100);
  const silent = newest();
  jest.advanceTimersByTime(9999);
  expect(silent.readyState).toBe(1);
  jest.advanceTimersByTime(1 + 250);
  expect(silent.readyState).toBe(3);
  expect(sockets).toHaveLength(3);
  newest().hello({ epoch: 'two' });
  jest.advanceTimersByTime(60_000);
  expect(sockets).toHaveLength(3);
  expect(links[links.length - 1]).toBe('online');
});

test('what is sent while there is no connection is not sent later', async () => {
  const { port, newest } = await open();
  newest().close();
  port.send('lost');
  jest.advanceTimersByTime(100);
  newest().hello({ epoch: 'two' });
  expect(newest().sent).toEqual([]);
});

test('a listener that has left is not told', async () => {
  const { port, newest } = await open();
  const listener = jest.fn();
  port.onEvents(listener)();
  newest().tell(batchOf('one', 1, 'b'));
  expect(listener).not.toHaveBeenCalled();
});
