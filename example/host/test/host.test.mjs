// Sockets and engine are real; the recogniser is a script. The test runs in a process of its own, because a host keeps
// its conversations with the process's one manager.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { WebSocket } from 'ws';

import { bundle } from '../../bundle.mjs';

const folder = mkdtempSync(join(tmpdir(), 'llama-host-'));
const model = { path: join(process.cwd(), 'models/tiny-chat/tiny-chat-q8_0.gguf'), threads: 1 };
const pages = join(folder, 'pages');
const script = join(folder, 'hears.cjs');
let startHost;
let host;

/** Reports how many bytes it got, at once. `die` among them ends it without a result. */
const HEARS = `
let bytes = 0;
process.stdin.on('data', (chunk) => {
  if (chunk.includes('die')) { console.error('out of tune'); process.exit(1); }
  bytes += chunk.length;
  console.log(JSON.stringify({ type: 'partial', text: String(bytes) }));
});
process.stdin.on('end', () => console.log(JSON.stringify({ type: 'final', text: 'heard ' + bytes + ' ' + process.argv.slice(2) })));
`;

before(async () => {
  const built = await bundle('host-test', ['example/host/Host.ts']);
  ({ startHost } = await import(pathToFileURL(join(built, 'Host.mjs')).href));
  writeFileSync(script, HEARS);
  mkdirSync(pages);
  mkdirSync(join(folder, 'languages', 'de-DE'), { recursive: true });
  writeFileSync(join(pages, 'index.html'), '<p>the app</p>');
  host = await startHost({
    model,
    options: { temperature: 0 },
    directory: join(folder, 'state'),
    pages,
    port: 0,
    recogniser: { python: process.execPath, script, languages: join(folder, 'languages') },
  });
});
after(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

const token = () => new URL(host.address).hash.slice(1);
const origin = () => new URL(host.address).origin;

function socket(path, headers = {}) {
  const url = `${origin().replace('http', 'ws')}${path}`;
  return new WebSocket(url, ['llama-rs-demo', `token.${headers.token ?? token()}`], {
    origin: headers.origin ?? origin(),
  });
}

/** Returns a function that resolves to the next message of a socket. */
function messagesOf(from) {
  const come = [];
  const waiting = [];
  from.on('message', (data) => {
    const message = JSON.parse(data.toString('utf8'));
    const next = waiting.shift();
    if (next === undefined) come.push(message);
    else next(message);
  });
  return () => (come.length > 0 ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve)));
}

async function refused(one) {
  const [{ message }] = await once(one, 'error');
  return message;
}

async function openPort() {
  const port = socket('/port');
  const next = messagesOf(port);
  const hello = await next();
  assert.equal(hello.type, 'hello');
  return { port, next, about: hello.about, snapshot: JSON.parse(hello.snapshot) };
}

async function get(path, name) {
  const asked = request(`${origin()}${path}`, { headers: name === undefined ? {} : { host: name } }).end();
  const [response] = await once(asked, 'response');
  let body = '';
  for await (const piece of response) body += piece;
  return { status: response.statusCode, policy: response.headers['content-security-policy'], body };
}

test('pages are served to this machine under its own names, and nothing beside them', async () => {
  const { status, body, policy } = await get('/');
  assert.deepEqual([status, body], [200, '<p>the app</p>']);
  assert.match(policy, /default-src 'self'/);
  assert.equal((await get('/../state/host-token')).status, 404);
  assert.deepEqual(await get('/', 'evil.example'), { status: 403, body: '', policy: undefined });
});

test('the token is for its owner alone', () => {
  assert.equal(statSync(join(folder, 'state', 'host-token')).mode & 0o077, 0);
});

for (const [who, headers] of [
  ['another site', { origin: 'https://evil.example' }],
  ['a wrong token', { token: 'guess' }],
]) {
  test(`${who} gets no socket`, async () => {
    assert.match(await refused(socket('/port', headers)), /403/);
    assert.match(await refused(socket('/hear?language=en-US', headers)), /403/);
  });
}

test('the recogniser that waits is a resident of the engine, at work while somebody talks, whoever has left', async () => {
  const { port, next } = await openPort();
  const residentNow = async (fits) => {
    for (;;) {
      const { batch } = await next();
      const found = JSON.parse(batch).events.find(({ type, resident }) => type === 'residentChanged' && fits(resident));
      if (found !== undefined) return found.resident;
    }
  };
  const recording = socket('/hear?language=en-US');
  const heard = messagesOf(recording);
  const opened = once(recording, 'open');
  const busy = await residentNow(({ inUse }) => inUse);
  assert.deepEqual([busy.id, busy.name], ['recogniser', 'speech recogniser']);
  await opened;
  recording.send('end');
  await heard();
  const idle = await residentNow(({ inUse, sizeBytes }) => !inUse && sizeBytes < busy.sizeBytes);
  port.close();
  const later = await openPort();
  assert.deepEqual(later.snapshot.residents, [idle]);
  later.port.close();
});

