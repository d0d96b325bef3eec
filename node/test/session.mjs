// A port for tests: gives commands their ids, and awaits events that have come or will come.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const { Port } = createRequire(import.meta.url)('../llama-rs.node');

const model = new URL('../../models/tiny-chat/tiny-chat-q8_0.gguf', import.meta.url);
export const tinyModel = { path: fileURLToPath(model) };

export class Session {
  events = [];
  batches = 0;
  #requests = 0;
  #waiting = new Set();

  constructor(manager = 'own', directory = undefined) {
    this.port = new Port({ manager, directory });
    this.port.onEvents((batch) => {
      this.batches += 1;
      this.events.push(...JSON.parse(batch).events);
      for (const look of this.#waiting) look();
    });
  }

  /** Sends a command and returns its requestId. */
  send(command) {
    const requestId = `request-${(this.#requests += 1)}`;
    this.port.send(JSON.stringify({ requestId, ...command }));
    return requestId;
  }

  /** Sends a command and resolves to its `done`, `failed` or other answer. */
  ask(command) {
    const requestId = this.send(command);
    return this.event((event) => event.requestId === requestId);
  }

  /**
   * Resolves to the first event, past or future, that matches. Keeps the process alive meanwhile, unlike the callback.
   */
  event(matches) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`no such event among ${JSON.stringify(this.events)}`));
      }, 60_000);
      const look = () => {
        const found = this.events.find(matches);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Sends a turn that runs until it is cancelled or the context is full of its answer. */
  generate(generationId, scope = generationId) {
    return this.send({
      type: 'generate',
      generationId,
      scope,
      model: tinyModel,
      append: [{ role: 'user', content: 'My name is Alice.' }],
    });
  }

  finished(generationId) {
    return this.event(
      (event) => event.type === 'phaseChanged' && event.generationId === generationId && event.phase.type === 'finished',
    );
  }

  text(generationId) {
    return this.events
      .filter((event) => event.type === 'textDelta' && event.generationId === generationId)
      .map((event) => event.text)
      .join('');
  }

  scope(id) {
    return this.snapshot.scopes.find((scope) => scope.id === id);
  }

  get snapshot() {
    return JSON.parse(this.port.snapshot());
  }
}
