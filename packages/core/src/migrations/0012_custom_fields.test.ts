/** The migration over rows that were there before it. */
import { databaseKinds } from '@reeve/testkit';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Db } from '../database/database.ts';
import { up as first } from './0001_directory.ts';
import { up as accounts } from './0004_accounts.ts';
import { up } from './0012_custom_fields.ts';
import { databaseAfter } from './migration.fixture.ts';

describe.each(databaseKinds)('0012_custom_fields on %s', (kind) => {
  const at = databaseAfter(kind, first, accounts);
  let db: Db;
  beforeAll(() => {
    db = at.db;
  });

  it('gives every user and linked account the new field, and the new scopes to who held all', async () => {
    const doc = { id: 'usr_1', app_metadata: { a: '}"' }, last_password_change_at: null };
    await sql`insert into connections (num, id, tenant_id, name, name_key, strategy, is_default, password_policy, extensions, created_at, updated_at)
      values (1, 'con_1', 1, 'c', 'c', 'database', 1, '{}', '{}', 0, 0)`.execute(db);
    await sql`insert into users (num, id, tenant_id, connection_num, state, name_key, updated_at, last_sign_in_at, password_must_be_reset, token_version, version, search_text, doc, extensions)
      values (7, 'usr_1', 1, 1, 'active', '', 0, 0, 0, 0, 1, '', ${JSON.stringify(doc)}, '{}')`.execute(db);
    await sql`insert into linked_accounts (tenant_id, user_num, connection_num, subject, account_num, user_id, doc, extensions, token_version, version, linked_at)
      values (1, 7, 1, 's', 8, 'usr_2', ${JSON.stringify({ ...doc, id: 'usr_2' })}, '{}', 0, 1, 0)`.execute(db);
    const all = ['tenants:write', 'users:write', 'roles:write', 'applications:write', 'sessions:write', 'audit:read'];
    for (const [id, scopes] of [
      ['app_all', all],
      ['app_few', ['users:write']],
    ] as const)
      await sql`insert into applications (id, tenant_id, client_id, client_key, name, name_key, type, enabled, is_first_party, grant_types, scopes, redirect_uris, auto_grant_on_signup, access_token_lifetime, refresh_token_lifetime, secret_overlap, metadata, extensions, version, created_at, updated_at)
        values (${id}, 1, ${id}, ${id}, ${id}, ${id}, 'machine_to_machine', 1, 1, '[]', ${JSON.stringify(scopes)}, '[]', 0, 1, 1, 0, '{}', '{}', 1, 0, 0)`.execute(
        db,
      );
    await up(db as never);
    for (const [table, id] of [
      ['users', 'usr_1'],
      ['linked_accounts', 'usr_2'],
    ] as const) {
      const { rows } = await sql<{ doc: string }>`select doc from ${sql.table(table)}`.execute(db);
      expect(rows[0]?.doc).toBe(JSON.stringify({ ...doc, id, custom_fields: {} }));
    }
    const kept = await sql<{ id: string; scopes: string }>`select id, scopes from applications order by id`.execute(db);
    expect(kept.rows.map(({ id, scopes }) => [id, JSON.parse(scopes)])).toEqual([
      ['app_all', [...all, 'custom_fields:read', 'custom_fields:write']],
      ['app_few', ['users:write']],
    ]);
  });
});
