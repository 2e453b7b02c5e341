/** The migration over applications that were there before it. */
import { databaseKinds, freshDatabase, type TestDatabase } from '@reeve/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database, Db } from '../database/database.ts';
import { openDatabase } from '../database/open.ts';
import { up as first } from './0001_directory.ts';
import { up } from './0014_application_tokens.ts';

describe.each(databaseKinds)('0014_application_tokens on %s', (kind) => {
  let fresh: TestDatabase;
  let database: Database;
  let db: Db;
  beforeAll(async () => {
    fresh = await freshDatabase(kind);
    database = openDatabase(fresh.url);
    db = database.root;
    await first(db as never);
  });
  afterAll(async () => {
    await database.close();
    await fresh.drop();
  });

  it('ends no token that is out already', async () => {
    await sql`insert into applications (id, tenant_id, client_id, client_key, name, name_key, type, enabled, is_first_party, grant_types, scopes, redirect_uris, auto_grant_on_signup, access_token_lifetime, refresh_token_lifetime, secret_overlap, metadata, extensions, version, created_at, updated_at)
      values ('app_1', 1, 'c', 'c', 'n', 'n', 'web', 1, 0, '[]', '[]', '[]', 0, 1, 1, 0, '{}', '{}', 1, 0, 0)`.execute(
      db,
    );
    await up(db as never);
    expect(await db.selectFrom('applications').select(['id', 'token_version']).execute()).toEqual([
      { id: 'app_1', token_version: 0 },
    ]);
  });
});
