import { beginTurn, manualScheduler, type ScriptedPort, scriptedPort } from '../../testing';
import { LlamaClient } from '../LlamaClient';
import type { ToolContext, Tools } from '../tools';

const model = { path: 'a' };
const ask = [{ role: 'user' as const, content: 'What is the weather in Paris?' }];

function open() {
  const port = scriptedPort();
  const client = new LlamaClient(port, { scheduler: manualScheduler() });
  const states = () => client.openCalls('s').getSnapshot().map(({ name, state }) => `${name} ${state}`);
  return { port, client, states };
}

/** Everything that promises have to do by now. */
async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** A tool whose end the test decides. */
function gatedTool() {
  let end: { resolve(value: unknown): void; reject(error: unknown): void } | undefined;
  const calls: { input: unknown; context: ToolContext }[] = [];
  const execute = (input: unknown, context: ToolContext) => {
    calls.push({ input, context });
    return new Promise((resolve, reject) => {
      end = { resolve, reject };
    });
  };
  return { calls, execute, end: () => end };
}

const lastAppended = (port: ScriptedPort) => port.last('generate').append?.map(({ role, content, toolCallId }) => ({ role, content, toolCallId }));

test('what an answer calls is carried out, and the results are answered', async () => {
  const { port, client, states } = open();
  const weather = gatedTool();
  const tools: Tools = { get_weather: { description: 'Get it.', parameters: { type: 'object' }, execute: weather.execute }, time: { execute: () => ({ hour: 7 }) } };
  client.generateWithTools({ model, scope: 's', append: ask, options: { temperature: 0, toolChoice: { type: 'required' } }, tools });
  expect(port.last('generate').options).toEqual({
    temperature: 0,
    toolChoice: { type: 'required' },
    tools: [
      { name: 'get_weather', description: 'Get it.', parameters: { type: 'object' } },
      { name: 'time', description: '', parameters: {} },
    ],
  });
  const first = beginTurn(port);
  const ids = [first.call('get_weather', { city: 'Paris' }), first.call('time', {})];
  first.finish();
  await settled();
  expect(weather.calls).toMatchObject([{ input: { city: 'Paris' }, context: { callId: ids[0], scope: 's' } }]);
  expect(states()).toEqual(['get_weather running']);
  expect(port.sentOf('generate')).toHaveLength(1);

  weather.end()?.resolve('21 degrees');
  await settled();
  expect(states()).toEqual([]);
  expect(lastAppended(port)).toEqual([
    { role: 'tool', content: '21 degrees', toolCallId: ids[0] },
    { role: 'tool', content: '{"hour":7}', toolCallId: ids[1] },
  ]);
  expect(port.last('generate').options).toMatchObject({ temperature: 0, tools: [{ name: 'get_weather' }, { name: 'time' }] });
  expect(port.last('generate').options).not.toHaveProperty('toolChoice');
});

test('what goes wrong is told to the model', async () => {
  const { port, client } = open();
  const tools: Tools = {
    breaks: {
      execute: () => {
        throw new Error('no network');
      },
    },
    nothing: { execute: () => undefined },
  };
  client.generateWithTools({ model, scope: 's', append: ask, tools });
  const turn = beginTurn(port);
  for (const name of ['breaks', 'nothing', 'absent']) turn.call(name, {});
  turn.finish();
  await settled();
  expect(lastAppended(port)?.map(({ content }) => content)).toEqual(['{"error":"no network"}', 'null', '{"error":"there is no tool absent"}']);
});

test.each([true, false])('a call that needs approval waits for the user, who says %s', async (isApproved) => {
  const { port, client, states } = open();
  const execute = jest.fn(() => 'sent');
  const tools: Tools = { send: { needsApproval: (input) => (input as { to: string }).to !== 'me', execute } };
  client.generateWithTools({ model, scope: 's', append: ask, tools });
  const turn = beginTurn(port);
  turn.call('send', { to: 'me' });
  const id = turn.call('send', { to: 'all' });
  turn.finish();
  await settled();
  expect(states()).toEqual(['send waiting']);
  expect(execute).toHaveBeenCalledTimes(1);
  client.approveCall('s', 'another', true);
  expect(states()).toEqual(['send waiting']);
  client.approveCall('s', id, isApproved);
  await settled();
  expect(execute).toHaveBeenCalledTimes(isApproved ? 2 : 1);
  expect(lastAppended(port)?.map(({ content }) => content)).toEqual(['sent', isApproved ? 'sent' : '{"error":"the user refused"}']);
});

test('after the last step nothing more is asked', async () => {
  const { port, client } = open();
  const execute = jest.fn(() => 1);
  client.generateWithTools({ model, scope: 's', append: ask, tools: { again: { execute } }, maxSteps: 2 });
  for (let step = 1; step <= 2; step += 1) {
    const turn = beginTurn(port);
    turn.call('again', {});
    turn.finish();
    await settled();
  }
  expect(execute).toHaveBeenCalledTimes(1);
  expect(port.sentOf('generate')).toHaveLength(2);
});

test('a turn that fails, or is cancelled, calls nothing', async () => {
  const { port, client } = open();
  const execute = jest.fn(() => 1);
  client.generateWithTools({ model, scope: 's', append: ask, tools: { again: { execute } } });
  const turn = beginTurn(port);
  turn.call('again', {});
  turn.finish({ reason: 'cancelled' });
  await settled();
  expect(execute).not.toHaveBeenCalled();
});

test('whoever goes on without waiting gets a result for every call, and the tool is told', async () => {
  const { port, client, states } = open();
  const slow = gatedTool();
  await client.transcript('s');
  client.generateWithTools({ model, scope: 's', append: ask, tools: { slow: slow, quick: { execute: () => 'done' } } });
  const turn = beginTurn(port);
  turn.call('quick', {});
  turn.call('slow', {});
  turn.finish();
  await settled();
  const signal = slow.calls[0]?.context.signal;
  expect(signal?.aborted).toBe(false);
  const results = client.endCalls('s');
  expect(results.map(({ content }) => content)).toEqual(['done', '{"error":"the user went on before the tool had finished"}']);
  expect(signal?.aborted).toBe(true);
  expect(states()).toEqual([]);

  slow.end()?.resolve('too late');
  await settled();
  expect(port.sentOf('generate')).toHaveLength(1);
});

test('calls that an earlier client has left without results are ended too', async () => {
  const { port, client } = open();
  await client.transcript('s');
  client.generate({ model, scope: 's', append: ask });
  const turn = beginTurn(port);
  const id = turn.call('lost', {});
  turn.finish();
  await settled();
  expect(client.endCalls('s')).toMatchObject([{ role: 'tool', toolCallId: id, toolName: 'lost' }]);
});
