import { beginTurn } from '../../testing';
import type { LlamaClient } from '../LlamaClient';
import type { Tools } from '../tools/ToolDefinition';
import { ask, gatedTool, lastAppended, model, open, settled } from './toolHarness';

test('calls of an answer are carried out, and their results are answered', async () => {
  const { port, client, states } = open();
  const weather = gatedTool();
  const tools: Tools = {
    get_weather: { description: 'Get it.', parameters: { type: 'object' }, execute: weather.execute },
    time: { execute: () => ({ hour: 7 }) },
  };
  client.generateWithTools({
    model,
    scope: 's',
    append: ask,
    options: { temperature: 0, toolChoice: { type: 'required' } },
    tools,
  });
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
  expect(port.last('generate').options).toMatchObject({
    temperature: 0,
    tools: [{ name: 'get_weather' }, { name: 'time' }],
  });
  expect(port.last('generate').options).not.toHaveProperty('toolChoice');
});

test('errors of tools are sent to the model', async () => {
  const { port, client } = open();
  const tools: Tools = {
    breaks: {
      execute: () => {
        throw new Error('no network');
      },
    },
    nothing: { execute: () => undefined },
    wordless: { execute: () => () => 1 },
  };
  client.generateWithTools({ model, scope: 's', append: ask, tools });
  const turn = beginTurn(port);
  for (const name of ['breaks', 'nothing', 'wordless', 'absent']) turn.call(name, {});
  turn.finish();
  await settled();
  expect(lastAppended(port)?.map(({ content }) => content)).toEqual([
    '{"error":"no network"}',
    'null',
    'null',
    '{"error":"there is no tool absent"}',
  ]);
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
  client.approveToolCall('s', 'another');
  expect(states()).toEqual(['send waiting']);
  if (isApproved) client.approveToolCall('s', id);
  else client.denyToolCall('s', id);
  await settled();
  expect(execute).toHaveBeenCalledTimes(isApproved ? 2 : 1);
  expect(lastAppended(port)?.map(({ content }) => content)).toEqual([
    'sent',
    isApproved ? 'sent' : '{"error":"the user refused"}',
  ]);
});

test('a call is open from its beginning', async () => {
  const { port, client, states } = open();
  client.generateWithTools({ model, scope: 's', append: ask, tools: { slow: gatedTool() } });
  const turn = beginTurn(port);
  turn.call('slow', {});
  turn.finish();
  await settled();
  expect(states()).toEqual(['slow running']);
});

test('after the last step nothing more is asked, and its calls stay unanswered until the next turn', async () => {
  const { port, client, states } = open();
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
  expect(states()).toEqual(['again unanswered']);
  client.approveToolCall('s', client.pendingToolCalls('s').getSnapshot()[0]?.id ?? '');
  expect(client.endCalls('s')).toEqual([]);
  expect(states()).toEqual([]);
});

test.each<[string, (client: LlamaClient) => unknown]>([
  ['goes on', (client) => client.generate({ model, scope: 's', append: ask })],
  ['goes on with tools', (client) => client.generateWithTools({ model, scope: 's', append: ask, tools: {} })],
  ['erases everything', (client) => client.deleteAllScopes()],
])('the calls of an answer that reached its limit stay unanswered until the caller %s', async (_, goes) => {
  const { port, client, states } = open();
  const execute = jest.fn(() => 1);
  client.generateWithTools({ model, scope: 's', append: ask, tools: { look: { execute } } });
  const turn = beginTurn(port);
  turn.call('look', {});
  turn.finish({ reason: 'length' });
  await settled();
  expect(execute).not.toHaveBeenCalled();
  expect(states()).toEqual(['look unanswered']);
  goes(client);
  expect(states()).toEqual([]);
});

test('a turn that fails, or is cancelled, calls nothing', async () => {
  const { port, client, states } = open();
  const execute = jest.fn(() => 1);
  client.generateWithTools({ model, scope: 's', append: ask, tools: { again: { execute } } });
  const turn = beginTurn(port);
  turn.call('again', {});
  turn.finish({ reason: 'cancelled' });
  await settled();
  expect(execute).not.toHaveBeenCalled();
  expect(states()).toEqual([]);
});

test('calls with one id are calls of their own, and one word answers both', async () => {
  const { port, client, states } = open();
  const tools: Tools = { send: { needsApproval: true, execute: (input) => (input as { to: string }).to } };
  client.generateWithTools({ model, scope: 's', append: ask, tools });
  const turn = beginTurn(port);
  turn.call('send', { to: 'a' }, 'twice');
  turn.call('send', { to: 'b' }, 'twice');
  turn.finish();
  await settled();
  expect(states()).toEqual(['send waiting', 'send waiting']);
  client.approveToolCall('s', 'twice');
  await settled();
  expect(lastAppended(port)?.map(({ content }) => content)).toEqual(['a', 'b']);
});

test('tools that are asked for are those of the moment', async () => {
  const { port, client } = open();
  let tools: Tools = { old: { needsApproval: true, execute: () => 'old' } };
  client.generateWithTools({ model, scope: 's', append: ask, tools: () => tools });
  const turn = beginTurn(port);
  const id = turn.call('old', {});
  turn.finish();
  await settled();
  tools = { old: { execute: () => 'new' }, another: { execute: () => 1 } };
  client.approveToolCall('s', id);
  await settled();
  expect(lastAppended(port)?.map(({ content }) => content)).toEqual(['new']);
  expect(port.last('generate').options?.tools?.map(({ name }) => name)).toEqual(['old', 'another']);
});
