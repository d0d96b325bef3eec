// The demo app's host. Prints the app's address and runs until it is interrupted.
import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import type { ModelConfig } from 'react-native-llama-rs';

import { type HostRequest, parseHostArgs, USAGE } from './args';
import { type Host, startHost } from './Host';

/** The port that is tried first, so that a bookmark stays valid. */
const USUAL_PORT = 4870;

/** The built app, from `run.mjs`, and the Python interpreter of the recogniser. */
const { LLAMA_RS_PAGES: pages = '', LLAMA_RS_SPEECH_PYTHON: python = '' } = process.env;

async function main(): Promise<void> {
  const request = parseHostArgs(process.argv.slice(2));
  if (request === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  const host = await start(request);
  process.stdout.write(`${host.address}\n`);
  if (request.opens) open(host.address);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void host.close().then(() => process.exit(0));
    });
  }
}

async function start(request: HostRequest): Promise<Host> {
  const { directory, languages, answer, hub } = request;
  const options = {
    model: modelFor(request),
    options: request.model === undefined ? { temperature: 0, ...answer } : answer,
    directory: directory === undefined ? stateDirectory() : asCalled(directory),
    pages,
    ...(hub !== undefined && { hub }),
    ...(python !== '' && {
      recogniser: {
        python,
        script: resolve('example/host/recognise.py'),
        ...(languages !== undefined && { languages: asCalled(languages) }),
      },
    }),
  };
  if (request.port !== undefined) return startHost({ ...options, port: request.port });
  try {
    return await startHost({ ...options, port: USUAL_PORT });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return startHost({ ...options, port: 0 });
  }
}

function modelFor({ model, load }: HostRequest): ModelConfig {
  if (model !== undefined) return { ...load, path: isName(model) ? model : asCalled(model) };
  // A model this small gains nothing from a second thread, and loses much by one beside a busy program.
  return { threads: 1, ...load, path: resolve('models/tiny-chat/tiny-chat-q8_0.gguf') };
}

/** Whether the text names a model on the network. */
function isName(model: string): boolean {
  return /^(hf|https?):/.test(model);
}

function stateDirectory(): string {
  const { XDG_STATE_HOME: state = '' } = process.env;
  return join(isAbsolute(state) ? state : join(homedir(), '.local', 'state'), 'react-native-llama-rs', 'app');
}

/** Resolves a path from the folder of the caller. npm runs the demo in the checkout. */
function asCalled(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}

/** Opens the user's browser. No browser is no failure: the address has been printed. */
function open(address: string): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  spawn(program, [address], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
