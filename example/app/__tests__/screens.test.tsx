import { act, fireEvent, screen, waitFor, within } from '@testing-library/react-native';

import { Cell } from '../store';
import { openEngine } from './engine';
import { answered, beginToTalk, type Change, openApp, press, say, tab, write } from './openApp';

// Every screen on the real engine, with a scripted recogniser and voice.

const engine = openEngine();

afterEach(async () => {
  await engine.client.deleteAllScopes();
});

const open = (change: Change = {}) => openApp(engine.client, change);

test('what was said on the voice screen is answered, and known after every tab has been unmounted', async () => {
  const { transcriber } = await open();
  await say(transcriber, 'my name is alice');
  await answered('Nice to meet you, alice.');
  await tab('Chats');
  await tab('Inspector');
  await screen.findByText(/MiB used/);
  await tab('Voice');
  await say(transcriber, 'what is my name');
  await answered('Your name is alice.');
  expect(screen.getByText('Model loads since launch: 1')).toBeTruthy();
  expect(screen.getByText(/^Answered after \d+ ms/)).toBeTruthy();
});

test('what is said is prefilled while it is spoken, unless that is turned off, and the screen says what either costs', async () => {
  const { transcriber } = await open();
  await say(transcriber, 'my name is alice');
  await screen.findByText('Nice to meet you, alice.');
  const cached = () => engine.client.scope('Chat 1').getSnapshot().summary?.cachedTokens ?? 0;
  const before = cached();

  await fireEvent(screen.getByRole('button', { name: 'Talk' }), 'pressIn');
  await act(() => transcriber.hearing.onOpen());
  await act(() => transcriber.hearing.onPartial('what is my na'));
  await waitFor(() => expect(cached()).toBeGreaterThan(before + 2));
  await press('Stop talking');
  await act(() => transcriber.hearing.onEnd({ type: 'heard', text: 'what is my name' }));
  await screen.findByText('Your name is alice.');
  const left = async (mode: 'on' | 'off') => {
    const line = await screen.findByText(new RegExp(`prefill ${mode}: \\d+ tokens left`));
    return Number(/(\d+) tokens left/.exec(String(line.props.children))?.[1]);
  };
  const prepared = await left('on');

  await press(/Words are prefilled while you speak/);
  await say(transcriber, 'what is my name');
  await waitFor(() => expect(screen.getAllByText('Your name is alice.')).toHaveLength(2));
  expect(await left('off')).toBeGreaterThan(prepared);
  expect(await left('on')).toBe(prepared);
});

test('while it listens, the screen shows the level and the guess; a problem is named and can be dismissed', async () => {
  const { transcriber } = await open();
  await beginToTalk(transcriber);
  await act(() => transcriber.hearing.onLevel(0.5));
  await act(() => transcriber.hearing.onPartial('half a'));
  expect(screen.getByText('half a')).toBeTruthy();
  expect(screen.getByLabelText('Microphone level').props).toMatchObject({ 'aria-valuenow': 50 });
  await act(() => transcriber.hearing.onEnd({ type: 'failed', problem: 'interrupted' }));
  expect(screen.getByText('The recording was interrupted')).toBeTruthy();
  expect(screen.getByDisplayValue('half a')).toBeTruthy();
  await press('Dismiss');
  expect(screen.queryByText('The recording was interrupted')).toBeNull();
});

test('talking again while the answer is spoken cuts the conversation to what was spoken', async () => {
  const { transcriber, said } = await open();
  await press(/Answers are not spoken/);
  await say(transcriber, 'hello');
  await screen.findByText('Hello! How can I help you?');
  expect(said).toEqual(['Hello!']);
  await say(transcriber, 'my name is alice');
  await answered('Nice to meet you, alice.');
  expect((await engine.client.transcript('Chat 1')).map(({ content }) => content)).toEqual([
    'hello',
    'Hello!',
    'my name is alice',
    'Nice to meet you, alice.',
  ]);
});

test('a model that is not there is an error with a way on, and what was said stays in the draft', async () => {
  await open({ model: { path: '/nowhere.gguf' } });
  await screen.findByText('The model could not be loaded');
  await write('my name is alice');
  await screen.findByDisplayValue('my name is alice');
  expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
});

test('without a connection nothing can be sent, and it says why', async () => {
  const online = new Cell(false);
  await open({ online });
  await fireEvent.changeText(screen.getByLabelText('Message'), 'half a thought');
  expect(screen.getByText('Not connected')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Send' }).props).toMatchObject({ accessibilityState: { disabled: true } });
  await act(() => online.set(true));
  expect(screen.queryByText('Not connected')).toBeNull();
  expect(screen.getByDisplayValue('half a thought')).toBeTruthy();
});

test('without a recogniser the voice screen says so, and is written to', async () => {
  await open({ voice: undefined });
  expect(screen.getByText('Nothing is heard here')).toBeTruthy();
  await write('my name is alice');
  await answered('Nice to meet you, alice.');
});

test('the inspector shows the model, its one load and the conversation', async () => {
  await open();
  await write('my name is alice');
  await answered('Nice to meet you, alice.');
  await tab('Inspector');
  await screen.findByText(/MiB used/);
  expect(screen.getByText('tiny-chat-q8_0.gguf')).toBeTruthy();
  expect(screen.getByText('loaded once')).toBeTruthy();
  expect(within(screen.getByLabelText('Scopes')).getByText('Chat 1')).toBeTruthy();
});
