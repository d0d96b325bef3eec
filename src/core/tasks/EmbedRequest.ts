import type { Command, EmbeddingUsage, ModelConfig, Pooling } from '../../protocol/generated';
import type { Signal } from '../generations/GenerateRequest';

/** Texts that vectors are wanted for. */
export interface EmbedRequest {
  /**
   * Which model computes; loaded if it is not. One that is made for embeddings, or one that chats, in its own quality. What stands
   * before a text by the model's convention, such as "query: ", is the caller's to add.
   */
  model: ModelConfig;
  /** 1 to 256, none of them empty, each no longer than `contextSize` tokens. */
  texts: readonly string[];
  /** Which of its tokens stand for a text. Left out: what the model was made for, if its file says so; else `mean`. */
  pooling?: Pooling;
  /** Whether every vector is scaled to the length 1, so that a dot product is the similarity. Left out: true. */
  normalize?: boolean;
  /** Cancels the request when it is aborted: the promise rejects with `cancelled`. */
  signal?: Signal;
}

/** What came of it. */
export interface Embeddings {
  /** One vector for each text, in their order, all of one length. */
  readonly embeddings: readonly (readonly number[])[];
  /** What they cost. */
  readonly usage: EmbeddingUsage;
}

/** The command that a request stands for; its list is a copy. */
export function embedCommand(embeddingId: string, { model, texts, pooling, normalize }: EmbedRequest): Command {
  return {
    type: 'embed',
    embeddingId,
    model,
    texts: [...texts],
    ...(pooling !== undefined && { pooling }),
    ...(normalize !== undefined && { normalize }),
  };
}
