import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Batch, Envelope, Snapshot } from '../../protocol/generated';
import { manualScheduler, scriptedPort } from '../../testing';
import { LlamaClient } from '../LlamaClient';
import type { Port } from '../port/Port';

/** Reads a file that the tests of every language read. */
function contract(name: string): unknown {
  return JSON.parse(readFileSync(join(__dirname, '../../../fixtures/contract', name), 'utf8'));
}

const snapshot = contract('snapshot.json') as Snapshot;
const batch = contract('batch.json') as Batch;

test('a client is made from the snapshot of the contract', () => {
  const port: Port = { ...scriptedPort(), snapshot: () => JSON.stringify(snapshot) };
  const client = new LlamaClient(port);
  expect(client.models.getSnapshot()).toEqual(snapshot.models);
  expect(client.scopes.getSnapshot()).toEqual(snapshot.scopes);
  expect(client.devices.getSnapshot()).toEqual(snapshot.devices);
  expect(client.gpuUnavailable.getSnapshot()).toEqual({
    reason: 'notFound',
    detail: expect.stringContaining('Vulkan') as unknown,
  });
  expect(client.residents.getSnapshot()).toEqual(snapshot.residents);
  expect(client.downloads.getSnapshot()).toEqual(snapshot.downloads);
  expect(client.suspended.getSnapshot()).toBe(snapshot.suspended);
  expect(client.generation('g1')?.getSnapshot()).toEqual(snapshot.generations[0]);
});

test('every event of the contract is understood', async () => {
  const listeners: ((batch: string) => void)[] = [];
  const onProblem = jest.fn();
  const read = jest.fn(() =>
    JSON.stringify({
      ...snapshot,
      seq: 0,
      models: [],
      scopes: [],
      generations: [],
      residents: [],
      downloads: [],
      suspended: false,
    }),
  );
  const port: Port = {
    snapshot: read,
    send: () => undefined,
    onEvents(listener) {
      listeners.push(listener);
      return () => undefined;
    },
  };
  const client = new LlamaClient(port, { scheduler: manualScheduler(), onProblem });
  const evict = jest.fn();
  client.reserveMemory({ id: 'whisper', name: 'speech recogniser', sizeBytes: 150000000, inUse: false, evict });
  // The contract changes the messages from index 2 on, so there must be two.
  const reading = client.transcript('chat-42');
  const before: Batch = {
    epoch: batch.epoch,
    events: [
      {
        seq: 1,
        type: 'transcriptChanged',
        scope: 'chat-42',
        revision: 3,
        from: 0,
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'Hello' },
        ],
      },
    ],
  };
  const events = batch.events.map((event) => ({ ...event, seq: event.seq + 1 }));
  for (const one of [before, { ...batch, events }]) listeners[0]?.(JSON.stringify(one));
  await reading;
  expect(onProblem).not.toHaveBeenCalled();
  expect(read).toHaveBeenCalledTimes(1);
  expect(client.model('/models/chat.gguf').getSnapshot()?.status.type).toBe('ready');
  expect(client.scope('chat-42').getSnapshot().transcript.messages).toHaveLength(5);
  await expect(client.generation('g1')?.result).resolves.toMatchObject({ text: 'You are Alice.', reason: 'stop' });
  expect(client.log.getSnapshot().map(({ event }) => event.type)).toEqual(['threadsChanged', 'suspended']);
  expect(client.suspended.getSnapshot()).toBe(true);
  expect(evict).toHaveBeenCalledWith('/models/chat.gguf needs the memory');
  expect(client.residents.getSnapshot()).toEqual([]);
  expect(client.downloads.getSnapshot().map(({ name, status }) => [name, status.type])).toEqual([
    ['hf:org/draft:Q8_0', 'failed'],
  ]);
});

