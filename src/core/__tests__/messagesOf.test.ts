import type { Message } from '../../protocol/generated';
import { beginTurn, manualScheduler, scriptedPort } from '../../testing';
import { LlamaClient } from '../LlamaClient';
import { messagesOf } from '../scopes/messagesOf';

const user = (content: string): Message => ({ role: 'user', content });

function open() {
  const port = scriptedPort();
  const client = new LlamaClient(port, { scheduler: manualScheduler() });
  const say = (content: string) => client.generate({ model: { path: 'a' }, scope: 's', append: [user(content)] });
  const shown = () => messagesOf(client.scope('s').getSnapshot());
  return { port, client, say, shown, lines: () => shown().map(({ role, content }) => `${role}: ${content}`) };
}

test('a question is shown at once, before the engine has taken it', () => {
  const { say, lines, port } = open();
  say('Hi');
  expect(lines()).toEqual(['user: Hi', 'assistant: ']);
  beginTurn(port);
  expect(lines()).toEqual(['user: Hi', 'assistant: ']);
});

test('the answer being written carries the id of its generation', () => {
  const { say, shown, port } = open();
  const { id } = say('Hi');
  const turn = beginTurn(port);
  turn.say('Hel');
  expect(shown()[1]).toEqual({ role: 'assistant', content: 'Hel', generationId: id });
  turn.finish();
  expect(shown()[1]).toEqual({ role: 'assistant', content: 'Hel' });
});

test('finished messages are the same objects while an answer is written', () => {
  const { say, shown, port } = open();
  say('Hi');
  const turn = beginTurn(port);
  turn.say('Hello');
  turn.finish();
  const finished = shown();
  say('Again');
  expect(shown()[0]).toBe(finished[0]);
  expect(shown()[1]).toBe(finished[1]);
});

test('a turn that waits is shown after the one before it', () => {
  const { say, lines, port } = open();
  say('one');
  beginTurn(port).say('1');
  say('two');
  expect(lines()).toEqual(['user: one', 'assistant: 1', 'user: two', 'assistant: ']);
});

test('the same question again is shown again', () => {
  const { say, lines, port } = open();
  say('Hi');
  const turn = beginTurn(port);
  turn.say('Hello');
  turn.finish();
  say('Hi');
  expect(lines()).toEqual(['user: Hi', 'assistant: Hello', 'user: Hi', 'assistant: ']);
});

test('an answer that the transcript has already is not shown twice', () => {
  const { say, lines, port } = open();
  say('Hi');
  beginTurn(port).say('Hello');
  port.emit({
    type: 'transcriptChanged',
    scope: 's',
    revision: 9,
    from: 1,
    messages: [{ role: 'assistant', content: 'Hello' }],
  });
  expect(lines()).toEqual(['user: Hi', 'assistant: Hello']);
});

test('an answer to a replaced transcript is shown after the messages that replace it', () => {
  const { client, say, lines, port } = open();
  say('Hi');
  const turn = beginTurn(port);
  turn.say('Hello');
  turn.finish();
  client.generate({ model: { path: 'a' }, scope: 's', messages: [user('Hi')] });
  expect(lines()).toEqual(['user: Hi', 'assistant: ']);
});

test('results of a tool that the waiting turn repeats are shown once, also after the turn before is rolled back', () => {
  const { client, lines, port } = open();
  const result: Message = { role: 'tool', content: '21', toolCallId: 'c', toolName: 'warmth' };
  const ask = (...append: Message[]) => client.generate({ model: { path: 'a' }, scope: 's', append });
  ask(result);
  const first = beginTurn(port);
  ask(result, user('Never mind'));
  expect(lines()).toEqual(['tool: 21', 'assistant: ', 'user: Never mind', 'assistant: ']);
  port.emit({ type: 'transcriptChanged', scope: 's', revision: 9, from: 0, messages: [] });
  client.generation(first.id)?.fail({ code: 'engineCrashed', detail: 'it is gone' });
  expect(lines()).toEqual(['tool: 21', 'user: Never mind', 'assistant: ']);
});
