import type { Command, GenerateOptions, Message, ModelConfig, Overflow, Persist } from '../../protocol/generated';
import type { Signal } from '../port/Signal';

/** One turn of a conversation. Give one of `append`, `messages` and `prompt`. */
export interface GenerateRequest {
  /**
   * The model that answers, loaded if necessary. Each request sets the model's `keepAliveMs`, to 300,000 if that is
   * left out.
   */
  model: ModelConfig;
  /** The conversation. The first use of a name makes it. */
  scope: string;
  /** Messages to add to the stored transcript. */
  append?: readonly Message[];
  /** The whole transcript. It replaces the stored one from the first difference. */
  messages?: readonly Message[];
  /**
   * Text that the model continues as it is: without the chat template, and with its control tokens written out. It
   * replaces the transcript, as one message of the user. Tools, and other options that need a template, are refused
   * beside it.
   */
  prompt?: string;
  /**
   * The parts of the conversation that may be written to disk, from now on.
   * @default the value so far; `full` for a new conversation
   */
  persist?: Persist;
  /**
   * What happens when the conversation outgrows `contextSize`. With `dropOldest` the model no longer sees the oldest
   * turns.
   * @default 'dropOldest'
   */
  overflow?: Overflow;
  /** Sampling and limits of this turn alone. */
  options?: GenerateOptions;
  /** Cancels the generation when it is aborted. */
  signal?: Signal;
}

/** Returns the command of a request, with copies of its lists. */
export function generateCommand(generationId: string, request: GenerateRequest): Command {
  const { model, scope, append, messages, prompt, persist, overflow, options = {} } = request;
  return {
    type: 'generate',
    generationId,
    model,
    scope,
    ...(append && { append: [...append] }),
    ...(messages && { messages: [...messages] }),
    ...(prompt !== undefined && { prompt }),
    ...(persist && { persist }),
    ...(overflow && { overflow }),
    options,
  };
}

/** The messages of a request: added to the transcript, or in its place. */
export interface Sent {
  /** Messages that are added to the transcript. */
  readonly append?: readonly Message[];
  /** Messages that replace the transcript. */
  readonly messages?: readonly Message[];
}

/** Returns deep copies of a request's messages: the caller's own objects must not be frozen. */
export function sentBy({ append, messages, prompt }: GenerateRequest): Sent {
  const whole = prompt === undefined ? messages : [{ role: 'user' as const, content: prompt }];
  return { ...(append && { append: copyOf(append) }), ...(whole && { messages: copyOf(whole) }) };
}

function copyOf(messages: readonly Message[]): Message[] {
  return messages.map(({ toolCalls, ...message }) => ({
    ...message,
    ...(toolCalls && { toolCalls: toolCalls.map((call) => ({ ...call })) }),
  }));
}
