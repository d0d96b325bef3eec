import { screen, waitFor } from '@testing-library/react-native';

import { holdNextAnswer } from '../../../tests/proof/holdAnswer';
import { openEngine } from './engine';
import { answered, beginToTalk, model, openApp, press, say, write } from './openApp';

// Loading, prefilling and writing on the real engine, held at the moment that the test looks at.

/** Long enough to be held in the middle. */
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
  const { client } = openEngine();
  const question = 'my name is alice '.repeat(5000).trim();
  await openApp(client, { model: { ...model, contextSize: 32_768, maxResident: 1 } });
  const held = holdNextAnswer(client, ({ phase }) => phase.type === 'prefilling' && phase.done > 0);
  await write(question);
  await held;
  await screen.findByRole('progressbar', { name: /^Reading, [1-9]\d* of \d+ tokens$/ });
  await press('Stop the answer');
  await screen.findByDisplayValue(question);
  expect(await client.transcript('Chat 1')).toEqual([]);
});

test('talking again while an answer is written ends it, and the conversation has what was shown', async () => {
  const { client } = openEngine();
  const { transcriber } = await openApp(client, { model: { ...model, contextSize: 8192, maxResident: 1 } }, LONG);
  const held = holdNextAnswer(client);
  await say(transcriber, 'my name is alice');
  await held;
  await beginToTalk(transcriber);
  await screen.findByText('Listening…');
  await screen.findByRole('button', { name: 'Send' });
  const [, answer] = await client.transcript('Chat 1');
  const { text, phase } = client.generations.getSnapshot()[0]?.getSnapshot() ?? {};
  expect(phase).toMatchObject({ outcome: { reason: 'cancelled' } });
  expect(answer?.content).toBe(text);
});
