// Preloaded into a host: stops its engine in the middle of an answer, and lets it go on, at a test's word. The engine's
// own command `suspend` does it: the answer stays under way, for every page, until a test calls `letGo`.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const answers = new Map();
let port;
let requests = 0;
let onText = () => undefined;
let held = Promise.resolve();

const orders = {
  /** The next piece of text of an answer stops the engine. */
  holdNext() {
    port ??= openPort();
    held = new Promise((resolve, reject) => {
      onText = (generationId) => {
        onText = () => undefined;
        stopIn(generationId).then(resolve, reject);
      };
    });
    // The test that asks for `held` gets the error.
    held.catch(() => undefined);
  },
  held: () => held,
  letGo: () => ask({ type: 'resume' }),
};

process.on('message', async ({ id, order }) => {
  try {
    await orders[order]();
    process.send({ id });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});

async function stopIn(generationId) {
  await ask({ type: 'suspend', deadlineMs: 0 });
  const { generations } = JSON.parse(port.snapshot());
  const isRunning = generations.some(({ id, phase }) => id === generationId && phase.type !== 'finished');
  if (!isRunning) throw new Error('the answer ended before the engine stopped - make it longer');
}

function ask(command) {
  requests += 1;
  const requestId = `gate-${requests}`;
  return new Promise((resolve, reject) => {
    answers.set(requestId, ({ type, error }) => (type === 'failed' ? reject(new Error(error.detail)) : resolve()));
    port.send(JSON.stringify({ requestId, ...command }));
  });
}

/** A port of the manager that the host's pages use. The host has loaded the addon by now, with its own settings. */
function openPort() {
  const path = process.env.LLAMA_RS_ADDON ?? join(process.cwd(), 'node/llama-rs.node');
  const { Port } = createRequire(import.meta.url)(path);
  const opened = new Port({ manager: 'global' });
  opened.onEvents((batch) => {
    for (const event of JSON.parse(batch).events) {
      if (event.type === 'textDelta') onText(event.generationId);
      const answer = answers.get(event.requestId);
      answers.delete(event.requestId);
      answer?.(event);
    }
  });
  return opened;
}