test('the client sends the commands of the contract', () => {
  const wanted = (contract('commands.json') as { name: string; command: Envelope }[]).map(({ command }) => command);
  const port = scriptedPort();
  const scheduler = manualScheduler();
  const client = new LlamaClient(port, { scheduler });
  const ignore = () => undefined;
  for (const command of wanted) {
    switch (command.type) {
      case 'acquire':
        client.acquire(command.model, command.debugLabel);
        break;
      case 'release':
        client.acquire({ path: 'other' }, 'Other').release();
        scheduler.runDeferred();
        break;
      case 'unload':
        client.unload(command.path).catch(ignore);
        break;
      case 'generate':
        client.generate(command);
        break;
      case 'prefill':
        client.prefill(command).catch(ignore);
        break;
      case 'tokenize':
        client.tokenize(command.model, command.text, { special: command.special }).catch(ignore);
        break;
      case 'detokenize':
        client.detokenize(command.model, command.tokens).catch(ignore);
        break;
      case 'embed':
        client.embed(command).catch(ignore);
        break;
      case 'cancelEmbed': {
        const abort = new AbortController();
        client.embed({ model: { path: 'a' }, texts: ['hi'], signal: abort.signal }).catch(ignore);
        abort.abort();
        break;
      }
      case 'bench':
        client.bench(command).catch(ignore);
        break;
      case 'cancelBench': {
        const abort = new AbortController();
        client.bench({ model: { path: 'a' }, signal: abort.signal }).catch(ignore);
        abort.abort();
        break;
      }
      case 'applyChatTemplate':
        client.applyChatTemplate(command.model, command.messages).catch(ignore);
        break;
      case 'cancel':
        client
          .generate({ model: { path: 'a' }, scope: 's', append: [] })
          .cancel()
          .catch(ignore);
        break;
      case 'deleteScope':
        client.deleteScope(command.scope).catch(ignore);
        break;
      case 'park':
      case 'restore':
      case 'save':
        client[command.type](command.scope).catch(ignore);
        break;
      case 'fork': {
        const { messageCount } = command;
        client
          .fork(command.scope, { as: command.fork, ...(messageCount !== undefined && { messageCount }) })
          .catch(ignore);
        break;
      }
      case 'rewindTo':
        client.rewindTo(command.scope, command.messageIndex).catch(ignore);
        break;
      case 'setPersist':
        client.setPersist(command.scope, command.persist).catch(ignore);
        break;
      case 'deleteAllScopes':
      case 'resume':
        client[command.type]().catch(ignore);
        break;
      case 'suspend':
        client.suspend(command).catch(ignore);
        break;
      case 'setHeat':
        client.setHeat(command.heat).catch(ignore);
        break;
      case 'trim':
        client.trim(command.level).catch(ignore);
        break;
      case 'canLoad':
        client.canLoad(command.model).catch(ignore);
        break;
      case 'configure': {
        const { memoryBudgetBytes, savedBudgetBytes, modelsBudgetBytes } = command;
        client.configure({ memoryBudgetBytes, savedBudgetBytes, modelsBudgetBytes }).catch(ignore);
        break;
      }
      case 'setHub':
        client.setHub({ endpoint: command.endpoint, token: command.token }).catch(ignore);
        break;
      case 'browseHub':
        client.browseHub(command.repository).catch(ignore);
        break;
      case 'download':
        client.download(command.name, { sha256: command.sha256 }).catch(ignore);
        break;
      case 'pauseDownload':
      case 'cancelDownload':
        client[command.type](command.name).catch(ignore);
        break;
      case 'importModel':
        client.importModel(command.path, command.name).catch(ignore);
        break;
      case 'verifyStoredModel':
        client.verifyStoredModel(command.name).catch(ignore);
        break;
      case 'listStoredModels':
        client.storedModels().catch(ignore);
        break;
      case 'removeStoredModel':
        client.removeStoredModel(command.name).catch(ignore);
        break;
      case 'setResident':
        client.reserveMemory({ ...command.resident, evict: ignore });
        break;
      case 'removeResident':
        client.reserveMemory({ id: command.id, name: 'ears', sizeBytes: 0, inUse: false, evict: ignore }).remove();
        break;
      case 'getTranscript':
        port.emit({ type: 'transcriptChanged', scope: command.scope, revision: 1, from: 9, messages: [] });
        port.lose({
          type: 'scopeChanged',
          scope: { ...snapshot.scopes[0], id: command.scope, revision: 7 } as Snapshot['scopes'][number],
        });
        client.scope(command.scope);
        port.deliver('malformed');
        break;
      case 'replay':
        client.replay(command.generationId, command.offset).catch(ignore);
        break;
      case 'recordMount':
        client.recordMount(command.debugLabel, command.path, command.mount);
        break;
      case 'readLog':
        client.readLog().catch(ignore);
        break;
    }
    expect(fields(port.last(command.type))).toEqual(fields(command));
  }
});

/** Returns a command's fields, without the client's own ids. Empty `options` count as left out. */
function fields(command: Envelope): object {
  const { requestId, ...rest } = {
    options: {},
    leaseId: '',
    generationId: '',
    ...command,
    embeddingId: '',
    benchId: '',
  };
  return {
    ...rest,
    requestId: typeof requestId,
    leaseId: '',
    generationId: rest.type === 'replay' ? rest.generationId : '',
  };
}
