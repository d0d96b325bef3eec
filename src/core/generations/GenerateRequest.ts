import type { Command, GenerateOptions, Message, ModelConfig, Overflow, Persist } from '../../protocol/generated';

/** One turn of a conversation. Give one of `append`, `messages` and `prompt`. */
export interface GenerateRequest {
  /** Which model answers; loaded if it is not. Its `keepAliveMs` counts as the newest request's, also when left out: 300,000. */
  model: ModelConfig;
  /** The conversation, made on first use. */
  scope: string;
  /** Messages added to the stored transcript. */
  append?: readonly Message[];
  /** The whole transcript, replacing the stored one from the first difference. */
  messages?: readonly Message[];
  /**
   * Text to be gone on with, as it is: without the model's template, its control tokens written out. It takes the transcript's place,
   * as one message of a user. Tools and the other options that speak to a template cannot be had beside it.
   */
  prompt?: string;
  /** What of the conversation may be written to disk, from now on. Left out: as before; at first `kv`. */
  persist?: Persist;
  /** What happens when the conversation outgrows `contextSize`. Left out: `shift`, the model no longer sees its oldest turns. */
  overflow?: Overflow;
  /** Sampling and limits of this turn alone. Left out: every default. */
  options?: GenerateOptions;
  /** Cancels the generation when it is aborted. */
  signal?: Signal;
}

/** The part of `AbortSignal` that is used; the class itself is not in every engine. */
export interface Signal {
  /** Whether it has been aborted already. */
  readonly aborted: boolean;
  /** Calls `listener` when it is aborted. */
  addEventListener(type: 'abort', listener: () => void): void;
  /** Takes that back. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The command that a request stands for; its lists are copies. */
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

/** Calls `cancel` when the signal is aborted, now or before `end` settles. */
export function followSignal(signal: Signal | undefined, cancel: () => void, end: Promise<unknown>): void {
  if (signal === undefined) return;
  if (signal.aborted) {
    cancel();
    return;
  }
  signal.addEventListener('abort', cancel);
  const leave = () => signal.removeEventListener('abort', cancel);
  end.then(leave, leave);
}
