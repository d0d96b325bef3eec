import type { Message, Tool, ToolCall } from '../../protocol/generated';

/** A function of the app that the model may call. */
export interface ToolDefinition {
  /** When to call it, for the model. */
  readonly description?: string;
  /** JSON Schema of the arguments, an object. Left out: there are none. */
  readonly parameters?: Record<string, unknown>;
  /** Whether the user is asked first, for every call or depending on its arguments. Left out: never. */
  readonly needsApproval?: boolean | ((input: unknown) => boolean);
  /**
   * Carries a call out. What it gives, or what its promise resolves to, goes to the model: a string as it is, anything else as
   * JSON. What it throws goes to the model as `{ "error": … }`. It outlives the component that asked.
   */
  readonly execute: (input: unknown, context: ToolContext) => unknown;
}

/** What a tool is told beside its arguments. */
export interface ToolContext {
  /** The call's id in the transcript. */
  readonly callId: string;
  /** The conversation. */
  readonly scope: string;
  /** Aborted when the user stops the conversation, or goes on without waiting. */
  readonly signal: AbortSignal;
}

/** The tools of a conversation, by name. */
export type Tools = Readonly<Record<string, ToolDefinition>>;

/** A call that has no result yet. */
export interface OpenCall extends ToolCall {
  /** `waiting` for the user's approval, `running`, or `left`: nobody carries it out, because its answer was the last one allowed. */
  readonly state: 'waiting' | 'running' | 'left';
}

/** The tools as they are now. */
export function currentTools(tools: Tools | (() => Tools)): Tools {
  return typeof tools === 'function' ? tools() : tools;
}

/** What the model is told of tools. */
export function declared(tools: Tools): Tool[] {
  return Object.keys(tools).map((name) => {
    const { description = '', parameters = {} } = tools[name] ?? {};
    return { name, description, parameters };
  });
}

/** A call's result as the model is told of it. */
export function resultMessage(call: ToolCall, content: string): Message {
  return { role: 'tool', content, toolCallId: call.id, toolName: call.name };
}

/** What a tool gave, as text. */
export function resultText(result: unknown): string {
  return typeof result === 'string' ? result : (json(result) ?? 'null');
}

/** `undefined` for what JSON has no word for, such as a function: its type does not say so. */
const json: (value: unknown) => string | undefined = (value) => JSON.stringify(value);

/** Why there is no result, as text. */
export function errorText(error: unknown): string {
  return JSON.stringify({ error: error instanceof Error ? error.message : String(error) });
}
