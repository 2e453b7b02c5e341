/**
 * Where what tests write is kept: in memory if there is room, so that no commit waits for a disk and no database's thousand
 * files are made on one. What tests kill is processes, which a commit outlives in memory as on a disk.
 */
import { statfsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** A run needs a part of it: PostgreSQL's log, and some 10 MB for each database that is open. */
const MEMORY_BYTES = 2 * 2 ** 30;

function place(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= MEMORY_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Makes a folder; whoever asks removes it. */
export const makeFolder = (prefix: string): Promise<string> => mkdtemp(join(place(), prefix));
