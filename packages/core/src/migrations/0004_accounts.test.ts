/** The migration over rows that were there before it. */
import { databaseKinds } from '@reeve/testkit';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Db } from '../database/database.ts';
import { up as first } from './0001_directory.ts';
import { up } from './0004_accounts.ts';
import { databaseAfter } from './migration.fixture.ts';

describe.each(databaseKinds)('0004_accounts on %s', (kind) => {
  const at = databaseAfter(kind, first);
  let db: Db;
  beforeAll(() => {
    db = at.db;
  });

  it('gives every user the new fields, and the new scope to who held all', async () => {
    const doc = { id: 'usr_1', user_metadata: { a: '}"' }, updated_at: '2026-01-01T00:00:00.000Z' };
    await sql`insert into connections (num, id, tenant_id, name, name_key, strategy, is_default, password_policy, extensions, created_at, updated_at)
      values (1, 'con_1', 1, 'c', 'c', 'database', 1, '{}', '{}', 0, 0)`.execute(db);
    await sql`insert into users (id, tenant_id, connection_num, state, name_key, updated_at, last_sign_in_at, password_must_be_reset, token_version, version, search_text, doc, extensions)
      values ('usr_1', 1, 1, 'active', '', 0, 0, 0, 0, 1, '', ${JSON.stringify(doc)}, '{}')`.execute(db);
    const all = ['tenants:write', 'users:write', 'roles:write', 'applications:write', 'sessions:write', 'audit:read'];
    for (const [id, scopes, isFirst] of [
      ['app_all', all, 1],
      ['app_few', ['users:write'], 1],
      ['app_own', all, 0],
    ] as const)
      await sql`insert into applications (id, tenant_id, client_id, client_key, name, name_key, type, enabled, is_first_party, grant_types, scopes, redirect_uris, auto_grant_on_signup, access_token_lifetime, refresh_token_lifetime, secret_overlap, metadata, extensions, version, created_at, updated_at)
        values (${id}, 1, ${id}, ${id}, ${id}, ${id}, 'machine_to_machine', 1, ${isFirst}, '[]', ${JSON.stringify(scopes)}, '[]', 0, 1, 1, 0, '{}', '{}', 1, 0, 0)`.execute(
        db,
      );
    await up(db as never);
    const user = await sql<{ doc: string }>`select doc from users`.execute(db);
    expect(JSON.parse(user.rows[0]?.doc as string)).toEqual({
      ...doc,
      last_sign_in_ip: null,
      last_password_change_at: null,
    });
    const kept = await sql<{ id: string; scopes: string }>`select id, scopes from applications order by id`.execute(db);
    expect(kept.rows.map(({ id, scopes }) => [id, JSON.parse(scopes)])).toEqual([
      ['app_all', [...all, 'users:impersonate']],
      ['app_few', ['users:write']],
      ['app_own', all],
    ]);
  });
});
