import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The secret of a host's address. Made once for a directory and readable by its owner only, so that a page that is open, or
 * in the bookmarks, finds a host that was started again.
 */
export function tokenIn(directory: string): string {
  const file = join(directory, 'host-token');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!existsSync(file)) {
    // A process that dies meanwhile must leave no half of a secret, and no empty one.
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, randomBytes(24).toString('base64url'), { mode: 0o600 });
    renameSync(unfinished, file);
  }
  return readFileSync(file, 'utf8').trim();
}
