/** The migration over applications that were there before it. */
import { databaseKinds } from '@reeve/testkit';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Db } from '../database/database.ts';
import { up as first } from './0001_directory.ts';
import { up } from './0014_application_tokens.ts';
import { databaseAfter } from './migration.fixture.ts';

describe.each(databaseKinds)('0014_application_tokens on %s', (kind) => {
  const at = databaseAfter(kind, first);
  let db: Db;
  beforeAll(() => {
    db = at.db;
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
