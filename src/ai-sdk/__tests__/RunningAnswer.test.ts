import { beginTurn, checkStreamParts } from '../../testing';
import { RunningAnswer } from '../RunningAnswer';
import { harness, partsOf, prompt } from './harness';

test('an answer that is being written is told as a call’s, and cannot be had in one piece', async () => {
  const { port, client } = harness();
  const generation = client.generate({
    model: { path: 'chat.gguf' },
    scope: 's',
    append: [{ role: 'user', content: 'Hi' }],
  });
  const turn = beginTurn(port);
  turn.say('Hello');
  const running = new RunningAnswer(generation);
  await expect(running.doGenerate()).rejects.toThrow('a running answer in one piece');
  const { stream } = await running.doStream({ prompt });
  turn.finish();
  const parts = await partsOf(stream);
  expect(checkStreamParts(parts)).toEqual([]);
  expect(parts).toContainEqual(
    expect.objectContaining({ type: 'response-metadata', id: generation.id, modelId: 'chat.gguf' }),
  );
});
