// Runs inside Hermes after reactNativeGlobals.mjs: the AI SDK on a scripted port. The AI SDK is imported after our
// entry, which installs the other globals that it needs.
import { createLlama, LlamaChatTransport } from '../../src/ai-sdk';
import { Chat } from '@ai-sdk/react';
import { generateText, isStepCount, jsonSchema, Output, streamText, tool, type UIMessage } from 'ai';

import { LlamaClient } from '../../src/core/LlamaClient';
import { checkStreamParts } from '../../src/testing/checkStreamParts';
import { manualScheduler } from '../../src/testing/manualScheduler';
import { beginTurn } from '../../src/testing/play';
import { scriptedPort } from '../../src/testing/scriptedPort';
import { check, report } from './check';

function open() {
  const port = scriptedPort();
  const client = new LlamaClient(port, { scheduler: manualScheduler() });
  return { port, client, model: createLlama(client)('chat.gguf') };
}

/** Everything that waits for nothing but its turn has run. */
const turns = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

async function generateTextAnswers(): Promise<void> {
  const { port, model } = open();
  const result = generateText({ model, prompt: 'Who are you?' });
  await turns();
  const turn = beginTurn(port);
  turn.say('A llama.');
  turn.finish();
  const { text, finishReason, usage } = await result;
  check(text === 'A llama.' && finishReason === 'stop', `generateText has the answer, got ${text}`);
  check(usage.inputTokens === 8 && usage.outputTokens === 2, 'generateText has the tokens');
}

async function streamTextStreamsThroughATool(): Promise<void> {
  const { port, model } = open();
  const inputSchema = jsonSchema<{ at: string }>({ type: 'object', properties: { at: { type: 'string' } } });
  const warmth = tool({ inputSchema, execute: ({ at }) => Promise.resolve(`warm in ${at}`) });
  const { textStream, steps } = streamText({ model, prompt: 'How warm?', tools: { warmth }, stopWhen: isStepCount(2) });
  const reading = (async () => {
    let read = '';
    for await (const piece of textStream) read += piece;
    return read;
  })();
  await turns();
  const first = beginTurn(port);
  port.emit({ type: 'reasoningDelta', generationId: first.id, offset: 0, text: 'Ask.' });
  port.emit({
    type: 'toolCallDelta',
    generationId: first.id,
    index: 0,
    id: 'c',
    name: 'warmth',
    offset: 0,
    arguments: '{"at":"Paris"}',
  });
  first.finish({ reason: 'toolCalls' });
  for (let waited = 0; port.sentOf('generate').length < 2 && waited < 50; waited += 1) await turns();
  check(port.last('generate').messages?.[2]?.content === 'warm in Paris', 'the tool ran, and the model is told');
  const second = beginTurn(port);
  for (const piece of ['It is ', 'warm.']) {
    second.say(piece);
    await turns();
  }
  second.finish();
  check((await reading) === 'It is warm.', 'streamText streams the answer');
  check((await steps).length === 2, 'there were two steps');
}

async function partsComeInOrder(): Promise<void> {
  const { port, model } = open();
  const { stream } = await model.doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] });
  const turn = beginTurn(port);
  turn.say('Hello');
  turn.finish();
  const parts: { type: string }[] = [];
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) parts.push(next.value);
  check(
    checkStreamParts(parts).length === 0,
    `the parts come in order, got ${parts.map(({ type }) => type).join(' ')}`,
  );
}

async function objectsAreRead(): Promise<void> {
  const { port, model } = open();
  const schema = jsonSchema<{ name: string }>({ type: 'object', properties: { name: { type: 'string' } } });
  const result = generateText({ model, prompt: 'Who?', output: Output.object({ schema }) });
  await turns();
  check(port.last('generate').options?.responseFormat?.type === 'json', 'the schema is asked for');
  const turn = beginTurn(port);
  turn.say('{"name":"Alice"}');
  turn.finish();
  check((await result).output.name === 'Alice', 'the object is read');
}

async function anAbortIsAnAbort(): Promise<void> {
  const { port, model } = open();
  const abort = new AbortController();
  const result = generateText({ model, prompt: 'Hi', abortSignal: abort.signal });
  await turns();
  const turn = beginTurn(port);
  abort.abort();
  check(port.last('cancel').generationId === turn.id, 'an abort cancels');
  turn.finish({ reason: 'cancelled' });
  const name = await result.then(
    () => 'nothing',
    (error: unknown) => (error as Error).name,
  );
  check(name === 'AbortError', `an abort is an AbortError, got ${name}`);
}

async function aChatStreamsAndIsFoundAgain(): Promise<void> {
  const { port, client } = open();
  const transport = new LlamaChatTransport({ client, model: 'chat.gguf' });
  const chat = new Chat<UIMessage>({ id: 'chat-42', transport });
  const sending = chat.sendMessage({ text: 'Hi' });
  for (let waited = 0; port.sentOf('generate').length < 1 && waited < 50; waited += 1) await turns();
  const turn = beginTurn(port);
  turn.say('Hel');
  await turns();
  const again = new Chat<UIMessage>({ id: 'chat-42', transport });
  const resuming = again.resumeStream();
  await turns();
  turn.say('lo');
  turn.finish();
  await Promise.all([sending, resuming]);
  for (const { messages, status, error } of [chat, again]) {
    const part = messages[messages.length - 1]?.parts[1];
    const text = part?.type === 'text' ? part.text : '';
    check(text === 'Hello' && status === 'ready', `the chat has the answer, got ${text}, ${status}, ${String(error)}`);
  }
}

async function main(): Promise<void> {
  await generateTextAnswers();
  await streamTextStreamsThroughATool();
  await partsComeInOrder();
  await objectsAreRead();
  await anAbortIsAnAbort();
  await aChatStreamsAndIsFoundAgain();
}

report(main());
