import type { Command, GenerateOptions, Message, ModelConfig } from '../protocol/generated';

/** One turn of a conversation. Give either `append` or `messages`. */
export interface GenerateRequest {
  model: ModelConfig;
  scope: string;
  /** Messages added to the stored transcript. */
  append?: readonly Message[];
  /** The whole transcript, replacing the stored one from the first difference. */
  messages?: readonly Message[];
  options?: GenerateOptions;
  /** Cancels the generation when it is aborted. */
  signal?: Signal;
}

/** The part of `AbortSignal` that is used; the class itself is not in every engine. */
export interface Signal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export function generateCommand(generationId: string, request: GenerateRequest): Command {
  const { model, scope, append, messages, options = {} } = request;
  return {
    type: 'generate',
    generationId,
    model,
    scope,
    ...(append && { append: [...append] }),
    ...(messages && { messages: [...messages] }),
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
