// Runs inside Hermes: the core on a scripted port, through a whole conversation. A check that does not hold throws; the
// last printed line says that all held.
import { LlamaClient } from '../../src/core/LlamaClient';
import { LlamaError } from '../../src/core/LlamaError';
import { beginTurn, finishLoading } from '../../src/testing/play';
import { manualScheduler } from '../../src/testing/manualScheduler';
import { scriptedPort } from '../../src/testing/scriptedPort';
import { check, report } from './check';

const model = { path: 'chat.gguf', keepAliveMs: 0 };

function open() {
  const port = scriptedPort();
  const scheduler = manualScheduler();
  return { port, scheduler, client: new LlamaClient(port, { scheduler }) };
}

function say(client: LlamaClient, content: string) {
  return client.generate({ model, scope: 'chat-42', append: [{ role: 'user', content }] });
}

async function theModelLoadsOnceAndOutlivesARemount(): Promise<void> {
  const { port, scheduler, client } = open();
  const first = client.acquire(model, 'VoiceTab');
  finishLoading(port);
  await first.ready;
  first.release();
  const second = client.acquire(model, 'VoiceTab');
  scheduler.runDeferred();
  check(port.sentOf('acquire').length === 1, 'a remount asks for nothing');
  check(port.sentOf('release').length === 0, 'a remount gives nothing back');
  check(client.model(model.path).getSnapshot()?.status.type === 'ready', 'the model is ready');
  second.release();
  scheduler.runDeferred();
  check(port.sentOf('release').length === 1, 'the last release is sent');
}

async function anAnswerStreamsAndIsRemembered(): Promise<void> {
  const { port, client } = open();
  const generation = say(client, 'My name is Alice.');
  const turn = beginTurn(port);
  let read = '';
  const reading = (async () => {
    for await (const piece of generation) read += piece;
  })();
  for (const piece of ['Hello', ', ', 'Alice', '.']) turn.say(piece);
  turn.finish();
  await reading;
  const result = await generation.result;
  check(read === 'Hello, Alice.', `what was read is whole, got ${read}`);
  check(result.text === read && result.reason === 'stop', 'the result is what was read');
  const messages = await client.transcript('chat-42');
  check(
    messages.map(({ content }) => content).join('|') === 'My name is Alice.|Hello, Alice.',
    'the transcript has both',
  );
  check(Object.isFrozen(messages) && messages.every((message) => Object.isFrozen(message)), 'the transcript is frozen');
}

async function aReloadFindsTheRunningAnswer(): Promise<void> {
  const { port, client } = open();
  const abandoned = say(client, 'Tell me a story.');
  const turn = beginTurn(port);
  turn.say('Once ');
  client.close();
  const code = await abandoned.result.then(
    () => 'resolved',
    (error: unknown) => (error instanceof LlamaError ? error.code : 'another error'),
  );
  check(code === 'closed', `what the old client awaited is closed, got ${code}`);
  turn.say('upon ');
  const found = new LlamaClient(port, { scheduler: manualScheduler() }).generation(turn.id);
  if (found === undefined) throw new Error('the running answer was not found');
  turn.say('a time.');
  turn.finish();
  check((await found.result).text === 'Once upon a time.', 'nothing is lost');
}

async function failuresAreTyped(): Promise<void> {
  const { port, client } = open();
  const refused = say(client, 'Hi');
  port.answer(port.last('generate'), { code: 'busy', detail: 'the queue is full' });
  let caught: unknown;
  try {
    for await (const piece of refused) check(piece === '', 'a refused turn has no text');
  } catch (error) {
    caught = error;
  }
  check(caught instanceof LlamaError && caught.code === 'busy', 'an iteration throws a LlamaError');
  port.deliver('not JSON');
  check(port.snapshotsRead === 2, 'a malformed batch is answered by a new snapshot');
}

async function main(): Promise<void> {
  for (const name of ['AbortController', 'structuredClone', 'queueMicrotask', 'TextDecoder', 'console']) {
    check(!(name in globalThis), `${name} is absent, so that the core cannot have used it`);
  }
  await theModelLoadsOnceAndOutlivesARemount();
  await anAnswerStreamsAndIsRemembered();
  await aReloadFindsTheRunningAnswer();
  await failuresAreTyped();
}

report(main());
