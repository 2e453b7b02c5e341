/** Brings a database to the newest schema. Exactly one process does it; others wait. Migrations go forward only. */
import { type Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import * as m0001 from '../migrations/0001_directory.ts';
import type { Database } from './database.ts';

const migrations = {
  '0001_directory': { up: (db: Kysely<never>) => m0001.up(db) },
};

/** Most starts find nothing to do; asking for that alone spares them the migrator's look at every table. */
async function isNewest({ root }: Database): Promise<boolean> {
  try {
    const { rows } = await sql<{ name: string }>`select name from migrations order by name`.execute(root);
    return rows.map(({ name }) => name).join() === Object.keys(migrations).join();
  } catch {
    // No such table yet, or no database: the migrator finds out which.
    return false;
  }
}

/** Returns the names of the migrations that were applied now. */
export async function migrate(database: Database): Promise<string[]> {
  if (await isNewest(database)) return [];
  const migrator = new Migrator({
    db: database.root,
    provider: { getMigrations: async () => migrations as never },
    migrationTableName: 'migrations',
    migrationLockTableName: 'migrations_lock',
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw error;
  return (results ?? []).map((result) => result.migrationName);
}