test('memory pressure evicts the recogniser that waits, and the next recording has one again', async () => {
  const { port, next } = await openPort();
  const comes = async (type) => {
    for (;;) {
      const { batch } = await next();
      if (JSON.parse(batch).events.some((event) => event.type === type)) return;
    }
  };
  port.send(JSON.stringify({ requestId: 't', type: 'trim', level: 'critical' }));
  await comes('residentRemoved');
  const recording = socket('/hear?language=en-US');
  recording.on('open', () => recording.send('end'));
  assert.deepEqual(await messagesOf(recording)(), { type: 'final', text: 'heard 0 ' });
  await comes('residentChanged');
  port.close();
});

test('a path that is not there gets no socket', async () => {
  assert.match(await refused(socket('/other')), /403/);
});

test('speech needs the token', async () => {
  const response = await fetch(`${origin()}/speak`, { method: 'POST', body: 'hello' });
  assert.equal(response.status, 403);
});

test('a socket is a port of its own: hello, then the answers to its own commands', async () => {
  const [first, second] = [await openPort(), await openPort()];
  assert.deepEqual(
    [first.about.model, first.about.options, first.about.languages],
    [model, { temperature: 0 }, ['en-US', 'de-DE']],
  );
  assert.notEqual(first.snapshot.epoch, second.snapshot.epoch);
  first.port.send(JSON.stringify({ requestId: 'r', type: 'readLog' }));
  const { batch } = await first.next();
  const { epoch, events } = JSON.parse(batch);
  assert.equal(epoch, first.snapshot.epoch);
  assert.ok(events.some(({ type, requestId }) => type === 'log' && requestId === 'r'));
  for (const { port } of [first, second]) {
    const gone = once(port, 'close');
    port.close();
    await gone;
  }
});

test('a conversation that one socket began is in the hello of the next one', async () => {
  const { port, next } = await openPort();
  const turn = {
    type: 'generate',
    generationId: 'g',
    model,
    scope: 's',
    append: [{ role: 'user', content: 'my name is alice' }],
    options: {},
  };
  port.send(JSON.stringify({ requestId: 'r', ...turn }));
  let told = '';
  while (!told.includes('finished')) told = (await next()).batch;
  port.close();
  const later = await openPort();
  assert.deepEqual(
    later.snapshot.scopes.map(({ id, messageCount }) => [id, messageCount]),
    [['s', 2]],
  );
  later.port.close();
});

test('what is malformed is answered, and the socket lives on', async () => {
  const { port, next } = await openPort();
  port.send('nonsense');
  assert.match((await next()).batch, /invalidCommand/);
  assert.equal(port.readyState, WebSocket.OPEN);
  port.close();
});

test('a recording is heard: guesses while it comes, the last word after its end', async () => {
  const recording = socket('/hear?language=en-US');
  const next = messagesOf(recording);
  const gone = once(recording, 'close');
  recording.on('open', () => recording.send(Buffer.alloc(3200)));
  assert.deepEqual(await next(), { type: 'partial', text: '3200' });
  recording.send('end');
  assert.deepEqual(await next(), { type: 'final', text: 'heard 3200 ' });
  await gone;
});

test('another language is heard by its folder, and one that is not there is refused with those that are', async () => {
  const german = socket('/hear?language=de-DE');
  german.on('open', () => german.send('end'));
  assert.deepEqual(await messagesOf(german)(), {
    type: 'final',
    text: `heard 0 ${join(folder, 'languages', 'de-DE')}`,
  });
  const { type, detail } = await messagesOf(socket('/hear?language=..'))();
  assert.equal(type, 'failed');
  assert.match(detail, /en-US, de-DE/);
});

test('a recogniser that dies says why', async () => {
  const recording = socket('/hear?language=en-US');
  recording.on('open', () => recording.send(Buffer.from('die')));
  const { type, detail } = await messagesOf(recording)();
  assert.equal(type, 'failed');
  assert.match(detail, /out of tune/);
});

test('a port that is taken is an error', async () => {
  const taken = {
    model,
    options: {},
    directory: join(folder, 'other'),
    pages,
    port: Number(new URL(host.address).port),
  };
  await assert.rejects(startHost(taken), { code: 'EADDRINUSE' });
});

test('a hub whose address is none is an error', async () => {
  const lost = { model, options: {}, directory: join(folder, 'state'), pages, port: 0, hub: 'http://hub.example' };
  await assert.rejects(startHost(lost), { code: 'insecureUrl' });
});
