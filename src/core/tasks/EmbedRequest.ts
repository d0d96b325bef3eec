import type { Command, EmbeddingUsage, ModelConfig, Pooling } from '../../protocol/generated';
import type { Signal } from '../port/Signal';

/** Texts to embed. */
export interface EmbedRequest {
  /**
   * The model that computes the vectors, loaded if necessary. Use a model that is made for embeddings; a chat model
   * works less well. If the model's convention puts words before a text, such as "query: ", the caller adds them.
   */
  model: ModelConfig;
  /** 1 to 256 texts, none of them empty, each at most `contextSize` tokens long. */
  texts: readonly string[];
  /**
   * How the vectors of a text's tokens become one vector.
   * @default the pooling that the model's file names, else `mean`
   */
  pooling?: Pooling;
  /**
   * Whether every vector is scaled to the length 1, so that a dot product is the similarity.
   * @default true
   */
  normalize?: boolean;
  /** Cancels the request when it is aborted: the promise rejects with `cancelled`. */
  signal?: Signal;
}

/** The vectors of a request. */
export interface Embeddings {
  /** One vector for each text, in the order of the texts, all of one length. */
  readonly embeddings: readonly (readonly number[])[];
  /** The tokens that were computed. */
  readonly usage: EmbeddingUsage;
}

/** Returns the command of a request, with a copy of its list. */
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
