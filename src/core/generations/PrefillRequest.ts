import type { Command, Message } from '../../protocol/generated';

/** A turn that may come next in a conversation. Give either `append` or `messages`. */
export interface PrefillRequest {
  /** A conversation that exists. It is prefilled by the model that answered in it last, which must be loaded. */
  scope: string;
  /**
   * Messages that would be added to the stored transcript. An empty last one stands for a message that is unknown yet.
   */
  append?: readonly Message[];
  /** The whole transcript that would replace the stored one from the first difference. */
  messages?: readonly Message[];
  /**
   * Whether the last word of the last message may still change: then it is not prefilled. White space ends a word, so
   * leave this out for languages without spaces.
   * @default false
   */
  open?: boolean;
}

/** The result of a prefill, in tokens of the turn that may come. */
export interface Prefilled {
  /** Tokens that were in memory already. */
  readonly cachedTokens: number;
  /** Tokens that were computed. 0 for a model whose memory could not be cut back if another turn came. */
  readonly prefilledTokens: number;
}

/** Returns the command of a request, with copies of its lists. */
export function prefillCommand({ scope, append, messages, open }: PrefillRequest): Command {
  return {
    type: 'prefill',
    scope,
    ...(append && { append: [...append] }),
    ...(messages && { messages: [...messages] }),
    ...(open !== undefined && { open }),
  };
}
