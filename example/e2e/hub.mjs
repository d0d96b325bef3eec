// A hub on this machine that has the tiny model as `hf:local/models`: the model server of the store's tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const TINY = 'models/tiny-chat/tiny-chat-q8_0.gguf';

/** The model server, as `./dev test e2e` builds it. */
const { LLAMA_RS_MODEL_SERVER: program } = process.env;

/** Starts a hub that has the tiny model under each of the names. It ends with the test. */
export async function startHub(t, folder, names = ['tiny-chat-q8_0.gguf']) {
  if (program === undefined) throw new Error('LLAMA_RS_MODEL_SERVER names no program - run ./dev test e2e');
  const models = join(folder, 'hub');
  mkdirSync(models);
  for (const name of names) copyFileSync(TINY, join(models, name));
  const child = spawn(program, [models], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  const end = async () => {
    child.stdin.end();
    await gone;
  };
  t.after(end);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: endpoint } = await lines.next();
  return {
    endpoint,
    /** Makes the hub misbehave from the next request on. `rust-core/examples/model_server.rs` lists the ways. */
    async tell(what) {
      child.stdin.write(`${what}\n`);
      await lines.next();
    },
    end,
  };
}
