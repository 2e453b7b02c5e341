/** Brings a database to the newest schema. Exactly one process does it; others wait. Migrations go forward only. */
import { type Kysely, sql } from 'kysely';
import { type MigrationResultSet, Migrator } from 'kysely/migration';
import * as m0001 from '../migrations/0001_directory.ts';
import * as m0002 from '../migrations/0002_access.ts';
import * as m0003 from '../migrations/0003_factors.ts';
import * as m0004 from '../migrations/0004_accounts.ts';
import * as m0005 from '../migrations/0005_rules.ts';
import * as m0006 from '../migrations/0006_search.ts';
import * as m0007 from '../migrations/0007_jobs.ts';
import * as m0008 from '../migrations/0008_public_clients.ts';
import * as m0009 from '../migrations/0009_log.ts';
import * as m0010 from '../migrations/0010_impersonators.ts';
import * as m0011 from '../migrations/0011_pools.ts';
import * as m0012 from '../migrations/0012_custom_fields.ts';
import * as m0013 from '../migrations/0013_resources.ts';
import * as m0014 from '../migrations/0014_application_tokens.ts';
import * as m0015 from '../migrations/0015_external_ids.ts';
import * as m0016 from '../migrations/0016_nodes.ts';
import * as m0017 from '../migrations/0017_search_merges.ts';
import type { Database, Db } from './database.ts';

const migrations = {
  '0001_directory': { up: (db: Kysely<never>) => m0001.up(db) },
  '0002_access': { up: (db: Kysely<never>) => m0002.up(db) },
  '0003_factors': { up: (db: Kysely<never>) => m0003.up(db) },
  '0004_accounts': { up: (db: Kysely<never>) => m0004.up(db) },
  '0005_rules': { up: (db: Kysely<never>) => m0005.up(db) },
  '0006_search': { up: (db: Kysely<never>) => m0006.up(db) },
  '0007_jobs': { up: (db: Kysely<never>) => m0007.up(db) },
  '0008_public_clients': { up: (db: Kysely<never>) => m0008.up(db) },
  '0009_log': { up: (db: Kysely<never>) => m0009.up(db) },
  '0010_impersonators': { up: (db: Kysely<never>) => m0010.up(db) },
  '0011_pools': { up: (db: Kysely<never>) => m0011.up(db) },
  '0012_custom_fields': { up: (db: Kysely<never>) => m0012.up(db) },
  '0013_resources': { up: (db: Kysely<never>) => m0013.up(db) },
  '0014_application_tokens': { up: (db: Kysely<never>) => m0014.up(db) },
  '0015_external_ids': { up: (db: Kysely<never>) => m0015.up(db) },
  '0016_nodes': { up: (db: Kysely<never>) => m0016.up(db) },
  '0017_search_merges': { up: (db: Kysely<never>) => m0017.up(db) },
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
  const { error, results } = await patiently(database, (db) => apply(db));
  if (error) throw error;
  return (results ?? []).map((result) => result.migrationName);
}

/** On PostgreSQL neither a migration nor the wait for another process's has a bound in time. */
function patiently<T>({ dialect, root }: Database, run: (db: Db) => Promise<T>): Promise<T> {
  if (dialect === 'sqlite') return run(root);
  return root.connection().execute(async (db) => {
    for (const name of BOUNDS) await sql`select set_config(${name}, '0', false)`.execute(db);
    try {
      return await run(db);
    } finally {
      for (const name of BOUNDS) await sql`reset ${sql.ref(name)}`.execute(db);
    }
  });
}

const BOUNDS = ['statement_timeout', 'idle_in_transaction_session_timeout'] as const;

function apply(db: Db): Promise<MigrationResultSet> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations as never },
    migrationTableName: 'migrations',
    migrationLockTableName: 'migrations_lock',
  });
  return migrator.migrateToLatest();
}
