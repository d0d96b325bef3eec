import type { GenerateOptions, Message, ToolCall } from '../../protocol/generated';
import type { AnsweredCall } from './ToolResults';
import { Deferred } from '../port/Deferred';
import { followSignal, type GenerateRequest } from '../generations/GenerateRequest';
import type { Generation } from '../generations/Generation';
import { currentTools, declared, errorText, type OpenCall, resultMessage, resultText, type Tools } from './ToolDefinition';

/** A turn whose answer may call tools. */
export interface ToolRequest extends GenerateRequest {
  /** What its answers may call. A function is asked anew for every answer and every call. */
  tools: Tools | (() => Tools);
  /** Answers at most. What the last one calls is left: `openCalls` shows it until the next turn. Left out: 5. */
  maxSteps?: number;
}

/** What a run needs of those who have it. @internal */
export interface RunHost {
  /** Begins one of its turns. */
  generate(request: GenerateRequest): Generation;
  /** Told of the calls of an answer before they are carried out. They get their results in place. */
  onCalls(calls: readonly AnsweredCall[]): void;
  /** Told which of them have no result yet, until somebody ends the run. */
  onOpen(calls: readonly OpenCall[]): void;
}

interface RunningCall extends AnsweredCall {
  /** Absent when it is open no longer. */
  open?: OpenCall | undefined;
  approval?: Deferred<boolean>;
  result?: string;
}

const MAX_STEPS = 5;

/** One question, the answers to it, and what they call, until one calls nothing or somebody goes on. */
export class ToolRun {
  // Needed by apps that have tools alone; React Native has it.
  // eslint-disable-next-line no-restricted-globals
  private readonly abort = new AbortController();
  private generation: Generation | undefined;
  private calls: readonly RunningCall[] = [];

  constructor(
    private readonly request: ToolRequest,
    private readonly host: RunHost,
  ) {}

  /** Gives the first answer. `onEnd` is called when nothing follows any more. */
  start(onEnd: () => void): Generation {
    const first = this.ask(this.request);
    const done = this.follow(first).then(onEnd);
    followSignal(this.request.signal, () => this.end(), done);
    return first;
  }

  /** Whether an answer is under way. */
  isAnswering(): boolean {
    return this.generation?.finished === false;
  }

  /** Whether this is the answer that it waits for. */
  waitsFor(generation: Generation): boolean {
    return this.generation === generation;
  }

  /** Carries nothing more out and asks nothing more. Tools that run are told; what they give all the same is their calls' result. */
  end(): void {
    if (this.isOver()) return;
    this.host.onOpen([]);
    this.abort.abort();
    for (const { approval } of this.calls) approval?.resolve(false);
  }

  /** Answers the calls of that id that wait for the user. */
  approve(callId: string, isApproved: boolean): void {
    for (const { call, approval } of this.calls) if (call.id === callId) approval?.resolve(isApproved);
  }

  private isOver(): boolean {
    return this.abort.signal.aborted;
  }

  private ask(request: GenerateRequest): Generation {
    this.generation = this.host.generate({ ...request, options: { ...request.options, tools: declared(currentTools(this.request.tools)) } });
    return this.generation;
  }

  /** Never fails: what went wrong is the failure of a generation. */
  private async follow(first: Generation): Promise<void> {
    const { model, scope, persist, overflow, signal, options = {}, maxSteps = MAX_STEPS } = this.request;
    let generation = first;
    for (let step = 1; ; step += 1) {
      const outcome = await generation.result.catch(() => undefined);
      // A turn that failed or was cancelled goes back, and its calls with it.
      if (this.isOver() || outcome === undefined || outcome.reason === 'cancelled') return;
      if (outcome.reason !== 'toolCalls' || step >= maxSteps) {
        this.leave(outcome.toolCalls);
        return;
      }
      const append = await this.carryOut(outcome.toolCalls);
      if (this.isOver()) return;
      generation = this.ask({ model, scope, persist, overflow, signal, append, options: afterFirst(options) });
    }
  }

  /** Of an answer after which nothing follows, though it calls something. */
  private leave(calls: readonly ToolCall[]): void {
    this.calls = calls.map((call) => ({ call, open: Object.freeze({ ...call, state: 'left' }) }));
    this.announce();
  }

  private async carryOut(calls: readonly ToolCall[]): Promise<Message[]> {
    const running = calls.map((call): RunningCall => ({ call, open: Object.freeze({ ...call, state: 'running' }) }));
    this.calls = running;
    this.host.onCalls(running);
    this.announce();
    await Promise.all(running.map((call) => this.execute(call)));
    return running.flatMap(({ call, result }) => (result === undefined ? [] : [resultMessage(call, result)]));
  }

  private async execute(running: RunningCall): Promise<void> {
    const result = await this.resultOf(running).catch(errorText);
    if (result !== undefined) running.result = result;
    this.setState(running, undefined);
  }

  /** `undefined`: the run was over before the tool began. */
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
    // A component may have been rendered anew while the user thought about it.
    const { execute } = currentTools(this.request.tools)[call.name] ?? tool;
    return resultText(await execute(input, { callId: call.id, scope: this.request.scope, signal: this.abort.signal }));
  }

  private approval(running: RunningCall): Promise<boolean> {
    running.approval = new Deferred<boolean>(() => this.setState(running, 'running'));
    this.setState(running, 'waiting');
    return running.approval.promise;
  }

  private setState(running: RunningCall, state: OpenCall['state'] | undefined): void {
    running.open = state && Object.freeze({ ...running.call, state });
    this.announce();
  }

  private announce(): void {
    // Another run may have the conversation by now.
    if (!this.isOver()) this.host.onOpen(this.calls.flatMap(({ open }) => (open === undefined ? [] : [open])));
  }
}

/** What was required has been done. */
function afterFirst(options: GenerateOptions): GenerateOptions {
  const { toolChoice, ...others } = options;
  return toolChoice === undefined || toolChoice.type === 'none' ? options : others;
}
