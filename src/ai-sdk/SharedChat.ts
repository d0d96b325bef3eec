import { Chat } from '@ai-sdk/react';
import { lastAssistantMessageIsCompleteWithApprovalResponses, type UIMessage } from 'ai';

import type { LlamaClient } from '../core/LlamaClient';
import { ChatAnswers } from './ChatAnswers';
import { LlamaChatTransport, type LlamaChatSettings } from './LlamaChatTransport';
import { toUiMessages } from './uiMessages';

/**
 * The AI SDK's chat of one conversation: the same object for every component that shows it, across mounts. The chat
 * follows the conversation, even when other code sends messages to it.
 */
export class SharedChat {
  private static readonly all = new WeakMap<LlamaClient, Map<string, SharedChat>>();
  readonly chat: Chat<UIMessage>;
  /** The revision of the transcript that the chat shows, or has made itself. */
  private seen = 0;
  private isOpen = false;

  private constructor(
    private readonly client: LlamaClient,
    private readonly scope: string,
    /** The settings of the component that rendered last. */
    private settings: LlamaChatSettings,
  ) {
    this.chat = new Chat<UIMessage>({
      id: scope,
      transport: new LlamaChatTransport(() => ({ ...this.settings, client, scope })),
      // An answer with calls that need approval goes on as soon as the user has decided on all of them.
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
      onFinish: () => this.look(),
    });
    // A transcript that is known already is shown in the first render.
    this.look();
  }

  /** Returns the chat of a conversation: always the same object for one client. A new chat takes the `settings`. */
  static of(client: LlamaClient, scope: string, settings: LlamaChatSettings): SharedChat {
    const chats = SharedChat.all.get(client) ?? new Map<string, SharedChat>();
    SharedChat.all.set(client, chats);
    const chat = chats.get(scope) ?? new SharedChat(client, scope, settings);
    chats.set(scope, chat);
    return chat;
  }

  /** Sets the settings of the next answers. */
  use(settings: LlamaChatSettings): void {
    this.settings = settings;
  }

  /** Reads the conversation, and follows it from now on. */
  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.client.scope(this.scope).subscribe(this.look);
    // The store shows a failure, as the transcript's status.
    this.client.transcript(this.scope).then(this.look, () => undefined);
  }

  private readonly look = (): void => {
    const { transcript, generations } = this.client.scope(this.scope).getSnapshot();
    const answer = ChatAnswers.of(this.client).get(this.scope);
    // While the chat waits for its own answer, the transport brings the messages, and the chat has made the new
    // revision.
    const isEnding = answer !== undefined && !answer.isOpen;
    if (isEnding || this.chat.status === 'submitted' || this.chat.status === 'streaming') {
      void answer?.ended.then(this.note);
      return;
    }
    if (transcript.revision !== this.seen) {
      this.seen = transcript.revision;
      this.chat.messages = toUiMessages(this.scope, transcript.messages, this.chat.messages);
    }
    // A question of other code is in the transcript as soon as its answer has begun.
    const last = transcript.messages[transcript.messages.length - 1];
    const isAsked = last !== undefined && last.role !== 'assistant';
    const isAnswered = answer !== undefined || generations.length > 0;
    if (this.isOpen && isAsked && isAnswered) void this.chat.resumeStream();
  };

  private readonly note = (): void => {
    this.seen = this.client.scope(this.scope).getSnapshot().transcript.revision;
  };
}
