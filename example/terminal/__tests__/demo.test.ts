import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

// The demo as a user starts it, on real inference.

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function demo(args: readonly string[], input = ''): Promise<Ended> {
  // The chat keeps its conversations by default, so each run gets a state folder of its own.
  const env = { ...process.env, XDG_STATE_HOME: mkdtempSync(join(folder, 'state-')), TMPDIR: folder };
  const child = spawn(process.execPath, ['example/terminal/run.mjs', ...args], { stdio: 'pipe', env });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (out += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (err += piece));
  child.stdin.end(input);
  return new Promise((settle, fail) => {
    child.on('error', fail);
    child.on('close', (code) => settle({ code, out, err }));
  });
}

describe('the story', () => {
  let told: Ended;
  beforeAll(async () => {
    told = await demo([]);
  });

  it('ends well, without a word of complaint and without colour', () => {
    expect({ code: told.code, err: told.err }).toEqual({ code: 0, err: '' });
    expect(told.out).not.toContain('\u001b');
  });

  it('compares loads, prefilled and reused tokens, and time to first token, of both sides', () => {
    const { out } = told;
    expect(out).toMatch(/old pattern +this library\n/);
    expect(out).toMatch(/\nmodel loads +5 +1\n/);
    expect(out).toMatch(/\nready in first render +0 +4\n/);
    expect(out).toMatch(/\ntokens reused +0 +[1-9]\d*\n/);
    expect(out).toMatch(/\ntime to first token +\d+ ms +\d+ ms\n/);
    expect(out).toMatch(/\nnames remembered +\d of 2 +2 of 2\n/);
    const [, old = '', ours = ''] = /\ntokens prefilled +(\d+) +(\d+)\n/.exec(out) ?? [];
    expect(Number(ours)).toBeLessThan(Number(old));
  });

  it('answers the last question right, in the conversation that it was asked in', () => {
    const answers = [...told.out.matchAll(/^ {2}this library +(.+)$/gm)].map(([, answer]) => answer);
    expect(answers.slice(-2)).toEqual(['Your name is Bob.', 'Your name is Alice.']);
  });

  it('has six conversations on two slots, and brings each back from its place', () => {
    const before = told.out.slice(0, told.out.indexOf('kill -9'));
    expect(returns(before)).toEqual([
      ['Frank', 'resident', 'Frank'],
      ['Erin', 'resident', 'Erin'],
      ...['Dave', 'Carol', 'Bob', 'Alice'].map((name) => [name, 'parked (RAM)', name]),
    ]);
  });

  it('is killed in the middle of an answer, and the next process remembers every name', () => {
    const [, killed = '', after = ''] = /\nkill -9\n([^]*) … killed\n([^]*)/.exec(told.out) ?? [];
    expect(killed).toMatch(/ {2}Frank +“Tell me a joke.” +Why did$/);
    expect(returns(after)).toEqual([
      ...['Alice', 'Bob', 'Carol', 'Dave', 'Erin'].map((name) => [name, 'saved (disk)', name]),
      ['Frank', 'in words only', 'Frank'],
    ]);
  });

  it('leaves nothing in the folder for temporary files', () => {
    expect(readdirSync(folder).filter((name) => name.startsWith('llama-demo-'))).toEqual([]);
  });
});

/** Name, residency and remembered name of each row of a table of answers. */
function returns(text: string): string[][] {
  const rows = text.matchAll(/^(\w+) +(\S+(?: \S+)*) {2,}\d+ +\d+ +Your name is (\w+)\.$/gm);
  return [...rows].map(([, ...cells]) => cells);
}

