import type { Generation, GenerationResult, LlamaClient, LlamaError, ModelConfig, ModelInfo } from 'react-native-llama-rs';

import { compact, type Page } from './Page';
import { table } from './table';
import { Typist } from './Typist';

const COMMANDS = [
  ['/scope NAME', 'goes to another conversation, or begins it'],
  ['/stats', 'shows the model, the conversations and the last answer'],
  ['/cancel', 'ends the running answer; so does Ctrl-C'],
  ['/quit', 'leaves; so does Ctrl-C when nothing runs'],
];

const OPTIONS = { temperature: 0, maxOutputTokens: 512, keepPartial: true };

/** Who sits at the chat. */
export interface ChatHost {
  /** The chat waits for a line in this scope. */
  idle(scope: string): void;
  /** A line's turn has come. */
  taken(scope: string, line: string): void;
}

/**
 * A chat of lines. Takes its lines in order, however fast they come, each when the one before has its answer. A
 * `/cancel` does not wait for the answer before it. Knows neither readline nor the process.
 */
export class Chat {
  /** Resolves when the user has left. */
  readonly ended: Promise<void>;
  private scope = 'main';
  private readonly lines: string[] = [];
  private working = false;
  private running: Generation | undefined;
  private last: GenerationResult | undefined;
  private left = false;
  private resolveEnded: () => void = () => undefined;

  constructor(
    private readonly client: LlamaClient,
    private readonly model: ModelConfig,
    private readonly page: Page,
    private readonly host: ChatHost,
  ) {
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
  }

  start(): void {
    this.host.idle(this.scope);
  }

  take(line: string): void {
    if (this.left) return;
    this.lines.push(line.trim());
    if (this.working) this.cancelIfNext();
    else void this.work();
  }

  /** Ctrl-C: ends the running answer. Returns whether there is one. */
  interrupt(): boolean {
    if (this.running === undefined) return false;
    this.cancel(this.running);
    return true;
  }

  private leave(): void {
    this.left = true;
    this.lines.length = 0;
    this.resolveEnded();
  }

  private async work(): Promise<void> {
    if (this.working) return;
    this.working = true;
    for (let line = this.lines.shift(); line !== undefined; line = this.lines.shift()) await this.answer(line);
    this.working = false;
    if (!this.left) this.host.idle(this.scope);
  }

  private async answer(line: string): Promise<void> {
    if (line === '') return;
    this.host.taken(this.scope, line);
    if (line.startsWith('/')) this.obey(line);
    else await this.say(line);
  }

  private obey(line: string): void {
    const [command = line, name = ''] = line.split(/\s+/);
    switch (command) {
      case '/scope':
        this.enter(name);
        break;
      case '/stats':
        this.tell(this.stats());
        break;
      case '/help':
        this.tell(table(COMMANDS, 'left'));
        break;
      case '/cancel':
        this.tell(['nothing to cancel']);
        break;
      case '/quit':
        this.leave();
        break;
      default:
        this.tell([`no such command: ${command} - /help lists them`]);
    }
  }

  private async say(text: string): Promise<void> {
    const typist = new Typist(this.page, 0, 0);
    const generation = this.client.generate({
      model: this.model,
      scope: this.scope,
      append: [{ role: 'user', content: text }],
      options: OPTIONS,
    });
    this.running = generation;
    this.cancelIfNext();
    try {
      for await (const piece of generation) typist.type(piece);
      this.last = await generation.result;
      await typist.finish();
      if (this.last.text !== '') this.page.line();
      if (this.last.reason === 'cancelled') this.tell(['(cancelled)']);
    } catch (error) {
      await typist.finish();
      this.complain(error);
    } finally {
      this.running = undefined;
    }
  }

  private cancelIfNext(): void {
    if (this.running === undefined || this.lines[0] !== '/cancel') return;
    this.lines.shift();
    this.host.taken(this.scope, '/cancel');
    this.cancel(this.running);
  }

  private cancel(generation: Generation): void {
    generation.cancel().catch((error: unknown) => this.complain(error));
  }

  private enter(name: string): void {
    if (name === '') {
      this.tell(['/scope needs a name, such as /scope alice']);
      return;
    }
    this.scope = name;
    const known = this.client.scope(name).getSnapshot().summary;
    this.tell([known === undefined ? `a new conversation: ${name}` : `back in ${name}, ${known.messageCount} messages`]);
  }

  private stats(): string[] {
    const model = this.client.model(this.model.path).getSnapshot();
    const status = model?.status;
    const info = status?.type === 'ready' || status?.type === 'idle' ? about(status.info) : [];
    const scopes = this.client.scopes.getSnapshot().map(({ id, messageCount, cachedTokens, residency }) => [
      id === this.scope ? `scope ${id} *` : `scope ${id}`,
      `${messageCount} messages, ${cachedTokens} tokens ${residency}`,
    ]);
    const answer = this.last === undefined ? [] : cost(this.last);
    return table([...info, ['loads', String(model?.loads ?? 0)], ...scopes, ...answer], 'left');
  }

  private complain(error: unknown): void {
    this.page.paragraph((error as LlamaError).detail, 'red');
  }

  private tell(lines: readonly string[]): void {
    for (const line of lines) this.page.line(this.page.paint('dim', line));
  }
}

function about({ description, parameterCount, contextSize, slots, threads }: ModelInfo): string[][] {
  return [
    ['model', `${description}, ${compact.format(parameterCount)} parameters`],
    ['context', `${contextSize} tokens per scope, ${slots} scopes resident at once`],
    ['threads', String(threads)],
  ];
}

function cost({ usage, timings }: GenerationResult): string[][] {
  const perSecond = timings.decodeMs > 0 ? Math.round((1000 * usage.outputTokens) / timings.decodeMs) : 0;
  return [
    ['last prompt', `${usage.prefilledTokens} tokens prefilled, ${usage.cachedTokens} reused`],
    ['last answer', `${usage.outputTokens} tokens, the first after ${Math.round(timings.firstTokenMs)} ms, then ${perSecond} a second`],
  ];
}
