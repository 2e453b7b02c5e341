/** How many rows a connection to SQLite has changed so far, those of virtual tables' own tables among them. */
import type { DatabaseSync } from 'node:sqlite';

export function changeCounter(handle: DatabaseSync): () => number {
  const count = handle.prepare('select total_changes() as n');
  return () => (count.get() as { n: number }).n;
}
