import type { LanguageModelV4StreamPart, LanguageModelV4ToolCall } from '@ai-sdk/provider';

import { LlamaError } from '../core/LlamaError';
import type { Generation } from '../core/Generation';
import type { GenerationState, ToolCall } from '../protocol/generated';
import { type Ending, finishOf } from './finish';

type Block = 'text' | 'reasoning';

/** Tells the parts of a generation that are new since it was asked last, each block whole and in its order. */
export class PartWriter {
  private readonly told = { text: 0, reasoning: 0 };
  private readonly blocks = { text: 0, reasoning: 0 };
  /** Lengths of the arguments that were told, by the call's index. */
  private readonly calls: number[] = [];
  private open: { block: Block; id: string } | { block: 'tool'; index: number } | undefined;

  constructor(private readonly generation: Pick<Generation, 'id' | 'scope'>) {}

  /** What came since the last call; at the end of the generation, what ends the stream. */
  write(state: GenerationState): LanguageModelV4StreamPart[] {
    const parts = [...this.grow('reasoning', state), ...this.grow('text', state)];
    for (const [index, call] of state.toolCalls.entries()) parts.push(...this.growCall(index, call, state));
    if (state.phase.type === 'finished') parts.push(...this.end(state, { ...state.phase.outcome, logprobs: state.logprobs }));
    return parts;
  }

  private grow(block: Block, state: GenerationState): LanguageModelV4StreamPart[] {
    const delta = state[block].slice(this.told[block]);
    if (delta === '') return [];
    this.told[block] = state[block].length;
    const parts: LanguageModelV4StreamPart[] = [];
    if (this.open?.block !== block) {
      parts.push(...this.close(state, true));
      this.blocks[block] += 1;
      this.open = { block, id: `${block}-${this.blocks[block]}` };
      parts.push({ type: `${block}-start`, id: this.open.id });
    }
    return [...parts, { type: `${block}-delta`, id: this.open.id, delta }];
  }

  private growCall(index: number, { id, name, arguments: input }: ToolCall, state: GenerationState): LanguageModelV4StreamPart[] {
    const known = this.calls[index];
    const delta = input.slice(known ?? 0);
    this.calls[index] = input.length;
    const parts: LanguageModelV4StreamPart[] = [];
    if (known === undefined) {
      parts.push(...this.close(state, true));
      this.open = { block: 'tool', index };
      parts.push({ type: 'tool-input-start', id, toolName: name });
    }
    return delta === '' ? parts : [...parts, { type: 'tool-input-delta', id, delta }];
  }

  private end(state: GenerationState, ending: Ending): LanguageModelV4StreamPart[] {
    const { reason, error } = ending;
    const failure = error === undefined ? [] : [{ type: 'error' as const, error: LlamaError.from(error) }];
    const parts = this.close(state, reason === 'stop' || reason === 'toolCalls');
    return [...parts, ...failure, { type: 'finish', ...finishOf(this.generation, ending) }];
  }

  /** Ends what is open. A call whose arguments were cut off is none: `isWhole` says whether they may be. */
  private close(state: GenerationState, isWhole: boolean): LanguageModelV4StreamPart[] {
    const { open } = this;
    this.open = undefined;
    if (open === undefined) return [];
    if (open.block !== 'tool') return [{ type: `${open.block}-end`, id: open.id }];
    const call = state.toolCalls[open.index];
    if (call === undefined) return [];
    return [{ type: 'tool-input-end', id: call.id }, ...(isWhole ? [toolCallPart(call)] : [])];
  }
}

/** A call as a part of an answer. */
export function toolCallPart({ id, name, arguments: input }: ToolCall): LanguageModelV4ToolCall {
  return { type: 'tool-call', toolCallId: id, toolName: name, input };
}
