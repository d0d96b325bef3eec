import { LlamaClient } from '../../../src/core/LlamaClient';
import { beginTurn } from '../../../src/testing/play';
import { scriptedPort } from '../../../src/testing/scriptedPort';
import { Chat } from '../Chat';
import { paper } from './paper';

const model = { path: 'chat.gguf' };

function open() {
  const port = scriptedPort();
  const { page, text } = paper();
  const host = { idle: jest.fn(), taken: jest.fn() };
  const chat = new Chat(new LlamaClient(port), model, page, host);
  chat.start();
  return { port, chat, text, host };
}

/** Everything that has been promised so far has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a chat', () => {
  it('streams the answer as it comes', async () => {
    const { port, chat, text } = open();
    chat.take('Hello!');
    expect(port.last('generate')).toMatchObject({ model, scope: 'main', append: [{ role: 'user', content: 'Hello!' }] });
    const turn = beginTurn(port);
    turn.say('Good ');
    await settled();
    expect(text()).toBe('Good ');
    turn.say('day.');
    turn.finish();
    await settled();
    expect(text()).toBe('Good day.\n');
  });

  it('answers a line when the one before has its answer', async () => {
    const { port, chat, host } = open();
    chat.take('one');
    chat.take('two');
    expect(port.sentOf('generate')).toHaveLength(1);
    beginTurn(port).finish();
    await settled();
    expect(port.sentOf('generate')).toHaveLength(2);
    expect(host.idle).toHaveBeenCalledTimes(1);
  });

  it('changes the conversation for what is said next', async () => {
    const { port, chat, text, host } = open();
    chat.take('/scope');
    chat.take('/scope bob');
    await settled();
    expect(text()).toBe('/scope needs a name, such as /scope alice\na new conversation: bob\n');
    expect(host.idle).toHaveBeenLastCalledWith('bob');
    chat.take('Hello!');
    expect(port.last('generate').scope).toBe('bob');
  });

  it.each([
    ['/cancel', (chat: Chat) => chat.take('/cancel')],
    ['Ctrl-C', (chat: Chat) => chat.interrupt()],
  ])('ends a running answer with %s, and keeps what was said', async (_, cancel) => {
    const { port, chat, text, host } = open();
    chat.take('Tell me a story.');
    const turn = beginTurn(port);
    turn.say('Once upon');
    cancel(chat);
    const command = port.last('cancel');
    expect(command.generationId).toBe(turn.id);
    port.answer(command);
    turn.finish({ reason: 'cancelled' });
    await settled();
    expect(text()).toBe('Once upon\n(cancelled)\n');
    expect(host.idle).toHaveBeenCalledTimes(2);
  });

  it('cancels the answer that /cancel follows, however fast the lines come', async () => {
    const { port, chat } = open();
    for (const line of ['one', 'two', '/cancel', 'three']) chat.take(line);
    expect(port.sentOf('cancel')).toHaveLength(0);
    beginTurn(port).finish();
    await settled();
    expect(port.last('cancel').generationId).toBe(port.last('generate').generationId);
  });

  it('says that there is nothing to cancel', async () => {
    const { chat, text } = open();
    chat.take('/cancel');
    await settled();
    expect(text()).toBe('nothing to cancel\n');
  });

  it('says in a sentence why an answer failed, and goes on', async () => {
    const { port, chat, text } = open();
    chat.take('Hello!');
    port.answer(port.last('generate'), { code: 'busy', detail: 'the queue is full - try again later' });
    await settled();
    expect(text()).toBe('the queue is full - try again later\n');
    chat.take('Hello?');
    expect(port.sentOf('generate')).toHaveLength(2);
  });

  it('leaves on /quit, without the lines after it', async () => {
    const { port, chat } = open();
    chat.take('/quit');
    chat.take('Hello!');
    await chat.ended;
    await settled();
    expect(port.sentOf('generate')).toHaveLength(0);
  });

  it('has nothing to interrupt when nothing runs', () => {
    expect(open().chat.interrupt()).toBe(false);
  });

  it('lists its commands, and names an unknown one', async () => {
    const { chat, text } = open();
    chat.take('/help');
    chat.take('/dance');
    await settled();
    for (const command of ['/scope NAME', '/stats', '/cancel', '/quit']) expect(text()).toContain(command);
    expect(text()).toContain('no such command: /dance - /help lists them\n');
  });
});