describe('the chat', () => {
  it('answers piped lines, each conversation on its own', async () => {
    const lines = [
      'My name is Alice.',
      '/scope bob',
      'My name is Bob.',
      'What is my name?',
      '/scope main',
      'What is my name?',
      '/stats',
      '/scopes',
      '/quit',
    ];
    const { code, out, err } = await demo(['--chat'], `${lines.join('\n')}\n`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Conversations are kept in .+react-native-llama-rs.chat: 0 from before\.$/m);
    expect(out).toContain('bob › What is my name?\nYour name is Bob.\n');
    expect(out).toContain('main › What is my name?\nYour name is Alice.\n');
    expect(out).toMatch(/^loads +1$/m);
    expect(out).toMatch(/^bob +4 +\d+ +resident +not$/m);
    expect(out).toMatch(/^last prompt +\d+ tokens prefilled, [1-9]\d* reused$/m);
  });

  it('remembers, forks, rewinds and forgets, and says where it keeps what it knows', async () => {
    const kept = join(folder, 'kept');
    const chat = (...lines: string[]) => demo(['--chat', '--directory', kept], lines.join('\n'));
    const first = await chat('My name is Alice.', '/fork bob', 'Actually, my name is Bob.', '/rewind 99');
    expect({ code: first.code, err: first.err }).toEqual({ code: 0, err: '' });
    expect(first.out).toContain(`Conversations are kept in ${kept}: 0 from before.`);
    expect(first.out).toMatch(/^messageIndex 99 of scope bob is out of range - .+$/m);

    const second = await chat(
      '/scopes',
      'What is my name?',
      '/stats',
      '/scope bob',
      'What is my name?',
      '/erase all',
      '/scopes',
    );
    expect(second.out).toContain(`Conversations are kept in ${kept}: 2 from before.`);
    expect(second.out).toMatch(/^bob +4 +\d+ +saved +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/m);
    expect(second.out).toContain('main › What is my name?\nYour name is Alice.\n');
    expect(second.out).toContain('bob › What is my name?\nYour name is Bob.\n');
    expect(second.out).toMatch(/^last prompt +\d+ tokens prefilled, [1-9]\d* reused$/m);
    expect(second.out).toMatch(/no conversations yet\n/);
  });

  it('suspends and resumes', async () => {
    const { code, out } = await demo(['--chat'], 'My name is Alice.\n/suspend\nHello!\n/resume\nWhat is my name?\n');
    expect(code).toBe(0);
    expect(out).toMatch(/^suspended, \d conversations on disk - \/resume goes on$/m);
    expect(out).toContain('Hello!\nsuspended - /resume goes on\n');
    expect(out).toContain('What is my name?\nYour name is Alice.\n');
  });

  it('ends with its input, after the last answer', async () => {
    const { code, out } = await demo(['--chat'], 'Hello!');
    expect(code).toBe(0);
    expect(out).toContain('Hello! How can I help you?\n');
  });

  it('takes any model file', async () => {
    const copy = join(folder, 'another.gguf');
    writeFileSync(copy, readFileSync(TINY));
    const { code, out } = await demo(['--chat', '--model', copy], 'Hello!\n');
    expect(code).toBe(0);
    expect(out).toContain('Hello! How can I help you?\n');
  });
});

describe('what cannot be', () => {
  it.each([
    ['a missing file', 'missing.gguf', undefined],
    ['a truncated file', 'truncated.gguf', () => readFileSync(TINY).subarray(0, 500_000)],
    ['a file that is no GGUF', 'text.gguf', () => Buffer.from('These are words.\n'.repeat(100))],
    ['an empty file', 'empty.gguf', () => Buffer.alloc(0)],
  ])('%s: one sentence and exit code 2', async (_, name, content) => {
    const path = join(folder, name);
    if (content !== undefined) writeFileSync(path, content());
    for (const mode of [[], ['--chat']]) {
      const { code, out, err } = await demo([...mode, '--model', path]);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(/^[^\n]+\n$/);
      expect(err).toContain(name);
    }
  });

  it('an unknown argument: usage and exit code 2', async () => {
    const { code, out, err } = await demo(['--loud']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain("Unknown option '--loud'\nusage: ./dev demo");
  });
});

const TINY = resolve('models/tiny-chat/tiny-chat-q8_0.gguf');
const folder = mkdtempSync(join(tmpdir(), 'demo-'));
afterAll(() => rmSync(folder, { recursive: true }));
