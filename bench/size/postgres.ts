/** A PostgreSQL cluster of the bench's own, from the npm package, durable as in production. */
import { readdirSync, readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, loadEmbeddedPostgres } from '@reeve/testkit/postgres-setup';

/** Memory for about a quarter of the machine; nothing that makes a commit less durable. */
export const SETTINGS = {
  shared_buffers: '2GB',
  effective_cache_size: '8GB',
  work_mem: '16MB',
  maintenance_work_mem: '256MB',
  max_wal_size: '4GB',
  fsync: 'on',
  synchronous_commit: 'on',
} as const;

export interface Cluster {
  /** Of a database of this name. */
  url(database: string): string;
  query(text: string, database?: string): Promise<Readonly<Record<string, unknown>>[]>;
  /** CPU that all of its processes have used, microseconds (Linux; NaN elsewhere). */
  cpu(): number;
  /** Memory of all of its processes, what they share counted once, bytes (Linux; NaN elsewhere). */
  memory(): number;
  stop(): Promise<void>;
}

const TICK_MICROSECONDS = 10_000;

/** Fields of proc_pid_stat(5) from the third on. */
const statOf = (pid: string | number): string[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];

/** Processes come and go while they are looked at. */
function sumOf(pids: readonly string[], one: (pid: string) => number): number {
  return pids.reduce((sum, pid) => {
    try {
      return sum + one(pid);
    } catch {
      return sum;
    }
  }, 0);
}

const childrenOf = (parent: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && statOf(pid)[1] === parent;
    } catch {
      return false;
    }
  });

/** Starts the cluster in this folder; the folder of a new one is empty. */
export async function startCluster(dir: string, isNew: boolean): Promise<Cluster> {
  const databaseDir = join(dir, 'cluster');
  const port = await freePort();
  const EmbeddedPostgres = await loadEmbeddedPostgres();
  const postgres = new EmbeddedPostgres({
    databaseDir,
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: () => {},
    onError: () => {},
  });
  if (isNew) {
    // The owner of the cluster is another one than the folder's where the bench runs as root.
    await chmod(dir, 0o755);
    await postgres.initialise();
  }
  await postgres.start();
  const master = readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n')[0] as string;
  const onLinux = (ask: () => number) => (process.platform === 'linux' ? ask() : Number.NaN);
  return {
    url: (database) => `postgres://postgres:postgres@127.0.0.1:${port}/${database}`,
    async query(text, database = 'postgres') {
      const client = postgres.getPgClient(database);
      await client.connect();
      try {
        return (await client.query(text)).rows;
      } finally {
        await client.end();
      }
    },
    cpu: () =>
      onLinux(() => {
        // utime and stime, and of the children that ended; the master's children are counted while they live.
        const own = sumOf(childrenOf(master), (pid) => Number(statOf(pid)[11]) + Number(statOf(pid)[12]));
        const [user, system, ...ended] = statOf(master).slice(11, 15).map(Number);
        return (own + ended.reduce((sum, ticks) => sum + ticks, Number(user) + Number(system))) * TICK_MICROSECONDS;
      }),
    memory: () =>
      onLinux(() =>
        sumOf(
          [master, ...childrenOf(master)],
          (pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) * 1024,
        ),
      ),
    stop: () => postgres.stop(),
  };
}
