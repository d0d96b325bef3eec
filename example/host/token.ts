import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The secret of a host's address. It is made once per directory and readable by its owner alone, so that an open or
 * bookmarked page finds a restarted host.
 */
export function tokenIn(directory: string): string {
  const file = join(directory, 'host-token');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!existsSync(file)) {
    // A process that dies here must not leave half a secret, or an empty one.
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, randomBytes(24).toString('base64url'), { mode: 0o600 });
    renameSync(unfinished, file);
  }
  return readFileSync(file, 'utf8').trim();
}
