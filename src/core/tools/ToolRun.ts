import type { GenerateOptions, Message, ToolCall } from '../../protocol/generated';
import type { GenerateRequest } from '../generations/GenerateRequest';
import type { Generation } from '../generations/Generation';
import { Deferred } from '../port/Deferred';
import { followSignal } from '../port/Signal';
import { errorText, resultText } from './resultText';
import { currentTools, declaredTools, type Tools } from './ToolDefinition';
import { type CallWithResult, messagesOfResults } from './ToolResults';

/** A turn whose answer may call tools. */
export interface ToolRequest extends GenerateRequest {
  /** The tools that answers may call. A function is called again for every answer and every call. */
  tools: Tools | (() => Tools);
  /**
   * The greatest number of answers. Calls of the last one stay unanswered: `pendingToolCalls` shows them until the next
   * turn.
   * @default 5
   */
  maxSteps?: number;
}

/** A tool call that has no result yet. */
export interface PendingToolCall extends ToolCall {
  /**
   * `waiting` for the user's approval, or `running`. `unanswered`: no tool carries the call out, because its answer was
   * the last one allowed.
   */
  readonly state: 'waiting' | 'running' | 'unanswered';
}

/** The owner of a run. @internal */
export interface ToolRunHost {
  /** Starts one of its turns. */
  generate(request: GenerateRequest): Generation;
  /** Called with the calls of an answer before they are carried out. Results are added to these objects later. */
  onCalls(calls: readonly CallWithResult[]): void;
  /** Called with the calls that have no result yet, until the run is ended. */
  onPending(calls: readonly PendingToolCall[]): void;
}

interface RunningCall extends CallWithResult {
  /** Absent when the call is no longer pending. */
  pending?: PendingToolCall | undefined;
  approval?: Deferred<boolean>;
  result?: string;
}

const MAX_STEPS = 5;

/** A question, its answers, and the tools that they call, until an answer calls none or the run is ended. */
export class ToolRun {
  // The core avoids this class, which some engines lack. Only apps with tools need it, and React Native has it.
  // eslint-disable-next-line no-restricted-globals
  private readonly abort = new AbortController();
  private generation: Generation | undefined;
  private calls: readonly RunningCall[] = [];

  constructor(
    private readonly request: ToolRequest,
    private readonly host: ToolRunHost,
  ) {}

  /** Starts the first answer and returns it. `onEnd` is called when no answer follows any more. */
  start(onEnd: () => void): Generation {
    const first = this.ask(this.request);
    const done = this.follow(first).then(onEnd);
    followSignal(this.request.signal, () => this.end(), done);
    return first;
  }

  /** Whether an answer is being written. */
  isAnswering(): boolean {
    return this.generation?.finished === false;
  }

  /** Whether the run waits for this answer. */
  waitsFor(generation: Generation): boolean {
    return this.generation === generation;
  }

  /**
   * Stops starting tools and answers, and aborts running tools. A tool that still returns adds its result to its call.
   */
  end(): void {
    if (this.isOver()) return;
    this.host.onPending([]);
    this.abort.abort();
    for (const { approval } of this.calls) approval?.resolve(false);
  }

  /** Settles the waiting calls of that id: the user approves or denies them. */
  settleApproval(callId: string, isApproved: boolean): void {
    for (const { call, approval } of this.calls) if (call.id === callId) approval?.resolve(isApproved);
  }

  private isOver(): boolean {
    return this.abort.signal.aborted;
  }

  private ask(request: GenerateRequest): Generation {
    const tools = declaredTools(currentTools(this.request.tools));
    this.generation = this.host.generate({ ...request, options: { ...request.options, tools } });
    return this.generation;
  }

  /** Never rejects: every failure is the failure of a generation. */
  private async follow(first: Generation): Promise<void> {
    const { model, scope, persist, overflow, signal, options = {}, maxSteps = MAX_STEPS } = this.request;
    let generation = first;
    for (let step = 1; ; step += 1) {
      const outcome = await generation.result.catch(() => undefined);
      // A turn that failed or was cancelled is rolled back, together with its calls.
      if (this.isOver() || outcome === undefined || outcome.reason === 'cancelled') return;
      if (outcome.reason !== 'toolCalls' || step >= maxSteps) {
        this.leaveUnanswered(outcome.toolCalls);
        return;
      }
      const append = await this.carryOut(outcome.toolCalls);
      if (this.isOver()) return;
      generation = this.ask({ model, scope, persist, overflow, signal, append, options: afterFirst(options) });
    }
  }

  /** Shows the calls of an answer that no other answer follows. */
  private leaveUnanswered(calls: readonly ToolCall[]): void {
    this.calls = calls.map((call) => ({ call, pending: Object.freeze({ ...call, state: 'unanswered' }) }));
    this.announce();
  }

  private async carryOut(calls: readonly ToolCall[]): Promise<Message[]> {
    const running = calls.map((call): RunningCall => ({ call, pending: Object.freeze({ ...call, state: 'running' }) }));
    this.calls = running;
    this.host.onCalls(running);
    this.announce();
    await Promise.all(running.map((call) => this.execute(call)));
    return messagesOfResults(running);
  }

  private async execute(running: RunningCall): Promise<void> {
    const result = await this.resultOf(running).catch(errorText);
    if (result !== undefined) running.result = result;
    this.setState(running, undefined);
  }

  /** Resolves to `undefined` if the run ended before the tool started. */
  private async resultOf(running: RunningCall): Promise<string | undefined> {
    const { call } = running;
    const tool = currentTools(this.request.tools)[call.name];
    if (tool === undefined) throw new Error(`there is no tool ${call.name}`);
    const input: unknown = JSON.parse(call.arguments);
    const { needsApproval = false } = tool;
    const asks = typeof needsApproval === 'function' ? needsApproval(input) : needsApproval;
    const isApproved = !asks || (await this.approval(running));
    if (this.isOver()) return undefined;
    if (!isApproved) throw new Error('the user refused');
    // A component may have rendered with other tools while the user decided.
    const { execute } = currentTools(this.request.tools)[call.name] ?? tool;
    const context = { callId: call.id, scope: this.request.scope, signal: this.abort.signal };
    return resultText(await execute(input, context));
  }

  private approval(running: RunningCall): Promise<boolean> {
    running.approval = new Deferred<boolean>(() => this.setState(running, 'running'));
    this.setState(running, 'waiting');
    return running.approval.promise;
  }

  private setState(running: RunningCall, state: PendingToolCall['state'] | undefined): void {
    running.pending = state && Object.freeze({ ...running.call, state });
    this.announce();
  }

  private announce(): void {
    // After its end another run may own the conversation.
    if (this.isOver()) return;
    this.host.onPending(this.calls.flatMap(({ pending }) => (pending === undefined ? [] : [pending])));
  }
}

/** Returns the options of later answers. A tool choice that requires a call holds for the first answer only. */
function afterFirst(options: GenerateOptions): GenerateOptions {
  const { toolChoice, ...others } = options;
  return toolChoice === undefined || toolChoice.type === 'none' ? options : others;
}
