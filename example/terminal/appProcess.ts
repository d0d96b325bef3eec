// The app that the demo kills, in a process of its own. arguments: DIRECTORY MODEL_AS_JSON
import type { ModelConfig } from 'react-native-llama-rs';

import { openEngine } from './engine';
import { ANSWER } from './screen';
import type { Order, Report } from './wire';

/** The tiny model's answers are short. Preferring its own words, it goes on until its context is full. */
const ENDLESS = { temperature: 0, repeatPenalty: 0.5 };

const [directory = '', model = ''] = process.argv.slice(2);

try {
  serve();
} catch (error) {
  report(failure(error));
  process.disconnect();
}

function serve(): void {
  const { client, close } = openEngine(directory);
  // The conversations of the first snapshot, before any model is loaded.
  report({ type: 'opened', scopes: client.scopes.getSnapshot() });

  async function obey(order: Order): Promise<Report> {
    switch (order.type) {
      case 'say':
        return say(order);
      case 'scopes':
        return { type: 'scopes', scopes: client.scopes.getSnapshot() };
      case 'suspend':
        await client.suspend();
        return { type: 'done' };
      case 'resume':
        await client.resume();
        return { type: 'done' };
      case 'close':
        close();
        return { type: 'done' };
    }
  }

  async function say({ scope, text, persist, endless }: Extract<Order, { type: 'say' }>): Promise<Report> {
    const generation = client.generate({
      model: JSON.parse(model) as ModelConfig,
      scope,
      append: [{ role: 'user', content: text }],
      persist,
      options: endless ? ENDLESS : ANSWER,
    });
    for await (const piece of generation) report({ type: 'piece', text: piece });
    const { text: answer, usage } = await generation.result;
    return { type: 'answered', text: answer, usage };
  }

  process.on('message', (order: Order) => {
    void obey(order)
      .catch(failure)
      .then((last) => {
        report(last);
        if (order.type === 'close') process.disconnect();
      });
  });
  // The demo has ended.
  process.on('disconnect', close);
}

function report(what: Report): void {
  // The demo may have ended.
  if (process.connected) process.send?.(what);
}

function failure(error: unknown): Report {
  const { code = 'inferenceFailed', detail, message } = error as { code?: string; detail?: string; message: string };
  return { type: 'failed', code, detail: detail ?? message };
}
