import { LlamaClient } from '../../core/LlamaClient';
import {
  finishLoading,
  manualScheduler,
  modelInfo,
  modelState,
  scopeSummary,
  type ScriptedPort,
  scriptedPort,
} from '..';

const generation = {
  id: 'g',
  scope: 's',
  model: 'a',
  phase: { type: 'queued' as const },
  text: '',
  reasoning: '',
  toolCalls: [],
};
const queued = { type: 'generationQueued' as const, generation };
const finished = {
  type: 'phaseChanged',
  generationId: 'g',
  phase: {
    type: 'finished',
    outcome: {
      reason: 'stop',
      usage: { promptTokens: 0, cachedTokens: 0, prefilledTokens: 0, outputTokens: 0 },
      timings: { queuedMs: 0, prefillMs: 0, decodeMs: 0, firstTokenMs: 0 },
    },
  },
} as const;

test.each<[string, (port: ScriptedPort) => void]>([
  ['an answer to what was not asked', (port) => port.emit({ type: 'done', requestId: 'r' })],
  [
    'text before its generation was queued',
    (port) => port.emit({ type: 'textDelta', generationId: 'g', offset: 0, text: 'a' }),
  ],
  [
    'text that leaves a hole',
    (port) => port.emit(queued, { type: 'textDelta', generationId: 'g', offset: 1, text: 'a' }),
  ],
  [
    'tokens that leave a hole',
    (port) => port.emit(queued, { type: 'logprobsDelta', generationId: 'g', offset: 1, logprobs: [] }),
  ],
  [
    'the end of a call that there is not',
    (port) => port.emit(queued, { type: 'toolCallDropped', generationId: 'g', index: 0 }),
  ],
  ['a phase after the end', (port) => port.emit(queued, finished, finished)],
  ['a command that was not sent', (port) => port.last('generate')],
])('a script with %s is refused', (_, script) => {
  expect(() => script(scriptedPort())).toThrow();
});

test('an answer counts once', () => {
  const port = scriptedPort();
  new LlamaClient(port).acquire({ path: 'a' }, 'Screen');
  finishLoading(port);
  expect(() => port.answer(port.last('acquire'))).toThrow('answered already');
});

test('the snapshot is what the events made of it', () => {
  const port = scriptedPort();
  const hello = { token: 1, text: 'Hello', logprob: -0.5, top: [] };
  const resident = { id: 'whisper', name: 'speech recogniser', sizeBytes: 1, inUse: false };
  port.emit(
    { type: 'modelChanged', model: modelState('a', { type: 'unloaded' }) },
    { type: 'modelChanged', model: modelState('b', { type: 'unloaded' }) },
    { type: 'modelChanged', model: modelState('a', { type: 'ready', info: modelInfo }) },
    { type: 'scopeChanged', scope: scopeSummary('s') },
    queued,
    { type: 'logprobsDelta', generationId: 'g', offset: 0, logprobs: [hello] },
    { type: 'textDelta', generationId: 'g', offset: 0, text: 'Hello' },
    { type: 'residentChanged', resident },
    { type: 'residentChanged', resident: { ...resident, inUse: true } },
    { type: 'suspensionChanged', suspended: true },
  );
  expect(JSON.parse(port.snapshot())).toMatchObject({
    seq: 10,
    models: [{ path: 'a', status: { type: 'ready' } }, { path: 'b' }],
    scopes: [{ id: 's' }],
    generations: [{ id: 'g', text: 'Hello', logprobs: [hello] }],
    residents: [{ id: 'whisper', inUse: true }],
    suspended: true,
  });
  port.emit({ type: 'scopeDeleted', scope: 's' }, { type: 'residentRemoved', id: 'whisper' });
  expect(JSON.parse(port.snapshot())).toMatchObject({ seq: 12, scopes: [], residents: [] });
});

test('deferred tasks run in order, also those that they defer, unless they are taken back', () => {
  const scheduler = manualScheduler();
  const ran: string[] = [];
  scheduler.defer(() => {
    ran.push('first');
    scheduler.defer(() => ran.push('third'));
  });
  const takeBack = scheduler.defer(() => ran.push('never'));
  scheduler.defer(() => ran.push('second'));
  takeBack();
  expect(scheduler.deferred).toBe(2);
  scheduler.runDeferred();
  expect(ran).toEqual(['first', 'second', 'third']);
});
