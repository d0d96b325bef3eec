// Random JSON schemas on the real engine: every answer that ends by itself parses and validates.
import Ajv from 'ajv';

import { installNodePort } from '../../src/testing';
import { seededRandom } from './random';
import { tiny, unloadTiny } from './tiny';

const engine = installNodePort();
afterEach(() => unloadTiny(engine.client));

const SCHEMAS = 200;
type Schema = Record<string, unknown>;

test(`${SCHEMAS} random schemas are kept to`, async () => {
  const ajv = new Ajv({ schemaId: 'auto', unknownFormats: 'ignore' });
  const cut: number[] = [];
  for (let seed = 0; seed < SCHEMAS; seed += 8) {
    const batch = Array.from({ length: Math.min(8, SCHEMAS - seed) }, (_, at) => answer(seed + at));
    for (const { schema, text, reason, number } of await Promise.all(batch)) {
      if (reason === 'length') {
        cut.push(number);
        continue;
      }
      const isValid = ajv.validate(schema, JSON.parse(text));
      expect({ number, schema, text, errors: isValid ? null : ajv.errors }).toMatchObject({ errors: null });
    }
  }
  expect(cut.length).toBeLessThan(SCHEMAS / 10);
}, 300_000);

async function answer(number: number) {
  const { client } = engine;
  const schema = rootSchema(number);
  const scope = `schema-${number}`;
  const options = {
    temperature: 1.5,
    seed: number,
    maxOutputTokens: 500,
    responseFormat: { type: 'json' as const, schema },
  };
  const append = [{ role: 'user' as const, content: 'Tell me something.' }];
  const { text, reason } = await client.generate({ model: tiny, scope, append, options, persist: 'none' }).result;
  await client.deleteScope(scope);
  return { number, schema, text, reason };
}

/** The part of JSON Schema that llama.cpp turns into a grammar. */
function rootSchema(seed: number): Schema {
  const random = seededRandom(seed);
  const below = (end: number) => random.below(end);
  const some = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const leaf = (): Schema =>
    some<() => Schema>([
      () => ({ type: 'string', maxLength: 1 + below(10) }),
      () => ({ type: 'string', minLength: 2, maxLength: 4 }),
      () => ({ type: 'integer', minimum: -below(50), maximum: below(5_000) }),
      () => ({ type: 'boolean' }),
      () => ({ type: 'null' }),
      () => ({ enum: ['red', 'green', 7, null, true].slice(0, 1 + below(5)) }),
      () => ({ const: some<unknown>(['x', 3, { a: [1, 2] }, null]) }),
      () => ({ type: 'string', format: some(['date', 'time', 'date-time', 'uuid']) }),
      () => ({ type: ['boolean', 'null'] }),
      () => ({ type: 'string', pattern: '^(ab|c)[0-9]{2,3}$' }),
      () => ({ $ref: '#/definitions/shared' }),
    ])();
  const node = (depth: number): Schema => {
    if (depth === 0) return leaf();
    return some<() => Schema>([
      () => object(depth),
      () => object(depth),
      () => ({ type: 'array', items: node(depth - 1), minItems: below(2), maxItems: 1 + below(3) }),
      () => ({ anyOf: [leaf(), node(depth - 1)] }),
      leaf,
    ])();
  };
  const object = (depth: number): Schema => {
    const names = ['name', 'age', 'a b', 'ünï', 'x-y', '$z'].slice(0, 1 + below(5));
    const properties = Object.fromEntries(names.map((name) => [name, node(depth - 1)]));
    return { type: 'object', properties, required: names.filter(() => below(3) > 0), additionalProperties: false };
  };
  return {
    ...object(3),
    definitions: {
      shared: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 9 }, minItems: 1, maxItems: 2 },
    },
  };
}
