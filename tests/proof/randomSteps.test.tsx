// Takes a thousand steps of an app's life in random order, on the real engine. LLAMA_RS_SEED repeats the choices of a
// run, and LLAMA_RS_STEPS makes it longer.
import { render } from '@testing-library/react-native';

import { type Generation, LlamaClient, LlamaError, type LlamaErrorCode, type UseLlamaChat } from '../../src';
import { openNodePort, stayAlive } from '../../src/testing';
import { type ChatProps, screens } from './Chat';
import { type CountingPort, countingPort } from './countingPort';
import { seededRandom } from './random';
import { Seen } from './Seen';
import { endless, greedy, myName, tiny, tinyState, whoAmI } from './tiny';
import { until } from './until';

const seed = Number(process.env.LLAMA_RS_SEED ?? Date.now() % 1_000_000);
const steps = Number(process.env.LLAMA_RS_STEPS ?? 1000);
const model = { ...tiny, keepAliveMs: null };
const scopes = ['north', 'east', 'south', 'west', 'centre'];
const debugLabels = ['Home', 'Chat', 'Voice', 'Settings'];

/** The errors that a step may end with: its client was reloaded away, or its object is gone or about to go. */
const expected: readonly LlamaErrorCode[] = [
  'closed',
  'loadCancelled',
  'cancelled',
  'generationNotFound',
  'scopeNotFound',
  'busy',
  'modelUnloaded',
];

/** Half of the memory of one context, so that a leaked context shows. */
const memoryBoundMegabytes = 32;

/** One life of an app: its client, which a reload replaces, and every promise of that client. */
class Life {
  readonly pending = new Set<string>();
  readonly surprises: string[] = [];
  readonly ports: CountingPort[] = [];
  generations: Generation[] = [];
  client = this.connect();
  private promises = 0;

  /** Drops client and port, and makes new ones. */
  reload(): void {
    this.close();
    this.client = this.connect();
    this.generations = [];
  }

  close(): void {
    this.client.close();
    this.ports.at(-1)?.close();
  }

  /** Remembers a promise until it settles. */
  track(what: string, promise: Promise<unknown>): void {
    this.promises += 1;
    const id = `${what} ${this.promises}`;
    this.pending.add(id);
    promise
      .catch((error: unknown) => {
        if (!(error instanceof LlamaError && expected.includes(error.code)))
          this.surprises.push(`${id}: ${String(error)}`);
      })
      .finally(() => this.pending.delete(id));
  }

  private connect(): LlamaClient {
    const port = countingPort(openNodePort({ manager: 'global' }));
    this.ports.push(port);
    return new LlamaClient(port, { onBusy: stayAlive(), onProblem: (problem) => this.surprises.push(String(problem)) });
  }
}

const megabytesInUse = () => process.memoryUsage().rss / 2 ** 20;

test(`${steps} steps in random order: nothing crashes, leaks or stays pending (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  const life = new Life();
  const loadsBefore = tinyState(life.client)?.loads ?? 0;
  const mounted = new Map<string, ChatProps>();
  const ui = await render(screens(life.client));
  // Without `act`, renders happen whenever React gets to them, as in an app.
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = false;
  const show = () => ui.rerender(screens(life.client, ...mounted.values()));
  let memoryAfterWarmUp = 0;

  const actions: Record<string, () => Promise<void> | void> = {
    async mount() {
      const debugLabel = random.of(debugLabels) ?? 'Home';
      mounted.set(debugLabel, { debugLabel, seen: new Seen<UseLlamaChat>(), scope: random.of(scopes), model });
      await show();
    },
    async unmount() {
      mounted.delete(random.of([...mounted.keys()]) ?? '');
      await show();
    },
    generate() {
      const options = {
        ...random.of([greedy, endless]),
        maxOutputTokens: 1 + random.below(40),
        keepPartial: random.below(2) === 0,
      };
      const append = [{ role: 'user' as const, content: random.of([myName.asks, whoAmI.asks, 'hello']) ?? 'hello' }];
      const generation = life.client.generate({ model, scope: random.of(scopes) ?? 'north', append, options });
      life.generations.push(generation);
      life.track('generate', generation.result);
    },
    prefill() {
      const append = [{ role: 'user' as const, content: random.of([myName.asks, whoAmI.asks, 'hello']) ?? 'hello' }];
      life.track(
        'prefill',
        life.client.prefill({ scope: random.of(scopes) ?? 'north', append, open: random.below(2) === 0 }),
      );
    },
    cancel() {
      const generation = random.of(life.generations);
      if (generation !== undefined) life.track('cancel', generation.cancel());
    },
    async finish() {
      await random.of(life.generations)?.result.catch(() => undefined);
    },
    read() {
      life.track('transcript', life.client.transcript(random.of(scopes) ?? 'north'));
    },
    dispose() {
      life.track('dispose', life.client.deleteScope(random.of(scopes) ?? 'north'));
    },
    async reload() {
      life.reload();
      await show();
    },
  };
  const names = [
    'mount',
    'mount',
    'unmount',
    'unmount',
    'generate',
    'generate',
    'generate',
    'prefill',
    'prefill',
    'cancel',
    'cancel',
    'finish',
    'finish',
    'read',
  ];

  for (let step = 0; step < steps; step += 1) {
    const rare = random.below(50);
    const name = rare === 0 ? 'reload' : rare === 1 ? 'dispose' : (random.of(names) ?? 'read');
    await actions[name]?.();
    if (step === Math.floor(steps / 4)) memoryAfterWarmUp = megabytesInUse();
  }

  const left = [...mounted.keys()].sort();
  await Promise.allSettled(life.generations.map(({ result }) => result));
  await until(life.client.model(tiny.path), (state) => {
    const held = state?.leases.map(({ debugLabel }) => debugLabel).sort();
    return JSON.stringify(held) === JSON.stringify(left);
  });
  mounted.clear();
  await show();
  await until(life.client.model(tiny.path), (state) => state?.leases.length === 0);
  await life.client.readLog();

  const answer = life.client.generate({
    model,
    scope: `after ${seed}`,
    append: [{ role: 'user', content: myName.asks }],
    options: greedy,
  });
  expect((await answer.result).text).toBe(myName.gets);
  expect(life.surprises).toEqual([]);
  expect([...life.pending]).toEqual([]);
  expect((tinyState(life.client)?.loads ?? 0) - loadsBefore).toBe(1);
  for (const port of life.ports) expect(port.moreThanOnce).toEqual([]);
  expect(life.ports.at(-1)?.unanswered).toEqual([]);
  expect(megabytesInUse() - memoryAfterWarmUp).toBeLessThan(memoryBoundMegabytes);
  await life.client.unload(tiny.path);
  life.close();
}, 120_000);
