/** The migration over rows that were there before it. */
import { databaseKinds } from '@reeve/testkit';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Db } from '../database/database.ts';
import { up as first } from './0001_directory.ts';
import { up } from './0011_pools.ts';
import { databaseAfter } from './migration.fixture.ts';

describe.each(databaseKinds)('0011_pools on %s', (kind) => {
  const at = databaseAfter(kind, first);
  let db: Db;
  beforeAll(() => {
    db = at.db;
  });

  const rowsLeft = async () => {
    const counts: number[] = [];
    for (const table of ['pool_members', 'application_users', 'application_pools']) {
      const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(db);
      counts.push(Number(rows[0]?.n));
    }
    return counts;
  };
  const fill = async () => {
    await sql`insert into pool_members (tenant_id, connection_num, user_num, added_at) values (1, 2, 7, 0)`.execute(db);
    await sql`insert into application_users (tenant_id, application_id, user_num, added_at) values (1, 'app_1', 7, 0)`.execute(
      db,
    );
    await sql`insert into application_pools (tenant_id, application_id, position, connection_num) values (1, 'app_1', 0, 2)`.execute(
      db,
    );
  };

  it('gives users and applications pools that end with either side', async () => {
    for (const [num, name] of [
      [1, 'home'],
      [2, 'tag'],
    ] as const)
      await sql`insert into connections (num, id, tenant_id, name, name_key, strategy, is_default, password_policy, extensions, created_at, updated_at)
        values (${num}, ${name}, 1, ${name}, ${name}, 'database', 0, '{}', '{}', 0, 0)`.execute(db);
    const addUser = () =>
      sql`insert into users (num, id, tenant_id, connection_num, state, name_key, updated_at, last_sign_in_at, password_must_be_reset, token_version, version, search_text, doc, extensions)
        values (7, 'usr_1', 1, 1, 'active', '', 0, 0, 0, 0, 1, '', '{}', '{}')`.execute(db);
    const addApplication = () =>
      sql`insert into applications (id, tenant_id, client_id, client_key, name, name_key, type, enabled, is_first_party, grant_types, scopes, redirect_uris, auto_grant_on_signup, access_token_lifetime, refresh_token_lifetime, secret_overlap, metadata, extensions, version, created_at, updated_at)
        values ('app_1', 1, 'a', 'a', 'a', 'a', 'web', 1, 0, '[]', '[]', '[]', 0, 1, 1, 0, '{}', '{}', 1, 0, 0)`.execute(
        db,
      );
    await addUser();
    await addApplication();
    await up(db as never);
    await fill();
    expect(await rowsLeft()).toEqual([1, 1, 1]);
    await sql`delete from users where num = 7`.execute(db);
    expect(await rowsLeft()).toEqual([0, 0, 1]);
    await sql`delete from applications where id = 'app_1'`.execute(db);
    expect(await rowsLeft()).toEqual([0, 0, 0]);
    await addUser();
    await addApplication();
    await fill();
    await sql`delete from connections where num = 2`.execute(db);
    expect(await rowsLeft()).toEqual([0, 1, 0]);
  });
});
