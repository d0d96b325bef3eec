import { Chat } from '@ai-sdk/react';
import { lastAssistantMessageIsCompleteWithApprovalResponses, type UIMessage } from 'ai';

import type { LlamaClient } from '../core/LlamaClient';
import { LlamaChatTransport, type LlamaChatSettings } from './LlamaChatTransport';
import { Runs } from './ChatAnswers';
import { toUiMessages } from './uiMessages';

/**
 * The AI SDK's chat of one conversation: the same for all who show it, however often they come and go. It follows the
 * conversation, also where somebody else speaks in it.
 */
export class SharedChat {
  private static readonly all = new WeakMap<LlamaClient, Map<string, SharedChat>>();
  readonly chat: Chat<UIMessage>;
  /** The transcript's revision that the chat shows, or that it made itself. */
  private seen = 0;
  private isOpen = false;

  private constructor(
    private readonly client: LlamaClient,
    private readonly scope: string,
    /** Of whoever showed it last. */
    private settings: LlamaChatSettings,
  ) {
    this.chat = new Chat<UIMessage>({
      id: scope,
      transport: new LlamaChatTransport(() => ({ ...this.settings, client, scope })),
      // A user's word on a call is what its answer waits for.
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
      onFinish: () => this.look(),
    });
    // One that is known already is there in the first render.
    this.look();
  }

  /** The one of a conversation, always the same beside its client. `settings`: of a new one. */
  static of(client: LlamaClient, scope: string, settings: LlamaChatSettings): SharedChat {
    const chats = SharedChat.all.get(client) ?? new Map<string, SharedChat>();
    SharedChat.all.set(client, chats);
    const chat = chats.get(scope) ?? new SharedChat(client, scope, settings);
    chats.set(scope, chat);
    return chat;
  }

  /** How it is answered from now on. */
  use(settings: LlamaChatSettings): void {
    this.settings = settings;
  }

  /** Reads the conversation, and follows it from now on. */
  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.client.scope(this.scope).subscribe(this.look);
    // A failure is in the store, as the transcript's status.
    this.client.transcript(this.scope).then(this.look, () => undefined);
  }

  private readonly look = (): void => {
    const { transcript, generations } = this.client.scope(this.scope).getSnapshot();
    const run = Runs.of(this.client).get(this.scope);
    // While it waits itself it is told by its transport, and what came of that is its own.
    const isEnding = run !== undefined && !run.isOpen;
    if (isEnding || this.chat.status === 'submitted' || this.chat.status === 'streaming') {
      void run?.ended.then(this.note);
      return;
    }
    if (transcript.revision !== this.seen) {
      this.seen = transcript.revision;
      this.chat.messages = toUiMessages(this.scope, transcript.messages, this.chat.messages);
    }
    // Somebody else's question is in the transcript as soon as its answer has begun.
    const isAsked = transcript.messages.length > 0 && transcript.messages[transcript.messages.length - 1]?.role !== 'assistant';
    if (this.isOpen && isAsked && (run !== undefined || generations.length > 0)) void this.chat.resumeStream();
  };

  private readonly note = (): void => {
    this.seen = this.client.scope(this.scope).getSnapshot().transcript.revision;
  };
}
