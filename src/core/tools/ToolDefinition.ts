import type { Tool } from '../../protocol/generated';

/** A function of the app that the model may call. */
export interface ToolDefinition {
  /** Tells the model when to call the tool. */
  readonly description?: string;
  /**
   * JSON Schema of the arguments, an object.
   * @default no arguments
   */
  readonly parameters?: Record<string, unknown>;
  /**
   * Whether the user must approve a call, for every call or depending on its arguments.
   * @default false
   */
  readonly needsApproval?: boolean | ((input: unknown) => boolean);
  /**
   * Carries out a call. Its result, or the value of its promise, goes to the model: a string as it is, anything else as
   * JSON. An exception goes to the model as `{ "error": … }`. The call outlives the component that asked.
   */
  readonly execute: (input: unknown, context: ToolContext) => unknown;
}

/** Describes a call to the tool that carries it out. */
export interface ToolContext {
  /** The call's id in the transcript. */
  readonly callId: string;
  /** The conversation. */
  readonly scope: string;
  /** Aborted when the user stops the conversation, or sends a message without waiting for the tool. */
  readonly signal: AbortSignal;
}

/** The tools of a conversation, by name. */
export type Tools = Readonly<Record<string, ToolDefinition>>;

/** Returns the tools as they are now. */
export function currentTools(tools: Tools | (() => Tools)): Tools {
  return typeof tools === 'function' ? tools() : tools;
}

/** Returns the tools as the engine describes them to the model. */
export function declaredTools(tools: Tools): Tool[] {
  return Object.keys(tools).map((name) => {
    const { description = '', parameters = {} } = tools[name] ?? {};
    return { name, description, parameters };
  });
}
