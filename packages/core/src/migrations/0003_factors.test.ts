import { databaseKinds, freshDatabase, type TestDatabase } from '@reeve/testkit';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import type { Database } from '../database/database.ts';
import { openDatabase } from '../database/open.ts';
import * as m0001 from './0001_directory.ts';
import * as m0003 from './0003_factors.ts';

describe.each(databaseKinds)('the migration of factors on %s', (kind) => {
  let place: TestDatabase;
  let database: Database;
  afterEach(async () => {
    await database.close();
    await place.drop();
  });

  it('keeps revoked what was revoked', async () => {
    place = await freshDatabase(kind);
    database = openDatabase(place.url);
    const db = database.root;
    await m0001.up(db as never);
    await sql`insert into revoked_tokens (tenant_id, jti, expires_at) values (1, 'a', 5), (2, 'a', 6)`.execute(db);
    await m0003.up(db as never);
    const kept = await db.selectFrom('revoked_tokens').selectAll().orderBy('tenant_id').execute();
    expect(kept).toEqual([
      { tenant_id: 1, jti: 'a', aud: '', expires_at: 5 },
      { tenant_id: 2, jti: 'a', aud: '', expires_at: 6 },
    ]);
    await db.insertInto('revoked_tokens').values({ tenant_id: 1, jti: 'a', aud: 'b', expires_at: 7 }).execute();
    const twice = db.insertInto('revoked_tokens').values({ tenant_id: 1, jti: 'a', aud: 'b', expires_at: 8 }).execute();
    await expect(twice).rejects.toThrow();
  });
});
