import type { ScopeSummary } from 'react-native-llama-rs';

import { LlamaClient } from '../../../src/core/LlamaClient';
import { beginTurn, scopeSummary } from '../../../src/testing/play';
import { scriptedPort } from '../../../src/testing/scriptedPort';
import { Chat } from '../Chat';
import { paper } from './paper';

const model = { path: 'chat.gguf' };

function open(scopes: readonly ScopeSummary[] = []) {
  const port = scriptedPort({ scopes: [...scopes] });
  const { page, text } = paper();
  const host = { idle: jest.fn(), taken: jest.fn() };
  const chat = new Chat(new LlamaClient(port), model, page, host);
  chat.start();
  return { port, chat, text, host };
}

/** Resolves after all promises that are due. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a chat', () => {
  it('streams the answer as it comes', async () => {
    const { port, chat, text } = open();
    chat.take('Hello!');
    expect(port.last('generate')).toMatchObject({
      model,
      scope: 'main',
      append: [{ role: 'user', content: 'Hello!' }],
    });
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
    for (const command of ['/scope NAME', '/fork NAME', '/rewind N', '/erase [all]', '/stats', '/cancel', '/quit']) {
      expect(text()).toContain(command);
    }
    expect(text()).toContain('no such command: /dance - /help lists them\n');
  });
});

describe('a chat about conversations', () => {
  it('lists them: where each is, its tokens, when it was saved', async () => {
    const savedAt = Date.UTC(2026, 10, 21, 12);
    const { chat, text } = open([
      scopeSummary('alice', { messageCount: 4, cachedTokens: 49, residency: 'saved', savedAt }),
      scopeSummary('main', { messageCount: 2, cachedTokens: 24 }),
    ]);
    chat.take('/scopes');
    await settled();
    expect(text()).toMatch(/^conversation +messages +tokens +is +saved\n/);
    expect(text()).toMatch(/^alice +4 +49 +saved +2026-11-\d\d \d\d:\d\d:\d\d$/m);
    expect(text()).toMatch(/^main \* +2 +24 +resident +not$/m);
  });

  it.each([
    ['/park', { type: 'park', scope: 'main' }],
    ['/save', { type: 'save', scope: 'main' }],
    ['/rewind 2', { type: 'rewindTo', scope: 'main', messageIndex: 2 }],
    ['/fork what-if', { type: 'fork', scope: 'main', fork: 'what-if' }],
    ['/erase', { type: 'deleteScope', scope: 'main' }],
    ['/erase all', { type: 'deleteAllScopes' }],
    ['/suspend', { type: 'suspend' }],
    ['/resume', { type: 'resume' }],
  ])('%s asks the engine', async (line, command) => {
    const { port, chat } = open();
    chat.take(line);
    await settled();
    expect(port.sent).toEqual([expect.objectContaining(command)]);
  });

  it('says where a conversation is after it was moved', async () => {
    const { port, chat, text } = open();
    chat.take('/park');
    port.emit({
      type: 'scopeChanged',
      scope: scopeSummary('main', { messageCount: 2, cachedTokens: 24, residency: 'parked' }),
    });
    port.answer(port.last('park'));
    await settled();
    expect(text()).toBe('main: 2 messages, 24 tokens parked\n');
  });

  it('goes to the copy that it made', async () => {
    const { port, chat } = open();
    chat.take('/fork what-if');
    port.answer(port.last('fork'));
    await settled();
    chat.take('Hello!');
    expect(port.last('generate').scope).toBe('what-if');
  });

  it.each(['/fork', '/rewind', '/rewind two', '/erase everything'])(
    '%s is answered with how it is used',
    async (line) => {
      const { port, chat, text } = open();
      chat.take(line);
      await settled();
      expect(port.sent).toEqual([]);
      expect(text()).toMatch(/^\/(fork|rewind) needs .+\n$|^\/erase forgets .+\n$/);
    },
  );

  it('shows a typed error as one line, and goes on', async () => {
    const { port, chat, text } = open();
    chat.take('/save');
    const detail =
      'could not write the transcript of main: the disk is full - free some of it, then save again, or name another directory';
    port.answer(port.last('save'), { code: 'storageFailed', detail });
    await settled();
    expect(text()).toBe(`${detail}\n`);
    chat.take('/scopes');
    await settled();
    expect(text()).toContain('no conversations yet\n');
  });

  it('suspends and resumes in the middle of an answer, and tells nothing to an engine that is suspended', async () => {
    const { port, chat, text } = open();
    for (const line of ['Tell me a story.', '/suspend', 'Hello!', '/resume', 'Thank you.']) chat.take(line);
    const story = beginTurn(port);
    story.say('Once upon a ');
    port.emit({ type: 'suspensionChanged', suspended: true });
    port.answer(port.last('suspend'));
    await settled();
    port.emit({ type: 'suspensionChanged', suspended: false });
    port.answer(port.last('resume'));
    story.say('time.');
    story.finish();
    await settled();
    expect(text()).toBe(
      'Once upon a \nsuspended, 0 conversations on disk - /resume goes on\nsuspended - /resume goes on\nresumed\ntime.\n',
    );
    expect(port.last('generate').append).toEqual([{ role: 'user', content: 'Thank you.' }]);
  });

  it('is left in the middle of a suspended answer, without a word about its end', async () => {
    const { port, chat, text } = open();
    for (const line of ['Tell me a story.', '/suspend', '/quit']) chat.take(line);
    port.emit({ type: 'suspensionChanged', suspended: true });
    port.answer(port.last('suspend'));
    await chat.ended;
    expect(text()).toBe('suspended, 0 conversations on disk - /resume goes on\n');
  });
});
