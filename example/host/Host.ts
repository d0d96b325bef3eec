import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

import { type GenerateOptions, LlamaClient, type ModelConfig } from 'react-native-llama-rs';
import { openNodePort } from 'react-native-llama-rs/testing';
import { WebSocketServer } from 'ws';

import { admitsRequest, admitsSocket, type Gate, isLocal } from './admission';
import { Pages } from './pages';
import { Recognisers, type RecogniserSetup } from './Recognisers';
import { serveHearing } from './serveHearing';
import { servePort } from './servePort';
import { canSpeak, speak } from './speech';
import { tokenIn } from './token';
import { type About, PATHS, SUBPROTOCOL } from './wire';

/** What a host serves, and where. */
export interface HostOptions {
  readonly model: ModelConfig;
  /** For every answer. */
  readonly options: GenerateOptions;
  /** Where conversations, models and the token are kept. */
  readonly directory: string;
  /** The built app. */
  readonly pages: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Left out: nothing is heard. */
  readonly recogniser?: RecogniserSetup;
  /** Address of the hub that models come from by name. Left out: the usual one. */
  readonly hub?: string;
}

/** A host that runs. */
export interface Host {
  /** With the token. */
  readonly address: string;
  /** Ends every connection. The engine is the process's, and stays. */
  close(): Promise<void>;
}

/** Bytes of one frame or one text that is taken. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Serves the app, ports, hearing and speech to this machine alone. Rejects when the port is taken, or the hub's address is none. */
export async function startHost(options: HostOptions): Promise<Host> {
  const server = createServer();
  const speaks = await canSpeak();
  const gate: Gate = { port: await listen(server, options.port), token: tokenIn(options.directory) };
  try {
    // At once: a page that has waited for the port would not be answered at all.
    return await serve(server, gate, options, speaks);
  } catch (error) {
    server.close();
    throw error;
  }
}

async function serve(
  server: Server,
  gate: Gate,
  { directory, pages, recogniser, model, options, hub }: HostOptions,
  speaks: boolean,
): Promise<Host> {
  const files = new Pages(pages);
  // Says where the process's manager keeps conversations, and reads them before the first page comes.
  const keeper = openNodePort({ manager: 'global', directory: join(directory, 'conversations') });
  const client = new LlamaClient(keeper);
  const recognisers = recogniser && new Recognisers(recogniser, client);
  const about: About = { model, options, languages: recognisers?.languages ?? [], speaks };
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES, handleProtocols: () => SUBPROTOCOL });

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = urlOf(request);
    if (!isLocal(request.headers, gate)) response.writeHead(403).end();
    else if (request.method === 'GET') files.serve(pathname, response);
    else if (pathname !== PATHS.speak || request.method !== 'POST') response.writeHead(404).end();
    else if (!about.speaks || !admitsRequest(request.headers, gate)) response.writeHead(403).end();
    else void answerInSpeech(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    const { pathname, searchParams } = urlOf(request);
    const isKnown = pathname === PATHS.port || (pathname === PATHS.hear && recognisers !== undefined);
    if (!isKnown || !admitsSocket(request.headers, gate)) {
      connection.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, connection, head, (socket) => {
      // A frame that is no WebSocket frame closes the socket, which is all there is to do.
      socket.on('error', () => undefined);
      if (pathname === PATHS.port) servePort(socket, about);
      else if (recognisers !== undefined) serveHearing(socket, recognisers, searchParams.get('language') ?? '');
    });
  });

  const host: Host = {
    address: `http://127.0.0.1:${gate.port}/#${gate.token}`,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      recognisers?.close();
      client.close();
      keeper.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  try {
    if (hub !== undefined) await client.setHub({ endpoint: hub });
  } catch (error) {
    await host.close();
    throw error;
  }
  return host;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function urlOf({ url = '/' }: IncomingMessage): URL {
  // Whose name stands before the path is checked by `isLocal`.
  return new URL(url, 'http://127.0.0.1');
}

async function answerInSpeech(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  try {
    const sound = await speak(await textOf(request), gone.signal);
    response.writeHead(200, { 'content-type': 'audio/wav', 'cache-control': 'no-store' }).end(sound);
  } catch {
    if (!gone.signal.aborted) response.writeHead(500).end();
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MOST_BYTES) throw new Error('the text is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
