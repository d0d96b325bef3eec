import type { LanguageModelV4StreamPart, LanguageModelV4ToolCall } from '@ai-sdk/provider';

import type { Generation } from '../core/generations/Generation';
import { LlamaError } from '../core/LlamaError';
import type { FinishReason, GenerationState, ToolCall } from '../protocol/generated';
import { type Ending, finishOf } from './finish';

type Block = 'text' | 'reasoning';

/**
 * Writes the parts of a generation that are new since the last call: blocks in their order, each with its start and
 * end, and tool calls last.
 */
export class PartWriter {
  private readonly written = { text: 0, reasoning: 0 };
  private readonly blocks = { text: 0, reasoning: 0 };
  /** Lengths of the written arguments, by the call's id: a dropped call changes the indexes of the others. */
  private readonly calls = new Map<string, number>();
  private open: { block: Block | 'tool-input'; id: string } | undefined;

  constructor(private readonly generation: Pick<Generation, 'id' | 'scope'>) {}

  /** Returns the new parts, and at the end of the generation the parts that end the stream. */
  write(state: GenerationState): LanguageModelV4StreamPart[] {
    const parts = [...this.grow('reasoning', state), ...this.grow('text', state)];
    for (const call of state.toolCalls) parts.push(...this.growCall(call));
    if (state.phase.type === 'finished') {
      parts.push(...this.end(state, { ...state.phase.outcome, logprobs: state.logprobs }));
    }
    return parts;
  }

  private grow(block: Block, state: GenerationState): LanguageModelV4StreamPart[] {
    const delta = state[block].slice(this.written[block]);
    if (delta === '') return [];
    this.written[block] = state[block].length;
    const parts: LanguageModelV4StreamPart[] = [];
    if (this.open?.block !== block) {
      parts.push(...this.close());
      this.blocks[block] += 1;
      this.open = { block, id: `${block}-${this.blocks[block]}` };
      parts.push({ type: `${block}-start`, id: this.open.id });
    }
    return [...parts, { type: `${block}-delta`, id: this.open.id, delta }];
  }

  private growCall({ id, name, arguments: input }: ToolCall): LanguageModelV4StreamPart[] {
    const known = this.calls.get(id);
    const delta = input.slice(known ?? 0);
    this.calls.set(id, input.length);
    const parts: LanguageModelV4StreamPart[] = [];
    if (known === undefined) {
      parts.push(...this.close());
      this.open = { block: 'tool-input', id };
      parts.push({ type: 'tool-input-start', id, toolName: name });
    }
    return delta === '' ? parts : [...parts, { type: 'tool-input-delta', id, delta }];
  }

  private end({ toolCalls }: GenerationState, ending: Ending): LanguageModelV4StreamPart[] {
    const { reason, error } = ending;
    const failure = error === undefined ? [] : [{ type: 'error' as const, error: LlamaError.from(error) }];
    const finish = { type: 'finish' as const, ...finishOf(this.generation, ending) };
    return [...this.close(), ...callParts(toolCalls, reason), ...failure, finish];
  }

  /** Ends the open block. */
  private close(): LanguageModelV4StreamPart[] {
    const { open } = this;
    this.open = undefined;
    return open === undefined ? [] : [{ type: `${open.block}-end`, id: open.id }];
  }
}

/**
 * Returns the calls of an answer as parts. Only the end of the answer tells which calls were not cut short. An answer
 * that failed or was cancelled calls nothing.
 */
export function callParts(calls: readonly ToolCall[], reason: FinishReason): LanguageModelV4ToolCall[] {
  if (reason === 'failed' || reason === 'cancelled') return [];
  return calls.map(({ id, name, arguments: input }) => ({ type: 'tool-call', toolCallId: id, toolName: name, input }));
}
