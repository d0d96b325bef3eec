// Writes a model that only makes embeddings: a BERT of one layer with random weights. Rust's tests check its results.
import { writeFileSync } from 'node:fs';

/** The number of tokens of the longest text. */
export const encoderContext = 64;

const width = 32;
const wide = 64;
const tokens = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  ...['my', 'name', 'is', 'alice', 'bob', 'what', 'query'].map((word) => `\u2581${word}`),
];

type Value = number | boolean | string | readonly string[] | { readonly float: number };

const keys: readonly (readonly [string, Value])[] = [
  ['general.architecture', 'bert'],
  ['bert.context_length', encoderContext],
  ['bert.embedding_length', width],
  ['bert.block_count', 1],
  ['bert.feed_forward_length', wide],
  ['bert.attention.head_count', 2],
  ['bert.attention.layer_norm_epsilon', { float: 1e-12 }],
  ['bert.attention.causal', false],
  ['bert.pooling_type', 1],
  ['tokenizer.ggml.model', 'bert'],
  ['tokenizer.ggml.tokens', tokens],
  ['tokenizer.ggml.token_type_count', 2],
  ['tokenizer.ggml.padding_token_id', 0],
  ['tokenizer.ggml.unknown_token_id', 1],
  ['tokenizer.ggml.bos_token_id', 2],
  ['tokenizer.ggml.seperator_token_id', 3],
];

const matrix = (name: string, inputs: number, outputs: number) =>
  [
    [`${name}.weight`, [inputs, outputs]],
    [`${name}.bias`, [outputs]],
  ] as const;
const norm = (name: string) =>
  [
    [`${name}.weight`, [width]],
    [`${name}.bias`, [width]],
  ] as const;

const tensors: readonly (readonly [string, readonly number[]])[] = [
  ['token_embd.weight', [width, tokens.length]],
  ['token_types.weight', [width, 2]],
  ['position_embd.weight', [width, encoderContext]],
  ...norm('token_embd_norm'),
  ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].flatMap((name) => [...matrix(`blk.0.${name}`, width, width)]),
  ...matrix('blk.0.ffn_up', width, wide),
  ...matrix('blk.0.ffn_down', wide, width),
  ...norm('blk.0.attn_output_norm'),
  ...norm('blk.0.layer_output_norm'),
];

/** Writes the model as GGUF, the same each time. */
export function writeEncoder(path: string): void {
  const parts = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(keys.length)];
  for (const [name, value] of keys) parts.push(text(name), ...written(value));
  let offset = 0;
  for (const [name, size] of tensors) {
    parts.push(text(name), uint32(size.length), ...size.map(uint64), uint32(0), uint64(offset));
    offset += padded(4 * product(size));
  }
  const header = Buffer.concat(parts);
  let seed = 7;
  // A number between -0.5 and 0.5, from a small linear generator.
  const random = () => (seed = (seed * 16807) % 0x7fffffff) / 0x7fffffff - 0.5;
  const weights = tensors.map(([name, size]) => {
    // The weights of a norm are around 1: otherwise its constant part would drown all words.
    const middle = name.endsWith('norm.weight') ? 1 : 0;
    const data = Buffer.alloc(padded(4 * product(size)));
    for (let index = 0; index < product(size); index++) data.writeFloatLE(middle + random(), 4 * index);
    return data;
  });
  writeFileSync(path, Buffer.concat([header, Buffer.alloc(padded(header.length) - header.length), ...weights]));
}

const product = (size: readonly number[]): number => size.reduce((all, one) => all * one, 1);
const padded = (bytes: number): number => Math.ceil(bytes / 32) * 32;

function written(value: Value): Buffer[] {
  if (typeof value === 'number') return [uint32(4), uint32(value)];
  if (typeof value === 'boolean') return [uint32(7), Buffer.from([value ? 1 : 0])];
  if (typeof value === 'string') return [uint32(8), text(value)];
  if ('float' in value) {
    const float = Buffer.alloc(4);
    float.writeFloatLE(value.float);
    return [uint32(6), float];
  }
  return [uint32(9), uint32(8), uint64(value.length), ...value.map(text)];
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([uint64(Buffer.byteLength(value)), Buffer.from(value)]);
}
