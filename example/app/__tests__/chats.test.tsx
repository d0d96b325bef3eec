import { fireEvent, screen, waitFor } from '@testing-library/react-native';

import { openEngine } from './engine';
import { answered, openApp, press, tab, write } from './openApp';

// Everything that a user does to conversations, on the real engine.

const engine = openEngine();

afterEach(async () => {
  await engine.client.deleteAllScopes();
});

/** Opens the chats screen with one conversation, and opens that. */
async function openChat() {
  const app = await openApp(engine.client);
  await tab('Chats');
  await press('New chat');
  await write('my name is alice');
  await answered('Nice to meet you, alice.');
  return app;
}

const contents = async (scope: string) => (await engine.client.transcript(scope)).map(({ content }) => content);
const rename = async (to: string) => {
  await press('Rename Chat 1');
  await fireEvent.changeText(screen.getByLabelText('New name'), to);
  await press('Save');
};

test('a conversation is renamed: its words, and what is open, go along', async () => {
  const { services } = await openChat();
  await press('Back to the list');
  await rename('Alice');
  await screen.findByRole('button', { name: /^Open Alice, 2 messages, parked$/ });
  await waitFor(() => expect(screen.queryByText('Chat 1')).toBeNull());
  expect(await contents('Alice')).toEqual(['my name is alice', 'Nice to meet you, alice.']);
  expect(services.scope.getSnapshot()).toBe('Alice');
});

test('a name that is taken is refused, and nothing is lost', async () => {
  await openChat();
  await press('Back to the list');
  await press('Fork Chat 1');
  await screen.findByText('Chat 1, copy');
  await rename('Chat 1, copy');
  await screen.findByText(/Chat 1, copy.* exists/);
  expect(await contents('Chat 1')).toHaveLength(2);
});

test('a name can be left as it was', async () => {
  await openChat();
  await press('Back to the list');
  await press('Rename Chat 1');
  await press('Cancel');
  await rename('  ');
  expect(screen.getByText('Chat 1')).toBeTruthy();
  expect(engine.client.scopes.getSnapshot()).toHaveLength(1);
});

test('a conversation is deleted, after a second thought', async () => {
  await openChat();
  await press('Back to the list');
  await press('Delete Chat 1');
  await press('Keep');
  expect(engine.client.scopes.getSnapshot()).toHaveLength(1);
  await press('Delete Chat 1');
  await press('Delete Chat 1 for good');
  await screen.findByText('No conversation yet');
  expect(engine.client.scopes.getSnapshot()).toEqual([]);
});

test('a conversation is forked from the list, and each goes its own way', async () => {
  await openChat();
  await press('Back to the list');
  await press('Fork Chat 1');
  await screen.findByText('Chat 1, copy');
  await press(/^Open Chat 1, copy,/);
  await write('i live in paris');
  await answered(/you live in paris/);
  expect(await contents('Chat 1')).toHaveLength(2);
  expect(await contents('Chat 1, copy')).toHaveLength(4);
});

test('a conversation is forked at a message, without what follows it', async () => {
  const { services } = await openChat();
  await write('what is my name');
  await answered('Your name is alice.');
  const [afterFirst] = screen.getAllByRole('button', { name: 'Fork the conversation here' });
  if (afterFirst === undefined) throw new Error('the first answer cannot be forked');
  await fireEvent.press(afterFirst);
  await waitFor(() => expect(services.scope.getSnapshot()).toBe('Chat 1, copy'));
  expect(await contents('Chat 1, copy')).toEqual(['my name is alice', 'Nice to meet you, alice.']);
});

test('the last question is edited in place', async () => {
  await openChat();
  await press('Edit the last question');
  expect(screen.getByText('You edit your last question')).toBeTruthy();
  expect(screen.getByDisplayValue('my name is alice')).toBeTruthy();
  await write('my name is bob');
  await answered('Nice to meet you, bob.');
  expect(await contents('Chat 1')).toEqual(['my name is bob', 'Nice to meet you, bob.']);
});

test('an edit that is given up changes nothing', async () => {
  await openChat();
  await press('Edit the last question');
  await press('Cancel editing');
  expect(screen.getByDisplayValue('')).toBeTruthy();
  await write('what is my name');
  await answered('Your name is alice.');
  expect(await contents('Chat 1')).toHaveLength(4);
});

test('the last answer is made anew, in its place', async () => {
  await openChat();
  const before = engine.client.generations.getSnapshot().length;
  await press('Regenerate');
  await waitFor(() => expect(engine.client.generations.getSnapshot()).toHaveLength(before + 1));
  await answered('Nice to meet you, alice.');
  expect(await contents('Chat 1')).toEqual(['my name is alice', 'Nice to meet you, alice.']);
});

test('an answer that is made anew is spoken in the old one’s place', async () => {
  const { services, said } = await openChat();
  services.speaks.set(true);
  await press('Regenerate');
  await waitFor(() => expect(said).toEqual(['Nice to meet you, alice.']));
  await press('Regenerate');
  await waitFor(() => expect(said).toHaveLength(2));
});
