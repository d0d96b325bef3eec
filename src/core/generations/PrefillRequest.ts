import type { Command, Message } from '../../protocol/generated';

/** What the next turn of a conversation may be. Give either `append` or `messages`. */
export interface PrefillRequest {
  /** A conversation that exists. The model that answered it last computes, if it is loaded. */
  scope: string;
  /** Messages that would be added to the stored transcript. An empty last one stands for one of which nothing is known. */
  append?: readonly Message[];
  /** The whole transcript that would replace the stored one from the first difference. */
  messages?: readonly Message[];
  /**
   * Whether the last word of the last message may become another one: then it is not computed. A word ends at a white space, so
   * leave it out for languages that have none. Left out: false.
   */
  open?: boolean;
}

/** What came of it, in tokens of the turn that may come. */
export interface Prefilled {
  /** Those that were in memory already. */
  readonly cachedTokens: number;
  /** Those that were computed. None for a model whose memory cannot be cut back when the turn comes otherwise. */
  readonly prefilledTokens: number;
}

/** The command that a request stands for; its lists are copies. */
export function prefillCommand({ scope, append, messages, open }: PrefillRequest): Command {
  return {
    type: 'prefill',
    scope,
    ...(append && { append: [...append] }),
    ...(messages && { messages: [...messages] }),
    ...(open !== undefined && { open }),
  };
}
