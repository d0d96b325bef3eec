import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { withCode } from '../../__tests__/withCode';
import { openNodePort, stayAlive } from '..';

/** An addon in JavaScript, with the same interface as the real one. */
const ADDON = `
exports.Port = class {
  constructor(options) {
    if (options.directory === '/taken') {
      throw Object.assign(new Error('another process has it'), { code: 'storageUnavailable' });
    }
    this.log = [['made', options, process.env.GOMP_SPINCOUNT]]; globalThis.fakePort = this;
  }
  snapshot() { return 'snapshot'; }
  send(command) { this.log.push(['send', command]); }
  onEvents(callback) { if (this.callback) throw new Error('one callback'); this.callback = callback; }
  close() { this.log.push(['close']); }
};`;

interface FakePort {
  log: unknown[];
  callback: (batch: string) => void;
}

let folder: string;
let addon: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-addon-'));
  addon = join(folder, 'addon.cjs');
  writeFileSync(addon, ADDON);
});
afterAll(() => rmSync(folder, { recursive: true }));

const fake = () => (globalThis as unknown as { fakePort: FakePort }).fakePort;

test('the port hands everything on, to every listener until it leaves, and closes once', () => {
  delete process.env.GOMP_SPINCOUNT;
  const port = openNodePort({ addon });
  const heard: string[] = [];
  const leave = port.onEvents((batch) => heard.push(`first ${batch}`));
  port.onEvents((batch) => heard.push(`second ${batch}`));
  fake().callback('1');
  leave();
  fake().callback('2');
  port.send('command');
  expect(port.snapshot()).toBe('snapshot');
  port.close();
  port.close();
  fake().callback('3');
  expect(heard).toEqual(['first 1', 'second 1', 'second 2']);
  expect(fake().log).toEqual([['made', { manager: 'own' }, '10000'], ['send', 'command'], ['close']]);
});

test('a directory for saved scopes is handed on', () => {
  openNodePort({ addon, directory: '/saved' });
  expect(fake().log).toEqual([['made', { manager: 'own', directory: '/saved' }, '10000']]);
});

test('options that the addon refuses throw with its code', () => {
  expect(() => openNodePort({ addon, directory: '/taken' })).toThrow(withCode('storageUnavailable', 'another process'));
});

test('how long a compute thread spins is left to who has said it already', () => {
  process.env.GOMP_SPINCOUNT = '7';
  openNodePort({ addon, manager: 'global' });
  expect(fake().log).toEqual([['made', { manager: 'global' }, '7']]);
});

test('LLAMA_RS_ADDON names the addon, and one that cannot be loaded says what to do', () => {
  const before = process.env.LLAMA_RS_ADDON;
  process.env.LLAMA_RS_ADDON = join(folder, 'missing.node');
  expect(() => openNodePort()).toThrow(withCode('portMissing', 'missing.node'));
  process.env.LLAMA_RS_ADDON = addon;
  expect(openNodePort().snapshot()).toBe('snapshot');
  if (before === undefined) delete process.env.LLAMA_RS_ADDON;
  else process.env.LLAMA_RS_ADDON = before;
});

test('a timer keeps the process while something is awaited, and no longer', () => {
  const set = jest.spyOn(globalThis, 'setInterval');
  const clear = jest.spyOn(globalThis, 'clearInterval');
  const onBusy = stayAlive();
  onBusy(true);
  expect(set).toHaveBeenCalledTimes(1);
  onBusy(false);
  expect(clear).toHaveBeenLastCalledWith(set.mock.results[0]?.value);
  expect(set).toHaveBeenCalledTimes(1);
});
