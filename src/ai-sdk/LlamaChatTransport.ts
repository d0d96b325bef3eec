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
import type { AnswerContext } from './ChatAnswer';
import { ChatAnswers } from './ChatAnswers';
import { configOf } from './createLlama';
import { LlamaLanguageModel } from './LlamaLanguageModel';
import type { LlamaProviderOptions } from './providerOptions';
import { RunningAnswer } from './RunningAnswer';

/** The default number of steps of one answer. Each step asks the model once. */
const MAX_STEPS = 8;

type Sending<UI_MESSAGE extends UIMessage> = Parameters<ChatTransport<UI_MESSAGE>['sendMessages']>[0];
type Resuming<UI_MESSAGE extends UIMessage> = Parameters<ChatTransport<UI_MESSAGE>['reconnectToStream']>[0];
type Call = Omit<Parameters<typeof streamText<ToolSet>>[0], 'model' | 'messages' | 'prompt'>;

/** Settings of a chat's answers. */
export interface LlamaChatSettings {
  /** The model that answers; a string is its `path`. */
  model: string | ModelConfig;
  /**
   * The conversation.
   * @default the chat's own id
   */
  scope?: string;
  /** The system message. */
  system?: string;
  /** The tools that the model may call. A tool with `execute` outlives the component that asked. */
  tools?: ToolSet;
  /** The calls that wait for the user's approval, as in `streamText`: `{ erase: 'user-approval' }`. */
  toolApproval?: Call['toolApproval'];
  /**
   * The greatest number of times that one answer asks the model.
   * @default 8
   */
  maxSteps?: number;
  /** Sampling and limits of every answer. */
  settings?: LanguageModelCallOptions & { providerOptions?: { llama: LlamaProviderOptions } };
}

/** Options of a `LlamaChatTransport`. */
export interface LlamaChatTransportOptions extends LlamaChatSettings {
  /** The client whose models answer. */
  client: LlamaClient;
}

/**
 * Answers a chat of the AI SDK in this process, without HTTP. An answer belongs to its conversation: a chat that is
 * mounted again finds it with `resume`, even after a JavaScript reload. A chat's abort ends the answer. Plain `useChat`
 * aborts when its component unmounts; a `Chat` of your own, or `useLlamaVercelChat`, does not.
 *
 * ```tsx
 * const transport = new LlamaChatTransport({ client, model: 'hf:org/repo:Q4_K_M' });
 * const { messages, sendMessage } = useChat({ id: 'chat-42', transport, resume: true });
 * ```
 */
export class LlamaChatTransport<UI_MESSAGE extends UIMessage = UIMessage> implements ChatTransport<UI_MESSAGE> {
  /** A chat that resumes receives the answer from its beginning. */
  readonly resumeStreamIsReplay = true;

  /** If `options` is a function, it is called for each answer. */
  constructor(private readonly options: LlamaChatTransportOptions | (() => LlamaChatTransportOptions)) {}

  /** Answers the chat. Its messages become the conversation's transcript. */
  sendMessages({ chatId, messages, abortSignal }: Sending<UI_MESSAGE>): Promise<ReadableStream<UIMessageChunk>> {
    const { client, model, scope = chatId, system, tools, toolApproval, maxSteps = MAX_STEPS, settings } = this.current;
    const started = ChatAnswers.of(client).start(scope, async ({ signal, onError, onGeneration }) => {
      const language = new LlamaLanguageModel(client, configOf(model), scope, onGeneration);
      // An interrupted call has no result, and the AI SDK refuses a question after it.
      const asked = await convertToModelMessages(messages, { tools, ignoreIncompleteToolCalls: true });
      const call = { ...settings, instructions: system, tools, toolApproval, stopWhen: isStepCount(maxSteps) };
      return answer(language, asked, { ...call, abortSignal: signal }, onError, messages);
    });
    return Promise.resolve(started.follow(abortSignal));
  }

  /**
   * Resolves to the answer that is being written, from its beginning, or to `null` if there is none. Its tools run only
   * in the chat that began it.
   */
  reconnectToStream(resuming: Resuming<UI_MESSAGE>): Promise<ReadableStream<UIMessageChunk> | null> {
    const { chatId, abortSignal } = resuming;
    const { client, scope = chatId, tools = {} } = this.current;
    const answers = ChatAnswers.of(client);
    const known = answers.get(scope);
    if (known !== undefined) return Promise.resolve(known.isOpen ? known.follow(abortSignal) : null);
    const [generation] = client.scope(scope).getSnapshot().generations;
    if (generation === undefined) return Promise.resolve(null);
    const found = answers.start(scope, ({ signal, onError, onGeneration }) => {
      onGeneration(generation);
      // `streamText` requires a prompt, which a running answer ignores.
      const prompt: ModelMessage[] = [{ role: 'user', content: '' }];
      const call = { tools: withoutExecute(tools), abortSignal: signal };
      return Promise.resolve(answer(new RunningAnswer(generation), prompt, call, onError, []));
    });
    return Promise.resolve(found.follow(abortSignal));
  }

  private get current(): LlamaChatTransportOptions {
    return typeof this.options === 'function' ? this.options() : this.options;
  }
}

function withoutExecute(tools: ToolSet): ToolSet {
  const entries = Object.entries(tools).map(([name, tool]) => [name, { ...tool, execute: undefined }]);
  return Object.fromEntries(entries) as ToolSet;
}

function answer(
  model: LanguageModel,
  messages: ModelMessage[],
  call: Call,
  onError: AnswerContext['onError'],
  originalMessages: UIMessage[],
): ReadableStream<UIMessageChunk> {
  // The AI SDK would print the error; the chat shows it instead.
  const { stream } = streamText({ ...call, model, messages, onError: () => undefined });
  return toUIMessageStream({ stream, tools: call.tools, originalMessages, onError, redactToolErrors: false });
}
