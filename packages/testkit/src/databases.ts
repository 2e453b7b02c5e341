/** The database matrix: each test file gets a fresh SQLite file and a fresh PostgreSQL database. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate, openDatabase } from '@reeve/core';
import pg from 'pg';
import { inject } from 'vitest';
import { makeFolder } from './place.ts';

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

async function administer<T>(act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: `${inject('postgresUrl')}/postgres` });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}

/** Makes something that all test files of the run share: the first who asks makes it, others wait. */
export async function makeOnce(
  lock: number,
  isThere: (client: pg.Client) => Promise<boolean>,
  make: (client: pg.Client) => Promise<void>,
): Promise<void> {
  await administer(async (client) => {
    // Held until the connection ends.
    await client.query('select pg_advisory_lock($1)', [lock]);
    if (!(await isThere(client))) await make(client);
  });
}

/** PostgreSQL databases that others are copied from: with the newest schema, and with a new directory in it. */
export type Template = 'migrated' | 'founded';
const LOCKS: Readonly<Record<Template, number>> = { migrated: 1, founded: 2 };
const templates = new Map<Template, Promise<void>>();

/** Makes a template, once in a run: `fill` brings the database at `url` into its state. */
export const makeTemplate = (name: Template, from: Template | undefined, fill: (url: string) => Promise<void>) => {
  const made =
    templates.get(name) ??
    makeOnce(
      LOCKS[name],
      async (client) => {
        const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
        return rowCount === 1;
      },
      async (client) => {
        if (from === 'migrated') await migrated();
        await client.query(`create database ${name}_unfinished ${copyOf(from)}`);
        await fill(`${inject('postgresUrl')}/${name}_unfinished`);
        // Nobody is let in: PostgreSQL copies no database that somebody is connected to.
        await client.query(`alter database ${name}_unfinished allow_connections false`);
        await client.query(`alter database ${name}_unfinished rename to ${name}`);
      },
    );
  templates.set(name, made);
  return made;
};

// As files: through the log, which is the default, a copy costs as much as the migrations.
const copyOf = (template: Template | undefined) =>
  template === undefined ? '' : `template ${template} strategy file_copy`;

const migrated = (): Promise<void> =>
  makeTemplate('migrated', undefined, async (url) => {
    const database = openDatabase(url);
    await migrate(database).finally(() => database.close());
  });

/** A database of its own. `from`: what PostgreSQL's begins with; SQLite's begins empty. */
export async function freshDatabase(
  kind: DatabaseKind,
  { from }: { readonly from?: Template } = {},
): Promise<TestDatabase> {
  const dir = await makeFolder('reeve-test-');
  const removeDir = () => rm(dir, { recursive: true, force: true });
  if (kind === 'sqlite') return { url: `sqlite:${join(dir, 'reeve.db')}`, dir, drop: removeDir };
  if (from === 'migrated') await migrated();
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`;
  await administer((client) => client.query(`create database ${name} ${copyOf(from)}`));
  return {
    url: `${inject('postgresUrl')}/${name}`,
    dir,
    async drop() {
      await administer((client) => client.query(`drop database if exists ${name} with (force)`));
      await removeDir();
    },
  };
}
