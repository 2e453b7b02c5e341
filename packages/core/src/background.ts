/** For threads whose work is long and waited for by nobody: requests have the processor first. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** About a tenth of the share of a thread that answers requests, where both want the processor; all of it where none does. */
const NICENESS = 10;

/** Lowers the priority of the calling thread, for good. Elsewhere than on Linux threads have none of their own: nothing happens. */
export function goLast(): void {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS);
  } catch {}
}
