/**
 * Moves the write-ahead log into the database file while somebody bulk-writes: in a commit it would hold up either the
 * event loop or the import. What it can't reach, because frames were added meanwhile, the bulk writer moves between two
 * transactions; then the log begins anew.
 */
import { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import { goLast } from '../background.ts';
import { WriteGate } from './gate.ts';

/**
 * Frames (pages) that the log shall have gathered when it is moved, 256 MB, where the longest pause is enough for them. While they are moved, commits wait for the disk (measured:
 * 10 to 25 ms instead of 3); the fewer moves, the fewer of them, and the more often a page has changed that is moved once.
 */
const FRAMES = 32_768;
const SHORTEST_PAUSE = 100;
const LONGEST_PAUSE = 2000;

export interface CheckpointData {
  readonly path: string;
  readonly gate: SharedArrayBuffer;
  /** Tells the thread from the bulk writers. */
  readonly id: number;
}

goLast();
const { path, gate: cells, id } = workerData as CheckpointData;
const gate = new WriteGate(cells);
const handle = new DatabaseSync(path, { timeout: 1000 });
handle.exec('PRAGMA synchronous = FULL; PRAGMA cache_size = -1024');
const moveLog = handle.prepare('PRAGMA wal_checkpoint(PASSIVE)');

let pause = SHORTEST_PAUSE;
while (!gate.isClosing(pause)) {
  if (gate.isBehind) continue;
  const { log } = moveLog.get() as { log: number };
  // As the log grows faster or slower, so it is moved more or less often.
  pause = Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, (pause * FRAMES) / Math.max(1, log)));
  gate.isBehind = log > FRAMES / 4;
}
handle.exec('PRAGMA wal_checkpoint(PASSIVE)');
gate.enterLast(id);
try {
  handle.exec('PRAGMA wal_checkpoint(TRUNCATE)');
} finally {
  gate.leave(id);
}
handle.close();
