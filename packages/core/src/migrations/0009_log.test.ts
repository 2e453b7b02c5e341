/** The migration over events that were there before it. */
import { databaseKinds, freshDatabase, type TestDatabase } from '@reeve/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../database/database.ts';
import { openDatabase } from '../database/open.ts';
import { up as first } from './0001_directory.ts';
import { up } from './0009_log.ts';

describe.each(databaseKinds)('0009_log on %s', (kind) => {
  let fresh: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    fresh = await freshDatabase(kind);
    database = openDatabase(fresh.url);
    await first(database.root as never);
  });
  afterAll(async () => {
    await database.close();
    await fresh.drop();
  });

  it('finds the users whom events name', async () => {
    const db = database.root;
    const kept = [
      null,
      { user_id: 'usr_a', roles: [] },
      { after: { user_id: 'usr_b' } },
      { user_id: null },
      { user_id: 7 },
      { note: '"user_id":"usr_c"' },
    ];
    for (const [i, data] of kept.entries())
      await sql`insert into events (id, tenant_id, type, actor_type, data, created_at)
        values (${`evt_${i}`}, 1, 'session.revoked', 'system', ${data && JSON.stringify(data)}, 0)`.execute(db);
    await up(db as never);
    const named = await db.selectFrom('events').select('named_user_id').orderBy('num').execute();
    expect(named.map(({ named_user_id: id }) => id)).toEqual([null, 'usr_a', null, null, null, null]);
  });
});
