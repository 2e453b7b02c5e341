/** The migration over rows that were there before it. */
import { databaseKinds } from '@reeve/testkit';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Db } from '../database/database.ts';
import { up as first } from './0001_directory.ts';
import { up } from './0008_public_clients.ts';
import { databaseAfter } from './migration.fixture.ts';

describe.each(databaseKinds)('0008_public_clients on %s', (kind) => {
  const at = databaseAfter(kind, first);
  let db: Db;
  beforeAll(() => {
    db = at.db;
  });

  it('makes public what kept no secret', async () => {
    for (const type of ['machine_to_machine', 'web', 'spa', 'native'])
      await sql`insert into applications (id, tenant_id, client_id, client_key, name, name_key, type, enabled, is_first_party, grant_types, scopes, redirect_uris, auto_grant_on_signup, access_token_lifetime, refresh_token_lifetime, secret_overlap, metadata, extensions, version, created_at, updated_at)
        values (${type}, 1, ${type}, ${type}, ${type}, ${type}, ${type}, 1, 0, '[]', '[]', '[]', 0, 1, 1, 0, '{}', '{}', 1, 0, 0)`.execute(
        db,
      );
    await up(db as never);
    const kept = await sql<{ id: string; is_public: number }>`select id, is_public from applications`.execute(db);
    expect(Object.fromEntries(kept.rows.map(({ id, is_public }) => [id, is_public]))).toEqual({
      machine_to_machine: 0,
      web: 0,
      spa: 1,
      native: 1,
    });
  });
});
