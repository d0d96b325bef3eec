/** @jest-environment node */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Snapshot } from 'react-native-llama-rs';
import { WebSocket } from 'ws';

import { type Host, startHost } from '../Host';
import type { FromPort, FromRecogniser } from '../wire';

// Real sockets, the real engine; the recogniser is a script that hears what it is told to.

const folder = mkdtempSync(join(tmpdir(), 'llama-host-'));
const model = { path: join(process.cwd(), 'models/tiny-chat/tiny-chat-q8_0.gguf'), threads: 1 };
const script = join(folder, 'hears.cjs');
let host: Host;

/** Says how many bytes it has been fed, as soon as it is; `die` in them ends it without a word. */
const HEARS = `
let bytes = 0;
process.stdin.on('data', (chunk) => {
  if (chunk.includes('die')) { console.error('out of tune'); process.exit(1); }
  bytes += chunk.length;
  console.log(JSON.stringify({ type: 'partial', text: String(bytes) }));
});
process.stdin.on('end', () => console.log(JSON.stringify({ type: 'final', text: 'heard ' + bytes + ' ' + process.argv.slice(2) })));
`;

beforeAll(async () => {
  writeFileSync(script, HEARS);
  mkdirSync(join(folder, 'pages'));
  mkdirSync(join(folder, 'languages', 'de-DE'), { recursive: true });
  writeFileSync(join(folder, 'pages', 'index.html'), '<p>the app</p>');
  host = await startHost({
    model,
    options: { temperature: 0 },
    directory: join(folder, 'state'),
    pages: join(folder, 'pages'),
    port: 0,
    recogniser: { python: process.execPath, script, languages: join(folder, 'languages') },
  });
});
afterAll(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

const token = () => new URL(host.address).hash.slice(1);
const origin = () => new URL(host.address).origin;

function socket(path: string, headers: { origin?: string; token?: string } = {}): WebSocket {
  const url = `${origin().replace('http', 'ws')}${path}`;
  return new WebSocket(url, ['llama-rs-demo', `token.${headers.token ?? token()}`], { origin: headers.origin ?? origin() });
}

/** The messages of a socket, one after another. */
function messagesOf<T>(from: WebSocket): () => Promise<T> {
  const come: T[] = [];
  const waiting: ((message: T) => void)[] = [];
  from.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString('utf8')) as T;
    const next = waiting.shift();
    if (next === undefined) come.push(message);
    else next(message);
  });
  return () => {
    const message = come.shift();
    return message === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(message);
  };
}

const ended = (one: WebSocket) => new Promise<void>((resolve) => one.on('close', () => resolve()));
const refused = (one: WebSocket) => new Promise<string>((resolve) => one.on('error', ({ message }) => resolve(message)));

async function openPort() {
  const port = socket('/port');
  const next = messagesOf<FromPort>(port);
  const hello = await next();
  if (hello.type !== 'hello') throw new Error(hello.type);
  return { port, next, hello, snapshot: JSON.parse(hello.snapshot) as Snapshot };
}

function get(path: string, name?: string): Promise<{ status: number | undefined; policy: unknown; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = name === undefined ? {} : { host: name };
    request(`${origin()}${path}`, { headers }, (response) => {
      let body = '';
      response.on('data', (piece: Buffer) => (body += piece.toString('utf8')));
      response.on('end', () => resolve({ status: response.statusCode, policy: response.headers['content-security-policy'], body }));
    })
      .on('error', reject)
      .end();
  });
}

test('pages are served to this machine under its own names, and nothing beside them', async () => {
  expect(await get('/')).toMatchObject({ status: 200, body: '<p>the app</p>', policy: expect.stringContaining("default-src 'self'") as string });
  expect(await get('/../state/host-token')).toMatchObject({ status: 404 });
  expect(await get('/', 'evil.example')).toMatchObject({ status: 403, body: '' });
});

test('the token is for its owner alone', () => {
  expect(statSync(join(folder, 'state', 'host-token')).mode & 0o077).toBe(0);
});

