import type { Message, ToolCall } from '../../protocol/generated';
import type { Generation } from '../generations/Generation';

/** A call of an answer, with its result once the tool has finished. */
export interface CallWithResult {
  /** The call as the model made it. */
  readonly call: ToolCall;
  /** Absent until the tool has finished, however late that is. */
  readonly result?: string | undefined;
}

interface Turn {
  readonly generation: Generation;
  readonly keepPartial: boolean;
}

interface NewestCalls {
  readonly calls: readonly CallWithResult[];
  /** The turns that began after the calls. */
  turns: readonly Turn[];
}

/**
 * Keeps the results of tools until a turn after their calls is committed to the transcript. A turn that is rolled back
 * takes the results with it, and a tool that has run must not run again because of that.
 */
export class ToolResults {
  private readonly scopes = new Map<string, NewestCalls>();

  /** Sets the calls of a conversation's newest answer. Results may be added to these objects later. */
  set(scope: string, calls: readonly CallWithResult[]): void {
    this.scopes.set(scope, { calls, turns: [] });
  }

  /**
   * Takes note of a turn that has begun, with the results or without. Once that turn is committed, the calls are
   * answered.
   */
  follow(generation: Generation, keepPartial: boolean): void {
    const known = this.unanswered(generation.scope);
    if (known !== undefined) known.turns = [...known.turns, { generation, keepPartial }];
  }

  /**
   * Returns the results that no committed turn contains, also those of a running turn, which may still be rolled back.
   * If that turn is committed, the engine leaves the results out of the next one.
   */
  unsent(scope: string): Message[] {
    return messagesOfResults(this.unanswered(scope)?.calls ?? []);
  }

  /** Forgets the calls of a conversation, because they are no longer in its transcript. */
  forget(scope: string): void {
    this.scopes.delete(scope);
  }

  /** Forgets the calls of every conversation. */
  forgetAll(): void {
    this.scopes.clear();
  }

  private unanswered(scope: string): NewestCalls | undefined {
    const known = this.scopes.get(scope);
    return known?.turns.some(stays) === true ? undefined : known;
  }
}

/** Returns a message of the role `tool` for every call that has a result. */
export function messagesOfResults(calls: readonly CallWithResult[]): Message[] {
  return calls.flatMap(({ call, result }): Message[] =>
    result === undefined ? [] : [{ role: 'tool', content: result, toolCallId: call.id, toolName: call.name }],
  );
}

/**
 * Whether the turn is committed to the engine's transcript. One that was cut short is committed only if it keeps a
 * partial answer.
 */
function stays({ generation, keepPartial }: Turn): boolean {
  const { phase, text, reasoning, toolCalls } = generation.getSnapshot();
  if (phase.type !== 'finished') return false;
  const { reason } = phase.outcome;
  const isWhole = reason !== 'cancelled' && reason !== 'failed';
  return isWhole || (keepPartial && (text !== '' || reasoning !== '' || toolCalls.length > 0));
}
