import type { GenerateOptions } from '../../protocol/generated';
import { beginTurn, manualScheduler, type ScriptedPort, scriptedPort } from '../../testing';
import { LlamaClient } from '../LlamaClient';
import type { ToolContext, Tools } from '../tools/ToolDefinition';

// Helpers of the tests of tools.

export const model = { path: 'a' };
export const ask = [{ role: 'user' as const, content: 'What is the weather in Paris?' }];

export function open() {
  const port = scriptedPort();
  const client = new LlamaClient(port, { scheduler: manualScheduler() });
  const states = () =>
    client
      .pendingToolCalls('s')
      .getSnapshot()
      .map(({ name, state }) => `${name} ${state}`);
  return { port, client, states };
}

/** Runs the reactions to settled promises. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** A tool that ends when the test says so. */
export function gatedTool() {
  let end: { resolve(value: unknown): void; reject(error: unknown): void } | undefined;
  const calls: { input: unknown; context: ToolContext }[] = [];
  const execute = (input: unknown, context: ToolContext) => {
    calls.push({ input, context });
    return new Promise((resolve, reject) => {
      end = { resolve, reject };
    });
  };
  return { calls, execute, end: () => end };
}

/** Starts a conversation whose answer has called `quick`, which is done, and `slow`, which runs. */
export async function calling(
  port: ScriptedPort,
  client: LlamaClient,
  signal?: AbortSignal,
  options?: GenerateOptions,
) {
  const slow = gatedTool();
  const tools: Tools = { quick: { execute: () => 'done' }, slow };
  const first = client.generateWithTools({ model, scope: 's', append: ask, tools, signal, options });
  const turn = beginTurn(port);
  turn.call('quick', {});
  turn.call('slow', {});
  turn.finish();
  await settled();
  const [call] = slow.calls;
  if (call === undefined) throw new Error('slow was not called');
  return { first, slow, signal: call.context.signal };
}

export const lastAppended = (port: ScriptedPort) =>
  port.last('generate').append?.map(({ role, content, toolCallId }) => ({ role, content, toolCallId }));
