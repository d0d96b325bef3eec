import { screen, waitFor } from '@testing-library/react-native';

import { openEngine } from './engine';
import { answered, beginToTalk, model, openApp, press, say, write } from './openApp';

// Loading, reading and writing, on the real engine: what it says is held back at the moment that is to be seen.
jest.setTimeout(30_000);

/** Goes on for seconds, and ends by itself: long enough to do something meanwhile. */
const LONG = { temperature: 0, repeatPenalty: 0.05, maxOutputTokens: 7000 };

test('a load shows how far it is, can be cancelled, and begun again', async () => {
  const { gate, client } = openEngine();
  gate.holdAfter(
    (event) =>
      event.type === 'modelChanged' && event.model.status.type === 'loading' && event.model.status.progress > 0,
  );
  await openApp(client);
  await waitFor(() => expect(screen.getByLabelText('Loading the model').props['aria-valuenow']).toBeGreaterThan(0));
  await press('Cancel loading');
  gate.letGo();
  await screen.findByText('The model is not loaded');
  expect(client.models.getSnapshot()).toMatchObject([{ status: { type: 'unloaded' } }]);
  await press('Load the model');
  await write('my name is alice');
  await answered('Nice to meet you, alice.');
  expect(screen.queryByText('The model is not loaded')).toBeNull();
});

test('a long question shows how much of it is read, and a stop brings it back as the draft', async () => {
  const { gate, client } = openEngine();
  const question = 'my name is alice '.repeat(5000).trim();
  gate.holdAfter((event) => event.type === 'phaseChanged' && event.phase.type === 'prefilling' && event.phase.done > 0);
  await openApp(client, { model: { ...model, contextSize: 32_768, maxResident: 1 } });
  await write(question);
  await screen.findByRole('progressbar', { name: /^Reading, [1-9]\d* of \d+ tokens$/ });
  await press('Stop the answer');
  gate.letGo();
  await screen.findByDisplayValue(question);
  expect(await client.transcript('Chat 1')).toEqual([]);
});

test('talking again while an answer is written ends it, and the conversation has what was shown', async () => {
  const { gate, client } = openEngine();
  gate.holdAfter((event) => event.type === 'textDelta');
  const { transcriber } = await openApp(client, { model: { ...model, contextSize: 8192, maxResident: 1 } }, LONG);
  await say(transcriber, 'my name is alice');
  await waitFor(() => expect(client.generations.getSnapshot()[0]?.getSnapshot().text).not.toBe(''));
  await beginToTalk(transcriber);
  gate.letGo();
  await screen.findByText('Listening…');
  await screen.findByRole('button', { name: 'Send' });
  const [, answer] = await client.transcript('Chat 1');
  const { text, phase } = client.generations.getSnapshot()[0]?.getSnapshot() ?? {};
  expect(phase).toMatchObject({ outcome: { reason: 'cancelled' } });
  expect(answer?.content).toBe(text);
});
