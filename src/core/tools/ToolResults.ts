import type { Message, ToolCall } from '../../protocol/generated';
import type { Generation } from '../generations/Generation';
import { resultMessage } from './ToolDefinition';

/** A call that an answer made, and what it came to, once it has. */
export interface AnsweredCall {
  /** As the model made it. */
  readonly call: ToolCall;
  /** Absent until the tool has finished, however late that is. */
  readonly result?: string | undefined;
}

interface Turn {
  readonly generation: Generation;
  readonly keepPartial: boolean;
}

interface Calls {
  readonly calls: readonly AnsweredCall[];
  /** What was asked since. */
  turns: readonly Turn[];
}

/**
 * Keeps what tools gave until a turn that came after it stays in the transcript: a turn that goes back takes the results with it,
 * and a tool that ran must not run again for that.
 */
export class CallResults {
  private readonly scopes = new Map<string, Calls>();

  /** The calls of a conversation's newest answer. Results that come later are seen. */
  set(scope: string, calls: readonly AnsweredCall[]): void {
    this.scopes.set(scope, { calls, turns: [] });
  }

  /** A turn has begun, with the results or without: once it stays, the calls have been answered. */
  follow(generation: Generation, keepPartial: boolean): void {
    const known = this.current(generation.scope);
    if (known !== undefined) known.turns = [...known.turns, { generation, keepPartial }];
  }

  /**
   * Results that are in no turn that stays. One that is under way with them may go back yet; the engine leaves out what it has by
   * the time that the next one begins.
   */
  unsent(scope: string): Message[] {
    const { calls = [] } = this.current(scope) ?? {};
    return calls.flatMap(({ call, result }) => (result === undefined ? [] : [resultMessage(call, result)]));
  }

  /** The calls are no longer in the transcript. */
  forget(scope: string): void {
    this.scopes.delete(scope);
  }

  /** The same for every conversation. */
  forgetAll(): void {
    this.scopes.clear();
  }

  private current(scope: string): Calls | undefined {
    const known = this.scopes.get(scope);
    return known?.turns.some(stays) === true ? undefined : known;
  }
}

/** Whether the engine has the turn in its transcript: one that was cut short goes back, unless it keeps what was delivered. */
function stays({ generation, keepPartial }: Turn): boolean {
  const { phase, text, reasoning, toolCalls } = generation.getSnapshot();
  if (phase.type !== 'finished') return false;
  const { reason } = phase.outcome;
  const isWhole = reason !== 'cancelled' && reason !== 'failed';
  return isWhole || (keepPartial && (text !== '' || reasoning !== '' || toolCalls.length > 0));
}
