import type { LlamaClient } from '../core/LlamaClient';
import { ChatAnswer, type OpenAnswer } from './ChatAnswer';

/** The running answers of a client's chats, by scope. Every transport of the client finds them here. */
export class ChatAnswers {
  private static readonly all = new WeakMap<LlamaClient, ChatAnswers>();
  private readonly byScope = new Map<string, ChatAnswer>();

  /** Returns the answers of a client: always the same object. */
  static of(client: LlamaClient): ChatAnswers {
    const answers = ChatAnswers.all.get(client) ?? new ChatAnswers();
    ChatAnswers.all.set(client, answers);
    return answers;
  }

  /** Returns the newest answer of a conversation, unless it has ended. */
  get(scope: string): ChatAnswer | undefined {
    return this.byScope.get(scope);
  }

  /** Starts an answer. `get` finds it until it has ended. */
  start(scope: string, open: OpenAnswer): ChatAnswer {
    const answer = new ChatAnswer(open);
    this.byScope.set(scope, answer);
    void answer.ended.then(() => {
      if (this.byScope.get(scope) === answer) this.byScope.delete(scope);
    });
    return answer;
  }
}