test.each([
  ['another site', { origin: 'https://evil.example' }],
  ['a wrong token', { token: 'guess' }],
])('%s gets no socket', async (_, headers) => {
  expect(await refused(socket('/port', headers))).toContain('403');
  expect(await refused(socket('/hear?language=en-US', headers))).toContain('403');
});

test('a path that is not there gets no socket', async () => {
  expect(await refused(socket('/other'))).toContain('403');
});

test('speech needs the token', async () => {
  const response = await fetch(`${origin()}/speak`, { method: 'POST', body: 'hello' });
  expect(response.status).toBe(403);
});

test('a socket is a port of its own: hello, then the answers to its own commands', async () => {
  const [first, second] = [await openPort(), await openPort()];
  expect(first.hello.about).toMatchObject({ model, options: { temperature: 0 }, languages: ['en-US', 'de-DE'] });
  expect(first.snapshot.epoch).not.toBe(second.snapshot.epoch);
  first.port.send(JSON.stringify({ requestId: 'r', type: 'getLifecycle' }));
  const answer = await first.next();
  expect(answer.type === 'batch' && (JSON.parse(answer.batch) as unknown)).toMatchObject({
    epoch: first.snapshot.epoch,
    events: expect.arrayContaining([expect.objectContaining({ type: 'lifecycle', requestId: 'r' })]) as unknown,
  });
  const gone = [ended(first.port), ended(second.port)];
  first.port.close();
  second.port.close();
  await Promise.all(gone);
});

test('a conversation that one socket began is in the hello of the next one', async () => {
  const { port, next } = await openPort();
  const turn = { type: 'generate', generationId: 'g', model, scope: 's', append: [{ role: 'user', content: 'my name is alice' }], options: {} };
  port.send(JSON.stringify({ requestId: 'r', ...turn }));
  for (let text = ''; !text.includes('finished'); ) {
    const message = await next();
    text = message.type === 'batch' ? message.batch : '';
  }
  port.close();
  const { port: later, snapshot } = await openPort();
  expect(snapshot.scopes).toMatchObject([{ id: 's', messageCount: 2 }]);
  later.close();
});

test('what is malformed is answered, and the socket lives on', async () => {
  const { port, next } = await openPort();
  port.send('nonsense');
  const answer = await next();
  expect(answer.type === 'batch' && answer.batch).toContain('invalidCommand');
  port.close();
});

test('a recording is heard: guesses while it comes, the last word after its end', async () => {
  const recording = socket('/hear?language=en-US');
  const next = messagesOf<FromRecogniser>(recording);
  const gone = ended(recording);
  recording.on('open', () => recording.send(Buffer.alloc(3200)));
  expect(await next()).toEqual({ type: 'partial', text: '3200' });
  recording.send('end');
  expect(await next()).toEqual({ type: 'final', text: 'heard 3200 ' });
  await gone;
});

test('another language is heard by its folder, and one that is not there is refused with those that are', async () => {
  const german = socket('/hear?language=de-DE');
  german.on('open', () => german.send('end'));
  expect(await messagesOf<FromRecogniser>(german)()).toEqual({ type: 'final', text: `heard 0 ${join(folder, 'languages', 'de-DE')}` });
  const other = socket('/hear?language=..');
  expect(await messagesOf<FromRecogniser>(other)()).toEqual({ type: 'failed', detail: expect.stringContaining('en-US, de-DE') as string });
});

test('a recogniser that dies says why', async () => {
  const recording = socket('/hear?language=en-US');
  recording.on('open', () => recording.send(Buffer.from('die')));
  expect(await messagesOf<FromRecogniser>(recording)()).toEqual({ type: 'failed', detail: expect.stringContaining('out of tune') as string });
});

test('a port that is taken is an error, and nothing of that host stays', async () => {
  const taken = { model, options: {}, directory: join(folder, 'other'), pages: join(folder, 'pages'), port: Number(new URL(host.address).port) };
  await expect(startHost(taken)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
