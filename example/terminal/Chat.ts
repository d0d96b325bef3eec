import type { Generation, GenerationResult, LlamaClient, LlamaError, ModelConfig } from 'react-native-llama-rs';

import { COMMANDS } from './chatCommands';
import { stats } from './chatTables';
import type { Page } from './Page';
import { table } from './table';
import { Typist } from './Typist';

const OWN_COMMANDS = [
  ['/stats', 'shows the model and the last answer'],
  ['/cancel', 'ends the running answer; so does Ctrl-C'],
  ['/quit', 'leaves; so does Ctrl-C when nothing runs'],
];

const OPTIONS = { temperature: 0, maxOutputTokens: 512, keepPartial: true };

/** The user interface around a chat. */
export interface ChatHost {
  /** The chat waits for a line in this scope. */
  idle(scope: string): void;
  /** The chat begins with a line. */
  taken(scope: string, line: string): void;
}

/**
 * A chat of lines. It handles lines in order, each after the answer to the previous one, however fast they come. A
 * command that acts on the running answer does not wait for it. While the engine is suspended, no line waits. Knows
 * neither readline nor the process.
 */
export class Chat {
  /** Resolves when the user leaves. */
  readonly ended: Promise<void>;
  private scope = 'main';
  private readonly lines: string[] = [];
  private working = false;
  private running: Generation | undefined;
  /** Lines that did not wait for the running answer. */
  private hurry: Promise<void> | undefined;
  /** Whether the page's current line holds text of the running answer. */
  private midLine = false;
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
    if (this.working) this.takeUrgent();
    else void this.work();
  }

  /** Ends the running answer, on Ctrl-C. Returns whether there was one. */
  interrupt(): boolean {
    if (this.running === undefined) return false;
    void this.cancel(this.running);
    return true;
  }

  private leave(): void {
    this.left = true;
    this.lines.length = 0;
    this.resolveEnded();
  }

  private async work(): Promise<void> {
    this.working = true;
    for (let line = this.lines.shift(); line !== undefined; line = this.lines.shift()) await this.answer(line);
    this.working = false;
    if (!this.left) this.host.idle(this.scope);
  }

  private async answer(line: string): Promise<void> {
    if (line === '') return;
    this.host.taken(this.scope, line);
    if (line.startsWith('/')) await this.obey(line);
    else if (this.client.suspended.getSnapshot()) this.tell(['suspended - /resume goes on']);
    else await this.say(line);
  }

  private async obey(line: string): Promise<void> {
    const [name = line, argument = ''] = line.split(/\s+/);
    switch (name) {
      case '/stats':
        this.tell(stats(this.client.model(this.model.path).getSnapshot(), this.last));
        break;
      case '/help':
        this.tell(help());
        break;
      case '/cancel':
        if (this.running === undefined) this.tell(['nothing to cancel']);
        else await this.cancel(this.running);
        break;
      case '/quit':
        this.leave();
        break;
      default:
        await this.command(name, argument);
    }
  }

  private async command(name: string, argument: string): Promise<void> {
    const enter = (scope: string) => {
      this.scope = scope;
    };
    try {
      const told = await COMMANDS[name]?.run({ client: this.client, scope: this.scope, enter }, argument);
      this.tell(told ?? [`no such command: ${name} - /help lists them`]);
    } catch (error) {
      this.complain(error);
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
    this.takeUrgent();
    try {
      for await (const piece of generation) {
        typist.type(piece);
        this.midLine = true;
      }
      this.last = await generation.result;
      await typist.finish();
      if (this.last.text !== '') this.page.line();
      this.midLine = false;
      if (this.last.reason === 'cancelled') this.tell(['(cancelled)']);
    } catch (error) {
      await typist.finish();
      this.complain(error);
    } finally {
      this.running = undefined;
      await this.hurry;
    }
  }

  /** Takes the next lines now while they act on the running answer or the engine is suspended. */
  private takeUrgent(): void {
    if (this.hasUrgent()) this.hurry ??= this.hurryOn();
  }

  private async hurryOn(): Promise<void> {
    while (this.hasUrgent()) await this.answer(this.lines.shift() ?? '');
    this.hurry = undefined;
  }

  private hasUrgent(): boolean {
    const [line] = this.lines;
    if (this.running === undefined || line === undefined) return false;
    return line === '/cancel' || COMMANDS[line]?.urgent === true || this.client.suspended.getSnapshot();
  }

  private async cancel(generation: Generation): Promise<void> {
    try {
      await generation.cancel();
    } catch (error) {
      this.complain(error);
    }
  }

  private complain(error: unknown): void {
    // An answer that runs when the user leaves ends with the client.
    if (this.left) return;
    this.leaveLine();
    this.page.line(this.page.paint('red', (error as LlamaError).detail));
  }

  private leaveLine(): void {
    if (this.midLine) this.page.line();
    this.midLine = false;
  }

  private tell(lines: readonly string[]): void {
    this.leaveLine();
    for (const line of lines) this.page.line(this.page.paint('dim', line));
  }
}

function help(): readonly string[] {
  const commands = Object.entries(COMMANDS).map(([name, { argument = '', help: text }]) => [
    `${name} ${argument}`.trim(),
    text,
  ]);
  return table([...commands, ...OWN_COMMANDS], 'left');
}
