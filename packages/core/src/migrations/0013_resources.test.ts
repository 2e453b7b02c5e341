/** The migration over tenants that were there before it. */
import { databaseKinds } from '@reeve/testkit';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Db } from '../database/database.ts';
import { isId } from '../id.ts';
import { up as first } from './0001_directory.ts';
import { up } from './0013_resources.ts';
import { databaseAfter } from './migration.fixture.ts';

describe.each(databaseKinds)('0013_resources on %s', (kind) => {
  const at = databaseAfter(kind, first);
  let db: Db;
  beforeAll(() => {
    db = at.db;
  });

  it('gives every tenant its default namespace, and grants that end with either side', async () => {
    for (const num of [1, 2])
      await sql`insert into tenants (num, id, name, is_default, settings, created_at, updated_at)
        values (${num}, ${`ten_${num}`}, ${`t${num}`}, ${num === 1 ? 1 : 0}, '{}', 0, 0)`.execute(db);
    await sql`insert into groups (id, tenant_id, code, code_key, name, name_key, version, created_at, updated_at)
      values ('grp_1', 1, 'g', 'g', 'g', 'g', 1, 0, 0)`.execute(db);
    await up(db as never);
    const namespaces = await db.selectFrom('resource_namespaces').selectAll().orderBy('tenant_id').execute();
    expect(namespaces.map(({ tenant_id, code, id }) => [tenant_id, code, isId('rns', id)])).toEqual([
      [1, 'default', true],
      [2, 'default', true],
    ]);
    const fill = async (id: string) => {
      await sql`insert into resources (id, tenant_id, namespace_id, code, type, actions, created_at, updated_at)
        values (${id}, 1, ${namespaces[0]?.id}, ${id}, 'data', '[]', 0, 0)`.execute(db);
      await sql`insert into resource_grants (tenant_id, resource_id, subject_id, group_id, actions, granted_at)
        values (1, ${id}, 'grp_1', 'grp_1', '[]', 0)`.execute(db);
    };
    const left = async () =>
      (await db.selectFrom('resource_grants').select('resource_id').orderBy('resource_id').execute()).map(
        ({ resource_id }) => resource_id,
      );
    await fill('res_1');
    await fill('res_2');
    await sql`delete from resources where id = 'res_1'`.execute(db);
    expect(await left()).toEqual(['res_2']);
    await sql`delete from groups where id = 'grp_1'`.execute(db);
    expect(await left()).toEqual([]);
    await sql`delete from resource_namespaces where tenant_id = 1`.execute(db);
    expect(await db.selectFrom('resources').select('id').execute()).toEqual([]);
  });
});
