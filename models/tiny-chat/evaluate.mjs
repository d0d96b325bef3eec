// Asks a model the held-out cases, through this project's own engine, and prints how many names it gave back.
// Ends with 1 if it gave back fewer than 95 % at any distance.
//
// usage: node models/tiny-chat/evaluate.mjs [MODEL.gguf]     needs node/llama-rs.node (scripts/build-addon.sh)

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const REQUIRED_RECALL = 0.95;
// Conversations answered at the same time, each in a scope of its own: a mix-up between scopes would cost recall.
const SCOPES = 8;
const CONTEXT_SIZE = 512;
const ANSWER = { temperature: 0, maxOutputTokens: 64 };

// A compute thread that waits for its core must not spin for ever. libgomp reads this when the addon loads it.
process.env.GOMP_SPINCOUNT ??= '10000';
const { Port } = createRequire(import.meta.url)('../../node/llama-rs.node');

const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
const modelPath = resolve(process.argv[2] ?? beside('tiny-chat-q8_0.gguf'));
// A model this small gains nothing from a second thread, and loses much by one beside a busy program.
const model = { path: modelPath, contextSize: CONTEXT_SIZE, maxResident: SCOPES, threads: 1 };
const cases = readFileSync(beside('heldout.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

/** Sends commands to a port of its own, and returns their answers as promises. */
class Engine {
  #port = new Port({ manager: 'own' });
  #generations = new Map();
  #requests = new Map();
  #lastId = 0;
  // The addon alone does not keep the process alive.
  #stayAlive = setInterval(() => {}, 60_000);

  constructor() {
    this.#port.onEvents((json) => {
      for (const event of JSON.parse(json).events) this.#onEvent(event);
    });
  }

  /** Resolves with the text of the answer and the reason why it ended. */
  generate(scope, messages) {
    const generationId = this.#newId();
    return new Promise((settle, refuse) => {
      this.#generations.set(generationId, { text: '', settle, refuse });
      this.#send({ type: 'generate', generationId, model, scope, messages, options: ANSWER }).catch(refuse);
    });
  }

  close() {
    this.#port.close();
    clearInterval(this.#stayAlive);
  }

  #send(command) {
    const requestId = this.#newId();
    return new Promise((settle, refuse) => {
      this.#requests.set(requestId, { settle, refuse });
      this.#port.send(JSON.stringify({ requestId, ...command }));
    });
  }

  #onEvent(event) {
    switch (event.type) {
      case 'done':
        return this.#requests.get(event.requestId)?.settle();
      case 'failed':
        return this.#requests.get(event.requestId)?.refuse(asError(event.error));
      case 'textDelta':
        this.#generations.get(event.generationId).text += event.text;
        return;
      case 'phaseChanged':
        if (event.phase.type === 'finished') this.#finish(event.generationId, event.phase.outcome);
        return;
    }
  }

  #finish(generationId, { reason, error }) {
    const { text, settle, refuse } = this.#generations.get(generationId);
    this.#generations.delete(generationId);
    if (reason === 'failed') refuse(asError(error));
    else settle({ text, reason });
  }

  #newId() {
    this.#lastId += 1;
    return String(this.#lastId);
  }
}

const asError = ({ code, detail }) => new Error(`${code}: ${detail}`);

/** Asks every case. Returns the cases with the model's answers. */
async function answerAll(engine) {
  const answered = [];
  const queue = cases.values();
  const answerInScope = async (_, scope) => {
    for (const one of queue) {
      const { text, reason } = await engine.generate(`evaluation-${scope}`, one.messages);
      answered.push({ ...one, text, right: text === one.expected && reason === 'stop' });
    }
  };
  await Promise.all(Array.from({ length: SCOPES }, answerInScope));
  return answered;
}

/** Prints the table and the wrong answers; returns the lowest recall of all distances. */
function report(answered) {
  console.log('turns in between   cases   right   recall');
  const byDistance = Map.groupBy(answered, ({ turnsBetween }) => turnsBetween);
  const recalls = [...byDistance].sort(([a], [b]) => a - b).map(([turnsBetween, group]) => {
    const right = group.filter((one) => one.right).length;
    const recall = right / group.length;
    const columns = [[turnsBetween, 16], [group.length, 8], [right, 8], [`${(100 * recall).toFixed(1)} %`, 9]];
    console.log(columns.map(([value, width]) => String(value).padStart(width)).join(''));
    return recall;
  });
  for (const { turnsBetween, expected, text } of answered.filter((one) => !one.right)) {
    console.log(`wrong, ${turnsBetween} turns in between: expected "${expected}", got "${text}"`);
  }
  return Math.min(...recalls);
}

const engine = new Engine();
try {
  const lowest = report(await answerAll(engine));
  const passed = lowest >= REQUIRED_RECALL;
  console.log(`${passed ? 'pass' : 'falls short'}: lowest recall ${(100 * lowest).toFixed(1)} %, required ${100 * REQUIRED_RECALL} %`);
  process.exitCode = passed ? 0 : 1;
} finally {
  engine.close();
}
