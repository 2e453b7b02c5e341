/** The database matrix: each test file gets a fresh SQLite file and a fresh PostgreSQL database. */
import { statfsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, openDatabase } from '@reeve/core';
import pg from 'pg';
import { inject } from 'vitest';

/** The client of PostgreSQL, for tests that look behind the server. */
export { default as pg } from 'pg';

export const databaseKinds = ['sqlite', 'postgres'] as const;
export type DatabaseKind = (typeof databaseKinds)[number];

export interface TestDatabase {
  readonly url: string;
  /** A folder that is removed with the database. */
  readonly dir: string;
  drop(): Promise<void>;
}

const MEMORY = '/dev/shm';
const MEMORY_BYTES = 2 ** 30;

/**
 * Where databases are made: in memory if there is room, so that no commit waits for a disk. What tests kill is processes,
 * which a commit outlives in memory as on a disk.
 */
function placeOf(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= MEMORY_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

async function administer<T>(act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: `${inject('postgresUrl')}/postgres` });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}

const TEMPLATE = 'migrated';
let template: Promise<string> | undefined;

/** A PostgreSQL database with the newest schema: the first who asks makes it for all test files of the run. */
const migratedTemplate = (): Promise<string> => {
  template ??= administer(async (client) => {
    // Held until the connection ends.
    await client.query('select pg_advisory_lock(1)');
    const { rowCount } = await client.query('select from pg_database where datname = $1', [TEMPLATE]);
    if (rowCount === 0) {
      await client.query('create database migrating');
      const database = openDatabase(`${inject('postgresUrl')}/migrating`);
      await migrate(database).finally(() => database.close());
      // Nobody is let in: PostgreSQL copies no database that somebody is connected to.
      await client.query('alter database migrating allow_connections false');
      await client.query(`alter database migrating rename to ${TEMPLATE}`);
    }
    return TEMPLATE;
  });
  return template;
};

/** A database of its own. `isMigrated`: PostgreSQL's has the schema already; SQLite's is made in no time. */
export async function freshDatabase(kind: DatabaseKind, { isMigrated = false } = {}): Promise<TestDatabase> {
  const dir = await mkdtemp(join(placeOf(), 'reeve-test-'));
  const removeDir = () => rm(dir, { recursive: true, force: true });
  if (kind === 'sqlite') return { url: `sqlite:${join(dir, 'reeve.db')}`, dir, drop: removeDir };
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`;
  // As files: through the log, which is the default, a copy costs as much as the migrations.
  const from = isMigrated ? `template ${await migratedTemplate()} strategy file_copy` : '';
  await administer((client) => client.query(`create database ${name} ${from}`));
  return {
    url: `${inject('postgresUrl')}/${name}`,
    dir,
    async drop() {
      await administer((client) => client.query(`drop database if exists ${name} with (force)`));
      await removeDir();
    },
  };
}
