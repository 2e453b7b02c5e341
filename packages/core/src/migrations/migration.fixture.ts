/** What the test of a migration begins with: a database with the migrations that its rows need, and no later ones. */
import { type DatabaseKind, freshDatabase, type TestDatabase } from '@reeve/testkit';
import { afterAll, beforeAll } from 'vitest';
import type { Database, Db } from '../database/database.ts';
import { openDatabase } from '../database/open.ts';
import type { Schema } from './schema.ts';

/** Made before all tests of the suite that calls it, dropped after them. */
export function databaseAfter(
  kind: DatabaseKind,
  ...migrations: readonly ((db: Schema) => Promise<void>)[]
): { readonly db: Db } {
  let fresh: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    fresh = await freshDatabase(kind);
    database = openDatabase(fresh.url);
    // Migrations see no tables: those that the types tell of may not be there yet.
    for (const up of migrations) await up(database.root as never);
  });
  afterAll(async () => {
    await database.close();
    await fresh.drop();
  });
  return {
    get db() {
      return database.root;
    },
  };
}
