import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

import { type GenerateOptions, LlamaClient, type ModelConfig } from 'react-native-llama-rs';
import { openNodePort } from 'react-native-llama-rs/testing';
import { WebSocketServer } from 'ws';

import { admitsRequest, admitsSocket, type Admission, isLocal } from './admission';
import { Pages } from './pages';
import { Recognisers, type RecogniserSetup } from './Recognisers';
import { serveHearing } from './serveHearing';
import { servePort } from './servePort';
import { canSpeak, speak } from './speech';
import { tokenIn } from './token';
import { type About, PATHS, SUBPROTOCOL } from './wire';

/** Options of a host. */
export interface HostOptions {
  readonly model: ModelConfig;
  /** Options of every answer. */
  readonly options: GenerateOptions;
  /** The directory for conversations, models and the token. */
  readonly directory: string;
  /** The built app. */
  readonly pages: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** @default none: nothing recognises speech */
  readonly recogniser?: RecogniserSetup;
  /** Address of the hub for models by name. @default Hugging Face */
  readonly hub?: string;
}

/** A running host. */
export interface Host {
  /** The address of the app, with the token. */
  readonly address: string;
  /** Ends every connection. The engine belongs to the process and stays. */
  close(): Promise<void>;
}

/** The largest frame or text that the host accepts, in bytes. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Serves app, ports, hearing and speech to this machine alone. Rejects if the port is taken or the hub's address
 * invalid.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const server = createServer();
  const speaks = await canSpeak();
  const admission: Admission = { port: await listen(server, options.port), token: tokenIn(options.directory) };
  try {
    // The server listens already: a page that connects before `serve` sets its handlers would get no answer.
    return await serve(server, admission, options, speaks);
  } catch (error) {
    server.close();
    throw error;
  }
}

async function serve(
  server: Server,
  admission: Admission,
  { directory, pages, recogniser, model, options, hub }: HostOptions,
  speaks: boolean,
): Promise<Host> {
  const files = new Pages(pages);
  // This port names the manager's directory and makes it read the conversations before the first page connects.
  const keeper = openNodePort({ manager: 'global', directory: join(directory, 'conversations') });
  const client = new LlamaClient(keeper);
  const recognisers = recogniser && new Recognisers(recogniser, client);
  const about: About = { model, options, languages: recognisers?.languages ?? [], speaks };
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES, handleProtocols: () => SUBPROTOCOL });

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = urlOf(request);
    if (!isLocal(request.headers, admission)) response.writeHead(403).end();
    else if (request.method === 'GET') files.serve(pathname, response);
    else if (pathname !== PATHS.speak || request.method !== 'POST') response.writeHead(404).end();
    else if (!about.speaks || !admitsRequest(request.headers, admission)) response.writeHead(403).end();
    else void answerInSpeech(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    const { pathname, searchParams } = urlOf(request);
    const isKnown = pathname === PATHS.port || (pathname === PATHS.hear && recognisers !== undefined);
    if (!isKnown || !admitsSocket(request.headers, admission)) {
      connection.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, connection, head, (socket) => {
      // An invalid WebSocket frame closes the socket. The host has nothing more to do.
      socket.on('error', () => undefined);
      if (pathname === PATHS.port) servePort(socket, about);
      else if (recognisers !== undefined) serveHearing(socket, recognisers, searchParams.get('language') ?? '');
    });
  });

  const host: Host = {
    address: `http://127.0.0.1:${admission.port}/#${admission.token}`,
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
  // `isLocal` checks the host in the request.
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
