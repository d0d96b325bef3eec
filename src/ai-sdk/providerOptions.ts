import type { SharedV4ProviderOptions } from '@ai-sdk/provider';
import { z } from 'zod/v4';

import { LlamaError } from '../core/LlamaError';
import type { EmbedRequest } from '../core/tasks/EmbedRequest';
import type { GenerateOptions, Overflow, Persist } from '../protocol/generated';
import type { Warn } from './prompt';

/**
 * Options of a call beside the AI SDK's own, as `providerOptions.llama`. Sampling options are those of
 * `GenerateOptions`; the engine checks their ranges.
 *
 * ```ts
 * providerOptions: { llama: { minP: 0.1, persist: 'none' } satisfies LlamaProviderOptions }
 * ```
 */
export type LlamaProviderOptions = Pick<
  GenerateOptions,
  | 'minP'
  | 'typicalP'
  | 'topNSigma'
  | 'xtcProbability'
  | 'xtcThreshold'
  | 'dryMultiplier'
  | 'dryBase'
  | 'dryAllowedLength'
  | 'dryPenaltyWindow'
  | 'drySequenceBreakers'
  | 'mirostat'
  | 'mirostatTau'
  | 'mirostatEta'
  | 'repeatPenalty'
  | 'penaltyWindow'
  | 'logitBias'
  | 'chatTemplate'
  | 'keepPartial'
  | 'logprobs'
  | 'reasoning'
  | 'reasoningBudgetTokens'
  | 'parallelToolCalls'
> & {
  /** A grammar in GBNF for the answer, from the first trigger on if there are triggers. */
  grammar?: { gbnf: string; triggers?: string[] };
  /** The parts of a named conversation that may be written to disk, from now on. */
  persist?: Persist;
  /**
   * What happens when the conversation outgrows its context.
   * @default 'dropOldest'
   */
  overflow?: Overflow;
};

const number = z.number();
const fields = {
  minP: number,
  typicalP: number,
  topNSigma: number,
  xtcProbability: number,
  xtcThreshold: number,
  dryMultiplier: number,
  dryBase: number,
  dryAllowedLength: number,
  dryPenaltyWindow: number,
  drySequenceBreakers: z.array(z.string()),
  mirostat: z.literal([1, 2]),
  mirostatTau: number,
  mirostatEta: number,
  repeatPenalty: number,
  penaltyWindow: number,
  logitBias: z.array(z.strictObject({ token: number, bias: number })),
  chatTemplate: z.string(),
  keepPartial: z.boolean(),
  logprobs: number,
  reasoning: z.boolean(),
  reasoningBudgetTokens: number,
  parallelToolCalls: z.boolean(),
  grammar: z.strictObject({ gbnf: z.string(), triggers: z.array(z.string()).optional() }),
  persist: z.enum(['none', 'transcript', 'full']),
  overflow: z.enum(['dropOldest', 'error']),
} satisfies { [Name in keyof Required<LlamaProviderOptions>]: z.ZodType<LlamaProviderOptions[Name]> };
const schema = z.object(fields).partial();

/** Options of a call for embeddings, as `providerOptions.llama`. */
export type LlamaEmbeddingOptions = Pick<EmbedRequest, 'pooling' | 'normalize'>;

const embeddingFields = {
  pooling: z.enum(['mean', 'cls', 'last']),
  normalize: z.boolean(),
} satisfies { [Name in keyof Required<LlamaEmbeddingOptions>]: z.ZodType<LlamaEmbeddingOptions[Name]> };
const embeddingSchema = z.object(embeddingFields).partial();

/** Reads the options of a call for an answer, as `readEmbeddingOptions` does. */
export function readProviderOptions(all: SharedV4ProviderOptions | undefined, warn: Warn): LlamaProviderOptions {
  return read(schema, all, warn);
}

/** Reads the options of a call. Throws `invalidOptions` for a value of the wrong type, and warns of an unknown key. */
export function readEmbeddingOptions(all: SharedV4ProviderOptions | undefined, warn: Warn): LlamaEmbeddingOptions {
  return read(embeddingSchema, all, warn);
}

function read<T>(known: z.ZodObject & z.ZodType<T>, all: SharedV4ProviderOptions | undefined, warn: Warn): T {
  const given = all?.['llama'] ?? {};
  for (const key of Object.keys(given)) {
    if (key in known.shape) continue;
    warn({ type: 'unsupported', feature: `providerOptions.llama.${key}`, details: 'there is no such option' });
  }
  const outcome = known.safeParse(given);
  if (outcome.success) return outcome.data;
  const [issue] = outcome.error.issues;
  const place = ['providerOptions', 'llama', ...(issue?.path ?? [])].join('.');
  throw new LlamaError('invalidOptions', `${place}: ${issue?.message ?? 'not what it must be'}`, outcome.error);
}
