/** For threads whose work is long and waited for by nobody: requests have the processor first. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * A third of the share of a thread that answers requests, where both want the processor; all of it where none does. Less would
 * be worse: a bulk writer that has the database, and no processor, holds up the requests that write.
 */
const NICENESS = 5;

/**
 * Lowers the priority of the calling thread, for good, and of threads that it starts: libuv's pool, should it be the first to use that.
 * Elsewhere than on Linux threads have none of their own: nothing happens.
 */
export function goLast(): void {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS);
  } catch {}
}
