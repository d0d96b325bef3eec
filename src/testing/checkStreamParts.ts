/** A part of an AI SDK stream, reduced to what its order depends on. */
export interface StreamPart {
  readonly type: string;
}

interface Fields extends StreamPart {
  readonly id?: string;
  readonly delta?: string;
  readonly toolName?: string;
  readonly toolCallId?: string;
  readonly input?: string;
  readonly inputEncoding?: string;
  readonly providerExecuted?: boolean;
  readonly finishReason?: { readonly unified: string };
  readonly usage?: { readonly inputTokens: { total?: number; noCache?: number; cacheRead?: number } };
}

interface Block {
  readonly kind: string;
  readonly toolName: string | undefined;
  readonly isJson: boolean;
  text: string;
  isOpen: boolean;
}

/** Reports a violation of the part that is being checked. */
type Fail = (what: string) => void;

const BLOCK = /^(text|reasoning|tool-input)-(start|delta|end)$/;
const ANYWHERE = new Set([
  'response-metadata',
  'raw',
  'ping',
  'error',
  'file',
  'reasoning-file',
  'source',
  'custom',
  'tool-result',
  'tool-approval-request',
]);

/**
 * Returns the violations of a `LanguageModelV4` stream's order, in words; none for a correct stream. The rules:
 *
 * - `stream-start` comes first, and once.
 * - A block has a start, deltas and an end in this order, under an id that is used once.
 * - The input of a tool ends before its call, and equals the call's input.
 * - `finish` comes last, and once, after every block has ended. Its tokens add up.
 *
 * ```ts
 * const { stream } = await model.doStream(options);
 * expect(checkStreamParts(await Array.fromAsync(stream))).toEqual([]);
 * ```
 */
export function checkStreamParts(parts: readonly StreamPart[]): readonly string[] {
  const check = new Check();
  parts.forEach((part, index) => check.take(part, index));
  check.end(parts.length);
  return check.problems;
}

class Check {
  readonly problems: string[] = [];
  private readonly blocks = new Map<string, Block>();
  private readonly calls = new Set<string>();
  private clientCalls = 0;
  private finishedAt: number | undefined;

  take(part: Fields, index: number): void {
    const fail = (what: string) => this.problems.push(`${index} (${part.type}): ${what}`);
    if (this.finishedAt !== undefined) fail('comes after finish');
    if (index === 0 && part.type !== 'stream-start') fail('is not stream-start');
    if (index > 0 && part.type === 'stream-start') fail('is not the first');
    const [, kind = '', step] = BLOCK.exec(part.type) ?? [];
    if (step === 'start') this.start(part, kind, fail);
    else if (step !== undefined) this.goOn(part, kind, step, fail);
    else if (part.type === 'tool-call') this.call(part, fail);
    else if (part.type === 'finish') this.finish(part, index, fail);
    else if (part.type !== 'stream-start' && !ANYWHERE.has(part.type)) fail('is no part of a stream');
  }

  end(length: number): void {
    if (this.finishedAt === undefined) this.problems.push(`${length}: ends without finish`);
  }

  private start(part: Fields, kind: string, fail: Fail): void {
    const { id = '', toolName, inputEncoding = 'json' } = part;
    if (this.blocks.has(id)) fail(`${id} was used before`);
    if (kind === 'tool-input' && (toolName ?? '') === '') fail('has no toolName');
    this.blocks.set(id, { kind, toolName, isJson: inputEncoding === 'json', text: '', isOpen: true });
  }

  private goOn({ id = '', delta }: Fields, kind: string, step: string, fail: Fail): void {
    const block = this.blocks.get(id);
    if (block === undefined) {
      fail(`${id} was not started`);
      return;
    }
    if (block.kind !== kind) fail(`${id} is a block of ${block.kind}`);
    if (!block.isOpen) fail(`${id} was ended before`);
    if (step === 'end') block.isOpen = false;
    else if (typeof delta === 'string') block.text += delta;
    else fail('has no delta');
  }

  private call({ toolCallId = '', toolName, input = '', providerExecuted }: Fields, fail: Fail): void {
    if (this.calls.has(toolCallId)) fail(`${toolCallId} was called before`);
    this.calls.add(toolCallId);
    if (providerExecuted !== true) this.clientCalls += 1;
    if (!isJson(input)) fail('its input is not JSON');
    const streamed = this.blocks.get(toolCallId);
    if (streamed === undefined) return;
    if (streamed.isOpen) fail(`the input of ${toolCallId} was not ended`);
    if (streamed.toolName !== toolName) {
      fail(`the input of ${toolCallId} was one for ${streamed.toolName ?? 'no tool'}`);
    }
    if (streamed.isJson && streamed.text !== input) fail(`its input is not what was streamed for ${toolCallId}`);
  }

  private finish({ finishReason, usage }: Fields, index: number, fail: Fail): void {
    this.finishedAt = index;
    for (const [id, { isOpen }] of this.blocks) if (isOpen) fail(`${id} was not ended`);
    if (finishReason === undefined) fail('has no finishReason');
    if (finishReason?.unified === 'tool-calls' && this.clientCalls === 0) fail('waits for tools that were not called');
    if (usage === undefined) fail('has no usage');
    const { total, noCache, cacheRead } = usage?.inputTokens ?? {};
    if (total === undefined || noCache === undefined || cacheRead === undefined) return;
    if (total !== noCache + cacheRead) fail(`${total} input tokens are not ${noCache} and ${cacheRead} cached ones`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
