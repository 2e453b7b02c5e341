/** The database matrix: each test file gets a fresh SQLite file and a fresh PostgreSQL database. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

async function administer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${inject('postgresUrl')}/postgres` });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

export async function freshDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const dir = await mkdtemp(join(tmpdir(), 'reeve-test-'));
  const removeDir = () => rm(dir, { recursive: true, force: true });
  if (kind === 'sqlite') return { url: `sqlite:${join(dir, 'reeve.db')}`, dir, drop: removeDir };
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`;
  await administer(`create database ${name}`);
  return {
    url: `${inject('postgresUrl')}/${name}`,
    dir,
    async drop() {
      await administer(`drop database if exists ${name} with (force)`);
      await removeDir();
    },
  };
}
