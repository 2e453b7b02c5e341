/** The shape of the machine, in one sentence. */
import { cpus, loadavg, totalmem, type } from 'node:os';
import { DatabaseSync } from 'node:sqlite';

export function machine(): string {
  const handle = new DatabaseSync(':memory:');
  const { version } = handle.prepare('select sqlite_version() as version').get() as { version: string };
  handle.close();
  const model = cpus()[0]?.model.trim() || 'unknown model';
  const load = loadavg().map((value) => value.toFixed(1));
  return `${cpus().length} cores (${model}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB of memory, ${type()}, Node.js ${process.versions.node}, SQLite ${version}; load averages at the end ${load.join(', ')} (the measurements themselves make about 2; more is other people's work).`;
}
