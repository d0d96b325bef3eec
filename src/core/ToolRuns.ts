import type { GenerateOptions, Message, ToolCall } from '../protocol/generated';
import { Deferred } from './Deferred';
import type { GenerateRequest } from './generate';
import type { Generation } from './Generation';
import { type Changes, type ReadableStore, Store } from './Store';
import { declared, errorText, type OpenCall, resultMessage, resultText, type ToolDefinition, type Tools } from './tools';

/** A turn whose answer may call tools. */
export interface ToolRequest extends GenerateRequest {
  /** What its answers may call. */
  tools: Tools;
  /** Answers at most, whatever the last one calls. Left out: 5. */
  maxSteps?: number;
}

const MAX_STEPS = 5;

interface Run {
  readonly abort: AbortController;
  /** In the order in which the model made them, with their results as far as they are there. */
  calls: readonly { readonly call: ToolCall; result?: string }[];
  readonly approvals: Map<string, Deferred<boolean>>;
}

const NONE: readonly OpenCall[] = Object.freeze([]);
const INTERRUPTED = errorText(new Error('the user went on before the tool had finished'));

/**
 * Carries out what answers call, gives the results back and asks for the next answer, until one calls nothing. Belongs to the
 * client, not to a component: a tool that outlives its component finishes, and its result is in the conversation.
 */
export class ToolRuns {
  private readonly runs = new Map<string, Run>();
  private readonly stores = new Map<string, Store<readonly OpenCall[]>>();

  constructor(
    private readonly changes: Changes,
    private readonly generate: (request: GenerateRequest) => Generation,
  ) {}

  /** The calls of a conversation that have no result yet. */
  open(scope: string): ReadableStore<readonly OpenCall[]> {
    return this.store(scope);
  }

  /** Starts a turn, and those that follow from what its answers call. Gives the first. */
  start({ tools, maxSteps = MAX_STEPS, ...request }: ToolRequest): Generation {
    const options = { ...request.options, tools: declared(tools) };
    const first = this.generate({ ...request, options });
    const { model, scope, persist, overflow, signal } = request;
    void this.follow(first, { model, scope, persist, overflow, signal, options: afterFirst(options) }, tools, maxSteps);
    return first;
  }

  /** Never fails: what went wrong is the failure of a generation. */
  private async follow(first: Generation, request: GenerateRequest, tools: Tools, maxSteps: number): Promise<void> {
    let generation = first;
    for (let step = 1; ; step += 1) {
      const outcome = await generation.result.catch(() => undefined);
      if (outcome?.reason !== 'toolCalls' || step >= maxSteps) return;
      const append = await this.carryOut(request.scope, outcome.toolCalls, tools);
      if (append === undefined) return;
      generation = this.generate({ ...request, append });
    }
  }

  /** Answers a call that waits for the user. One that does not wait is no error. */
  approve(scope: string, callId: string, isApproved: boolean): void {
    this.runs.get(scope)?.approvals.get(callId)?.resolve(isApproved);
  }

  /**
   * Ends the run of a conversation without another answer, and gives a result for each of the calls that its last message made:
   * what they came to by now.
   */
  interrupt(scope: string, calls: readonly ToolCall[]): Message[] {
    const run = this.runs.get(scope);
    this.runs.delete(scope);
    this.store(scope).set(NONE);
    run?.abort.abort();
    const resultOf = ({ id }: ToolCall) => run?.calls.find(({ call }) => call.id === id)?.result;
    return calls.map((call) => resultMessage(call, resultOf(call) ?? INTERRUPTED));
  }

  /** `undefined` when the run was interrupted: whoever did that has the results. */
  private async carryOut(scope: string, calls: readonly ToolCall[], tools: Tools): Promise<Message[] | undefined> {
    // Needed by apps that have tools alone; React Native has it.
    // eslint-disable-next-line no-restricted-globals
    const abort = new AbortController();
    const run: Run = { abort, calls: calls.map((call) => ({ call })), approvals: new Map() };
    this.runs.set(scope, run);
    this.store(scope).set(Object.freeze(calls.map((call): OpenCall => ({ ...call, state: 'running' }))));
    await Promise.all(
      calls.map(async (call, index) => {
        const result = await this.execute(scope, call, tools[call.name], run).catch(errorText);
        run.calls = run.calls.map((entry, at) => (at === index ? { call, result } : entry));
        if (this.runs.get(scope) === run) this.setState(scope, call.id, undefined);
      }),
    );
    if (this.runs.get(scope) !== run) return undefined;
    this.runs.delete(scope);
    return run.calls.map(({ call, result = INTERRUPTED }) => resultMessage(call, result));
  }

  private async execute(scope: string, call: ToolCall, tool: ToolDefinition | undefined, run: Run): Promise<string> {
    if (tool === undefined) throw new Error(`there is no tool ${call.name}`);
    const input: unknown = JSON.parse(call.arguments);
    const { needsApproval = false } = tool;
    const asks = typeof needsApproval === 'function' ? needsApproval(input) : needsApproval;
    if (asks && !(await this.approval(scope, call, run))) throw new Error('the user refused');
    return resultText(await tool.execute(input, { callId: call.id, scope, signal: run.abort.signal }));
  }

  private approval(scope: string, call: ToolCall, run: Run): Promise<boolean> {
    const answer = new Deferred<boolean>(() => {
      run.approvals.delete(call.id);
      if (this.runs.get(scope) === run) this.setState(scope, call.id, 'running');
    });
    run.approvals.set(call.id, answer);
    run.abort.signal.addEventListener('abort', () => answer.resolve(false));
    this.setState(scope, call.id, 'waiting');
    return answer.promise;
  }

  /** `undefined`: it is open no longer. */
  private setState(scope: string, id: string, state: OpenCall['state'] | undefined): void {
    const store = this.store(scope);
    const calls = store.getSnapshot().flatMap((call) => (call.id !== id ? [call] : state === undefined ? [] : [{ ...call, state }]));
    store.set(calls.length === 0 ? NONE : Object.freeze(calls));
  }

  private store(scope: string): Store<readonly OpenCall[]> {
    let store = this.stores.get(scope);
    if (store === undefined) {
      store = new Store<readonly OpenCall[]>(this.changes, NONE);
      this.stores.set(scope, store);
    }
    return store;
  }
}

/** What was required has been done. */
function afterFirst(options: GenerateOptions): GenerateOptions {
  const { toolChoice, ...others } = options;
  return toolChoice === undefined || toolChoice.type === 'none' ? options : others;
}
