// Embeddings of the real engine: of the length 1, the same beside other texts as alone, and cancelled.
import { installNodePort } from '../../src/testing';
import { endless, tiny, tinyState, unloadTiny } from './tiny';
import { until } from './until';

const engine = installNodePort();
afterEach(() => unloadTiny(engine.client));

type Vector = readonly number[];
const dot = (left: Vector, right: Vector): number =>
  left.reduce((sum, value, index) => sum + value * (right[index] ?? NaN), 0);
const texts = ['my name is alice', 'what is my name', 'set a timer for five minutes', 'my name is bob'];

test('texts become vectors of the length one, whatever is computed beside them', async () => {
  const { client } = engine;
  const alone: Vector[] = [];
  for (const text of texts) {
    const { embeddings, usage } = await client.embed({ model: tiny, texts: [text] });
    alone.push(...embeddings);
    expect(usage.promptTokens).toBeGreaterThan(1);
  }
  for (const vector of alone) expect(dot(vector, vector)).toBeCloseTo(1, 5);

  const talk = client.generate({
    model: tiny,
    scope: 'talk',
    append: [{ role: 'user', content: 'hi' }],
    options: endless,
  });
  await until(talk, ({ text }) => text !== '');
  const together = await Promise.all(Array.from({ length: 10 }, () => client.embed({ model: tiny, texts })));
  expect(talk.finished).toBe(false);
  for (const { embeddings } of together) {
    expect(embeddings).toHaveLength(texts.length);
    embeddings.forEach((vector, index) => expect(dot(vector, alone[index] ?? [])).toBeGreaterThan(0.999));
  }
  await talk.cancel();
  expect(tinyState(client)).toMatchObject({ loads: 1, leases: [] });
});

test('every pooling has its own vectors, and their length is kept where that is wanted', async () => {
  const { client } = engine;
  const poolings = ['mean', 'cls', 'last'] as const;
  const text = texts.slice(0, 1);
  const all = await Promise.all(poolings.map((pooling) => client.embed({ model: tiny, texts: text, pooling })));
  const [mean = [], cls = [], last = []] = all.map(({ embeddings }) => embeddings[0]);
  for (const pair of [dot(mean, cls), dot(mean, last), dot(cls, last)]) expect(pair).toBeLessThan(0.999);
  const {
    embeddings: [raw = []],
  } = await client.embed({ model: tiny, texts: text, normalize: false });
  const length = Math.sqrt(dot(raw, raw));
  expect(length).not.toBeCloseTo(1, 2);
  expect(dot(raw, mean) / length).toBeCloseTo(1, 5);
});

test('an abort ends what is computed, and a text that is too long says by how much', async () => {
  const { client } = engine;
  const abort = new AbortController();
  const long = 'what is my name '.repeat(1_500);
  const cancelled = client.embed({ model: tiny, texts: Array.from({ length: 50 }, () => long), signal: abort.signal });
  const talk = client.generate({ model: tiny, scope: 's', append: [{ role: 'user', content: 'hi' }] });
  await talk.result;
  abort.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
  await expect(client.embed({ model: tiny, texts: ['hi', long.repeat(2)] })).rejects.toMatchObject({
    code: 'contextFull',
    detail: expect.stringMatching(/^texts\[1\] has \d+ tokens, contextSize is 8192/) as unknown,
  });
});
