import {
  type ChatTransport,
  convertToModelMessages,
  isStepCount,
  type LanguageModel,
  type LanguageModelCallOptions,
  type ModelMessage,
  streamText,
  toUIMessageStream,
  type ToolSet,
  type UIMessage,
  type UIMessageChunk,
} from 'ai';

import type { LlamaClient } from '../core/LlamaClient';
import type { ModelConfig } from '../protocol/generated';
import { configOf } from './createLlama';
import { LlamaLanguageModel } from './LlamaLanguageModel';
import type { LlamaProviderOptions } from './providerOptions';
import type { Opening } from './ChatAnswer';
import { RunningAnswer } from './RunningAnswer';
import { Runs } from './ChatAnswers';

/** Steps of one answer, unless said otherwise: so often the model is asked again after its tools. */
const MAX_STEPS = 8;

type Call = Omit<Parameters<typeof streamText<ToolSet>>[0], 'model' | 'messages' | 'prompt'>;

/** How a chat is answered. */
export interface LlamaChatSettings {
  /** Which model answers; a text is its `path`. */
  model: string | ModelConfig;
  /** The conversation. Left out: the chat's own id. */
  scope?: string;
  /** The system message. */
  system?: string;
  /** What the model may call. Those with `execute` run here, whatever becomes of the component that asked. */
  tools?: ToolSet;
  /** Which calls wait for the user's word, as `streamText` has it: `{ erase: 'user-approval' }`. */
  toolApproval?: Call['toolApproval'];
  /** The most times that one answer asks the model. Left out: 8. */
  maxSteps?: number;
  /** Sampling and limits of every answer. */
  settings?: LanguageModelCallOptions & { providerOptions?: { llama: LlamaProviderOptions } };
}

/** What a transport needs beside that. */
export interface LlamaChatTransportOptions extends LlamaChatSettings {
  /** Whose models answer. */
  client: LlamaClient;
}

/**
 * Answers a chat of the AI SDK in this process, without HTTP. An answer belongs to its conversation: a chat that comes back
 * finds it with `resume`, also after a reload of JavaScript. A chat's abort ends it, and plain `useChat` aborts when its
 * component goes; a `Chat` of your own, or `useLlamaVercelChat`, does not.
 *
 * ```tsx
 * const transport = new LlamaChatTransport({ client, model: 'hf:org/repo:Q4_K_M' });
 * const { messages, sendMessage } = useChat({ id: 'chat-42', transport, resume: true });
 * ```
 */
export class LlamaChatTransport<UI_MESSAGE extends UIMessage = UIMessage> implements ChatTransport<UI_MESSAGE> {
  /** A chat that comes back is told the answer from its beginning. */
  readonly resumeStreamIsReplay = true;

  /** `options`: asked for each answer anew where it is a function. */
  constructor(private readonly options: LlamaChatTransportOptions | (() => LlamaChatTransportOptions)) {}

  /** The chat's messages become the conversation's transcript. */
  sendMessages({ chatId, messages, abortSignal }: Parameters<ChatTransport<UI_MESSAGE>['sendMessages']>[0]): Promise<ReadableStream<UIMessageChunk>> {
    const { client, model, scope = chatId, system, tools, toolApproval, maxSteps = MAX_STEPS, settings } = this.current;
    const run = Runs.of(client).start(scope, async ({ signal, onError, onGeneration }) => {
      const language = new LlamaLanguageModel(client, configOf(model), scope, onGeneration);
      // A call that was interrupted has no result, and the AI SDK refuses a question after it.
      const asked = await convertToModelMessages(messages, { tools, ignoreIncompleteToolCalls: true });
      const call = { ...settings, instructions: system, tools, toolApproval, stopWhen: isStepCount(maxSteps) };
      return answer(language, asked, { ...call, abortSignal: signal }, onError, messages);
    });
    return Promise.resolve(run.follow(abortSignal));
  }

  /** The answer under way, from its beginning; `null` when there is none. Tools are left to whoever began it. */
  reconnectToStream({ chatId, abortSignal }: Parameters<ChatTransport<UI_MESSAGE>['reconnectToStream']>[0]): Promise<ReadableStream<UIMessageChunk> | null> {
    const { client, scope = chatId, tools = {} } = this.current;
    const runs = Runs.of(client);
    const run = runs.get(scope);
    if (run !== undefined) return Promise.resolve(run.isOpen ? run.follow(abortSignal) : null);
    const [generation] = client.scope(scope).getSnapshot().generations;
    if (generation === undefined) return Promise.resolve(null);
    const known = Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, { ...tool, execute: undefined }])) as ToolSet;
    const found = runs.start(scope, ({ signal, onError, onGeneration }) => {
      onGeneration(generation);
      // It has its prompt.
      const nothing: ModelMessage[] = [{ role: 'user', content: '' }];
      return Promise.resolve(answer(new RunningAnswer(generation), nothing, { tools: known, abortSignal: signal }, onError, []));
    });
    return Promise.resolve(found.follow(abortSignal));
  }

  private get current(): LlamaChatTransportOptions {
    return typeof this.options === 'function' ? this.options() : this.options;
  }
}

function answer(
  model: LanguageModel,
  messages: ModelMessage[],
  call: Call,
  onError: Opening['onError'],
  originalMessages: UIMessage[],
): ReadableStream<UIMessageChunk> {
  // What the AI SDK would print is the chat's error.
  const { stream } = streamText({ ...call, model, messages, onError: () => undefined });
  return toUIMessageStream({ stream, tools: call.tools, originalMessages, onError, redactToolErrors: false });
}
