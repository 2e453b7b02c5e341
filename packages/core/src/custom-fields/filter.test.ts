/** A filter by a custom field reads an index, with 20,000 users of whom every one has a value. */
import { bootServer, databaseKinds, type TestServer } from '@reeve/testkit';
import { CompiledQuery, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Db } from '../database/database.ts';
import type { UserFilter } from '../users/filter.ts';
import { searchStatements } from '../users/user-search.ts';
import { countUsers, findPage } from '../users/users.query.ts';

const USERS = 20_000;
const INDEX = 'metadata_by_bag_path_text_user_num';

describe.each(databaseKinds)('users by a custom field on %s', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await bootServer(kind);
    await server.api('POST', '/custom-fields', { key: 'badge', type: 'number' });
    // Rows alone: what a user is beside them is no matter of a plan.
    await server.services.database.write(async (db) => {
      const { id: tenant } = server.tenant;
      const { num } = await db
        .selectFrom('connections')
        .select('num')
        .where('tenant_id', '=', tenant)
        .executeTakeFirstOrThrow();
      const numbers = sql`with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${sql.lit(USERS)})`;
      await sql`insert into users (num, id, tenant_id, connection_num, state, name_key, updated_at, last_sign_in_at, password_must_be_reset, token_version, version, search_text, doc, extensions)
        ${numbers} select n + 1000, 'usr_badged' || n, ${sql.lit(tenant)}, ${sql.lit(num)}, 'active', '', n, 0, 0, 0, 1, 'badged', '{"email_verified":false}', '{}' from numbers`.execute(
        db,
      );
      await sql`insert into metadata (tenant_id, user_num, bag, path, position, text, number)
        ${numbers} select ${sql.lit(tenant)}, n + 1000, 'custom', 'badge', 0, cast(n % 1000 as text), n % 1000 from numbers`.execute(
        db,
      );
    });
    if (kind === 'postgres') await sql`vacuum analyze`.execute(server.services.database.root);
  });
  afterAll(() => server.stop());

  const planOf = async (db: Db, text: string, parameters: readonly unknown[]): Promise<string> => {
    const word = kind === 'postgres' ? 'explain' : 'explain query plan';
    const { rows } = await db.executeQuery<Record<string, string>>(
      CompiledQuery.raw(`${word} ${text}`, [...parameters]),
    );
    return rows.map((row) => row.detail ?? row['QUERY PLAN']).join('\n');
  };

  /** Plans of the statements over users that `run` sends. */
  const plansOf = (run: (db: Db) => Promise<unknown>): Promise<string[]> =>
    server.services.database.read(async (db) => {
      const sent: CompiledQuery[] = [];
      const spy = new Proxy(db, {
        get(target, name) {
          if (name === 'executeQuery')
            return (query: CompiledQuery) => {
              sent.push(query);
              return target.executeQuery(query);
            };
          const value = Reflect.get(target, name, target) as unknown;
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
      await run(spy);
      const plans: string[] = [];
      for (const { sql: text, parameters } of sent)
        if (/from "users"/.test(text)) plans.push(await planOf(db, text, parameters));
      return plans;
    });

  const whole =
    /Seq Scan on (users|metadata)\b|SCAN (users|metadata)\b|users USING (COVERING )?INDEX \w+ \(tenant_id=\?\)$/m;

  it.each([undefined, 'name', '-updated_at'])('a page and its total, sorted by %s', async (sort) => {
    const query = { custom_field: 'badge=17', ...(sort === undefined ? {} : { sort }) };
    const { id } = server.tenant;
    const found = await server.work().read((db) => findPage(db, id, query, 50, undefined));
    expect(found.docs).toHaveLength(USERS / 1000);
    const plans = [
      ...(await plansOf((db) => findPage(db, id, query, 50, undefined))),
      ...(await plansOf((db) => countUsers(db, id, query))),
    ];
    expect(plans).toHaveLength(2);
    for (const plan of plans) {
      expect(plan).toContain(INDEX);
      expect(plan).not.toMatch(whole);
    }
  });

  const searchPlans = (filter: UserFilter) =>
    server.services.database.read(async (db) => {
      const { page, count } = await searchStatements(db, server.tenant.id, { filter, limit: 50 });
      const plans: string[] = [];
      for (const statement of [page, count]) {
        const { sql: text, parameters } = statement.compile(db);
        plans.push(await planOf(db, text, parameters));
      }
      return plans;
    });

  it('a search of a dialect; what no index answers reads all', async () => {
    expect((await searchPlans({ kind: 'is', field: 'email_verified' }))[1]).toMatch(whole);
    for (const plan of await searchPlans({ kind: 'leaf', field: 'custom_fields', path: 'badge', value: '17' })) {
      expect(plan).toContain(INDEX);
      expect(plan).not.toMatch(whole);
    }
  });
});
