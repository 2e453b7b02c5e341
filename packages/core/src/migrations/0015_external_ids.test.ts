/** The migration over identities that were there before it. */
import { databaseKinds } from '@reeve/testkit';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Db, uniqueViolation } from '../database/database.ts';
import { up as first } from './0001_directory.ts';
import { up } from './0015_external_ids.ts';
import { databaseAfter } from './migration.fixture.ts';

describe.each(databaseKinds)('0015_external_ids on %s', (kind) => {
  const at = databaseAfter(kind, first);
  let db: Db;
  beforeAll(() => {
    db = at.db;
  });

  it('gives nobody an external id, and keeps each one once in a connection', async () => {
    for (const num of [1, 2])
      await sql`insert into connections (num, id, tenant_id, name, name_key, strategy, is_default, password_policy, extensions, created_at, updated_at)
        values (${num}, ${`con_${num}`}, 1, ${`c${num}`}, ${`c${num}`}, 'database', 0, '{}', '{}', 0, 0)`.execute(db);
    for (const num of [1, 2, 3]) {
      await sql`insert into users (num, id, tenant_id, connection_num, state, name_key, updated_at, last_sign_in_at, password_must_be_reset, token_version, version, search_text, doc, extensions)
        values (${num}, ${`usr_${num}`}, 1, ${num === 3 ? 2 : 1}, 'active', '', 0, 0, 0, 0, 1, '', '{}', '{}')`.execute(
        db,
      );
      await sql`insert into identities (tenant_id, user_num, position, connection_num, provider, subject, email_key)
        values (1, ${num}, 0, ${num === 3 ? 2 : 1}, 'auth0', ${`s${num}`}, ${` s${num}`})`.execute(db);
    }
    await up(db as never);
    expect(await db.selectFrom('identities').select('external_id').execute()).toEqual(
      Array(3).fill({ external_id: null }),
    );
    expect(await db.selectFrom('users').select('access_ends_at').execute()).toEqual(
      Array(3).fill({ access_ends_at: 0 }),
    );
    const give = (num: number) =>
      db.updateTable('identities').set({ external_id: 'x' }).where('user_num', '=', num).execute();
    await give(1);
    await give(3);
    const refused: unknown = await give(2).catch((error: unknown) => error);
    expect(uniqueViolation(refused)).toEqual({ table: 'identities', column: 'external_id' });
  });
});
