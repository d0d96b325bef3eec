import { withCode } from '../../__tests__/withCode';
import { LlamaClient } from '../../core/LlamaClient';
import { beginTurn, manualScheduler, scriptedPort } from '../../testing';
import { Llama } from '../Llama';

function open() {
  const port = scriptedPort();
  const client = new LlamaClient(port, { scheduler: manualScheduler() });
  const llama = new Llama(client, { path: 'a' });
  const set = (name: string, prompt: string) => {
    llama.setSlot(name);
    llama.setPrompt(prompt);
  };
  return { port, llama, set };
}

function openWithSlot() {
  const all = open();
  all.llama.createSlot('user_1');
  all.llama.setSlot('user_1');
  return all;
}

/** Runs queued work as far as it can go. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('the model is loaded at once and kept', () => {
  const { port } = open();
  expect(port.last('acquire')).toMatchObject({
    model: { path: 'a' },
    debugLabel: expect.stringContaining('Llama') as unknown,
  });
});

test.each<[string, Parameters<typeof withCode>[0], (llama: Llama) => void]>([
  ['a slot that was not created', 'scopeNotFound', (llama) => llama.setSlot('nobody')],
  ['freeing one that was not created', 'scopeNotFound', (llama) => llama.freeSlot('nobody')],
  [
    'a second slot of one name',
    'invalidOptions',
    (llama) => ['twice', 'twice'].forEach((name) => llama.createSlot(name)),
  ],
  ['a prompt without a slot', 'invalidOptions', (llama) => llama.setPrompt('Hi')],
  ['saving without a slot', 'invalidOptions', (llama) => llama.saveState()],
  ['loading without a slot', 'invalidOptions', (llama) => llama.loadState('x')],
  ['freeing a state that was not saved', 'scopeNotFound', (llama) => llama.freeState('x')],
  [
    'a prompt after the active slot was freed',
    'invalidOptions',
    (llama) => {
      llama.createSlot('gone');
      llama.setSlot('gone');
      llama.freeSlot('gone');
      llama.setPrompt('Hi');
    },
  ],
  [
    'loading a state that was not saved',
    'scopeNotFound',
    (llama) => {
      llama.createSlot('empty');
      llama.setSlot('empty');
      llama.loadState('x');
    },
  ],
  [
    'a slot after the end',
    'closed',
    (llama) => {
      void llama.dispose();
      llama.createSlot('late');
    },
  ],
])('%s is refused at once', (_, code, misuse) => {
  const { llama } = open();
  expect(() => misuse(llama)).toThrow(withCode(code, ''));
});

test('without a slot, or without a prompt, there is nothing to answer', async () => {
  const { llama } = open();
  await expect(llama.generateCompleteText()).rejects.toMatchObject({
    code: 'invalidOptions',
    detail: expect.stringContaining('slot') as unknown,
  });
  llama.createSlot('user_1');
  llama.setSlot('user_1');
  await expect(llama.generateCompleteText()).rejects.toMatchObject({
    code: 'invalidOptions',
    detail: expect.stringContaining('prompt') as unknown,
  });
});

test('a prompt is answered once, in its slot, and stays set if that fails', async () => {
  const { llama, port, set } = openWithSlot();
  set('user_1', 'forgotten');
  llama.setPrompt('Hi');
  const failed = llama.generateCompleteText({ seed: 7 });
  await settle();
  expect(port.last('generate')).toMatchObject({ append: [{ content: 'Hi' }], options: { seed: 7 }, persist: 'none' });
  port.answer(port.last('generate'), { code: 'busy', detail: 'full' });
  await expect(failed).rejects.toMatchObject({ code: 'busy' });
  const answer = llama.generateCompleteText();
  await settle();
  const turn = beginTurn(port);
  turn.say('Hello');
  turn.finish();
  await expect(answer).resolves.toBe('Hello');
  await expect(llama.generateCompleteText()).rejects.toMatchObject({ code: 'invalidOptions' });
});

test('a newer prompt is not replaced by one that failed', async () => {
  const { llama, port, set } = openWithSlot();
  set('user_1', 'old');
  const failed = llama.generateCompleteText();
  llama.setPrompt('new');
  await settle();
  port.answer(port.last('generate'), { code: 'busy', detail: 'full' });
  await expect(failed).rejects.toMatchObject({ code: 'busy' });
  void llama.generateCompleteText().catch(() => undefined);
  await settle();
  expect(port.last('generate').append).toEqual([{ role: 'user', content: 'new' }]);
});

test('slots are answered beside each other, what is asked of one in its order', async () => {
  const { llama, port, set } = openWithSlot();
  llama.createSlot('user_2');
  set('user_1', 'first');
  void llama.generateCompleteText();
  set('user_2', 'second');
  void llama.generateCompleteText();
  await settle();
  expect(port.sentOf('generate').map(({ append }) => append?.[0]?.content)).toEqual(['first', 'second']);
  const turn = beginTurn(port);
  llama.saveState();
  await settle();
  expect(port.sentOf('fork')).toHaveLength(0);
  turn.finish();
  await settle();
  expect(port.last('fork').scope).toBe(turn.scope);
});

test('a state is a copy: of it the active slot begins anew, and what it was is forgotten', async () => {
  const { llama, port } = openWithSlot();
  const id = llama.saveState();
  await settle();
  const saved = port.last('fork');
  expect(saved.fork).toBe(id);
  llama.loadState(id);
  llama.setPrompt('Hi');
  const answer = llama.generateCompleteText();
  await settle();
  expect(port.sentOf('fork')).toHaveLength(1);
  port.answer(saved);
  await settle();
  const loaded = port.last('fork');
  expect(loaded.scope).toBe(id);
  expect(port.sentOf('deleteScope')).toEqual([]);
  port.answer(loaded);
  await settle();
  expect(port.last('deleteScope').scope).toBe(saved.scope);
  expect(port.sentOf('generate')).toEqual([]);
  port.answer(port.last('deleteScope'));
  await settle();
  expect(port.last('generate').scope).toBe(loaded.fork);
  beginTurn(port).finish();
  await expect(answer).resolves.toBe('');
});

test('the state of a slot that nobody has spoken in is empty', async () => {
  const { llama, port } = openWithSlot();
  const id = llama.saveState();
  await settle();
  port.answer(port.last('fork'), { code: 'scopeNotFound', detail: 'no such scope' });
  llama.loadState(id);
  await settle();
  expect(port.sentOf('fork')).toHaveLength(1);
  expect(port.sentOf('deleteScope')).toHaveLength(1);
});

test('a failure in the background is thrown by the next answer, once', async () => {
  const { llama, port } = openWithSlot();
  llama.saveState();
  await settle();
  port.answer(port.last('fork'), { code: 'outOfMemory', detail: 'no room' });
  llama.setPrompt('Hi');
  await expect(llama.generateCompleteText()).rejects.toMatchObject({ code: 'outOfMemory' });
  void llama.generateCompleteText();
  await settle();
  expect(port.last('generate').append).toEqual([{ role: 'user', content: 'Hi' }]);
});

test('a freed state is forgotten once it is there', async () => {
  const { llama, port } = openWithSlot();
  const id = llama.saveState();
  llama.freeState(id);
  await settle();
  expect(port.sentOf('deleteScope')).toEqual([]);
  port.answer(port.last('fork'));
  await settle();
  expect(port.last('deleteScope').scope).toBe(id);
  expect(() => llama.loadState(id)).toThrow(withCode('scopeNotFound', 'state'));
});

test('a freed slot ends its answers, the running and the waiting, and is forgotten', async () => {
  const { llama, port } = openWithSlot();
  llama.setPrompt('one');
  const running = llama.generateCompleteText();
  llama.setPrompt('two');
  const waiting = llama.generateCompleteText();
  await settle();
  const turn = beginTurn(port);
  llama.freeSlot('user_1');
  llama.createSlot('user_1');
  expect(port.last('cancel').generationId).toBe(turn.id);
  turn.finish({ reason: 'cancelled' });
  await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  await settle();
  expect(port.sentOf('deleteScope')).toMatchObject([{ scope: turn.scope }]);
  expect(port.sentOf('generate')).toHaveLength(1);
  llama.setSlot('user_1');
  llama.setPrompt('three');
  void llama.generateCompleteText();
  await settle();
  expect(port.last('generate').scope).not.toBe(turn.scope);
});

test('the end ends every answer and forgets slots and states', async () => {
  const { llama, port } = openWithSlot();
  const state = llama.saveState();
  await settle();
  port.answer(port.last('fork'));
  llama.setPrompt('Hi');
  const running = llama.generateCompleteText();
  await settle();
  const turn = beginTurn(port);
  const end = llama.dispose();
  expect(llama.dispose()).toBe(end);
  expect(port.last('cancel').generationId).toBe(turn.id);
  expect(
    port
      .sentOf('deleteScope')
      .map(({ scope }) => scope)
      .sort(),
  ).toEqual([state, turn.scope].sort());
  turn.finish({ reason: 'cancelled' });
  port.sentOf('deleteScope').forEach((command) => port.answer(command));
  await end;
  await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  await expect(llama.generateCompleteText()).rejects.toMatchObject({ code: 'closed' });
});
