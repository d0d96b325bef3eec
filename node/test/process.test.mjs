// The ends of processes and worker threads. Each test runs a process of its own, and checks its exit code and signal.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

test('a process with an open port and nothing to do ends', async () => {
  await ends(`new Session('global');`, 0);
});

test('a process ends while a model loads', async () => {
  await ends(`new Session('own').send({ type: 'acquire', leaseId: 'a', debugLabel: 'test', model: tinyModel });`, 0);
});

for (const manager of ['global', 'own']) {
  test(`a process ends in the middle of generations (${manager} manager)`, async () => {
    await ends(`await generating(new Session('${manager}'));`, 0);
  });

  test(`a process exits in the middle of generations (${manager} manager)`, async () => {
    await ends(`await generating(new Session('${manager}')); process.exit(3);`, 3);
  });

  test(`a process exits while it holds a lease (${manager} manager)`, async () => {
    await ends(
      `
      const session = new Session('${manager}');
      await session.ask({ type: 'acquire', leaseId: 'a', debugLabel: 'test', model: tinyModel });
      process.exit(3);
      `,
      3,
    );
  });

  test(`a process ends right after close (${manager} manager)`, async () => {
    await ends(`const session = new Session('${manager}'); await generating(session); session.port.close();`, 0);
  });
}

test('a process dies of an exception in the event callback, not of the addon', async () => {
  await ends(
    `const session = new Session(); session.event(() => { throw new Error('in the callback'); }); session.port.send('{');`,
    1,
    /in the callback/,
  );
});

test('a worker that ends closes its ports, and the global manager goes on', async () => {
  await ends(
    `
    const session = new Session('global');
    const worker = inWorker("await generating(new Session('global')); parentPort.postMessage('generating');");
    await once(worker, 'message');
    await worker.terminate();
    session.generate('after', 'conversation');
    const { phase } = await session.finished('after');
    assert.equal(phase.outcome.reason, 'stop');
    assert.equal(session.snapshot.models[0].loads, 1);
    `,
    0,
  );
});

test('a worker that ends gives its leases back', async () => {
  await ends(
    `
    const session = new Session('global');
    const worker = inWorker(
      "const session = new Session('global');" +
      "await session.ask({ type: 'acquire', leaseId: 'a', debugLabel: 'worker', model: tinyModel });" +
      "parentPort.postMessage('acquired');"
    );
    const leasesAre = (count) => session.event(
      ({ type, model }) => type === 'modelChanged' && model.leases.length === count && model.status.type !== 'loading'
    );
    await leasesAre(1);
    session.events.length = 0;
    await worker.terminate();
    await leasesAre(0);
    `,
    0,
  );
});

test('a worker that ends leaves engines running that nobody else in the process knows', async () => {
  await ends(
    `
    const worker = inWorker(
      "new Port({ manager: 'global' }).send(JSON.stringify({ requestId: 'a', type: 'acquire', leaseId: 'a', debugLabel: 'worker', model: tinyModel }));"
    );
    await once(worker, 'exit');
    `,
    0,
    /^$/,
    { loadsAddon: false },
  );
});

test('a process ends after a worker with a manager of its own was terminated in the middle', async () => {
  await ends(
    `
    const worker = inWorker("await generating(new Session('own')); parentPort.postMessage('generating');");
    await once(worker, 'message');
    await worker.terminate();
    `,
    0,
  );
});

test('a process whose worker alone loaded the addon ends', async () => {
  await ends(
    `
    const worker = inWorker("await generating(new Session('global'));");
    const [code] = await once(worker, 'exit');
    assert.equal(code, 0);
    `,
    0,
    /^$/,
    { loadsAddon: false },
  );
});

const session = fileURLToPath(new URL('session.mjs', import.meta.url));

/** The beginning of every script and worker. `generating` runs four turns at once, and waits for text of the first. */
const prelude = `
  const { Port, Session, tinyModel } = await import(${JSON.stringify(session)});
  const { parentPort } = await import('node:worker_threads');
  async function generating(session) {
    for (const id of ['a', 'b', 'c', 'd']) session.generate(id);
    await session.event((event) => event.type === 'textDelta');
  }
`;

async function ends(script, code, stderr = /^$/, { loadsAddon = true } = {}) {
  const program = `
    import assert from 'node:assert/strict';
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    const prelude = ${JSON.stringify(prelude)};
    const inWorker = (script) => new Worker('(async () => {' + prelude + script + '})()', { eval: true });
    ${loadsAddon ? prelude : ''}
    ${script}
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'inherit', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  const [exitCode, signal] = await once(child, 'close');
  assert.deepEqual({ exitCode, signal }, { exitCode: code, signal: null }, errors);
  assert.match(errors, stderr);
}
