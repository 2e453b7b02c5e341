/**
 * Every statement that a walk through all operations makes the server prepare stays inside one tenant. A table that holds
 * tenants' rows may be touched only under a condition on `tenant_id`, under a row number (numbers never leave the server,
 * so whoever has one found it under a tenant), or joined by number to a table that is.
 */
import { routes } from '@reeve/contract/native';
import { databaseKinds, type ObservedStatements, observeStatements } from '@reeve/testkit';
import { startWalk, validCall, type Walk } from '@reeve/testkit/walk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What is cut across tenants on purpose, by what it begins with. */
const ACROSS: readonly [statement: RegExp, reason: string][] = [
  [
    /^delete from "(sessions|oidc_artifacts|revoked_tokens|remembered_browsers|idempotency_keys|job_files|tallies)" where "expires_at" <= /,
    'housekeeping',
  ],
  [/^select "expires_at" from "\w+" where "expires_at" <= /, 'housekeeping'],
  [/^select .* from "deleted_users" where "erase_at" <= /, 'the erasure job takes what is due anywhere'],
  [/^select max\("?num"?\) as "?\w+"? from "\w+"$/, 'the newest number of all'],
  [/^select .* from "mails" where "state" = \S+ and "next_attempt_at" <= /, 'the courier leases mails of every tenant'],
  [/^with recursive picks /, 'search is planned by a sample of all users'],
  [/^select .* from "signing_keys" limit/, 'the secret key is checked against any of them at start'],
  [/^select .* from "jobs" where "queue" = /, 'a runner takes up jobs of every tenant'],
  [/^update "jobs" set .*"state" = /, 'an interrupted import is found by the process, not by a tenant'],
];

/** Tables whose rows belong to no tenant, or are tenants. */
const FREE = new Set([
  'tenants',
  'tallies',
  'migrations',
  'migrations_lock',
  'users_search',
  'tenant_domains',
  'pg_locks',
  'events_num_seq',
  'pg_database',
]);

interface Named {
  readonly table: string;
  readonly alias: string;
}

/** The tables of a statement, with the names by which it calls them. */
function tablesOf(sql: string): Named[] {
  const named = sql.matchAll(/\b(?:from|join|update|into) "?(?!(?:set|of|skip|nowait)\b)(\w+)"?(?: as "?(\w+)"?)?/gi);
  return [...named]
    .map(([, table = '', alias]) => ({ table, alias: alias ?? table }))
    .filter(({ table }) => !FREE.has(table));
}

/** A statement and the selects inside it, each for itself; where one stood there is a value. */
function partsOf(sql: string): string[] {
  const parts: string[] = [];
  const INNERMOST = /\((select (?:[^()]|\([^()]*\))*)\)/i;
  let rest = sql;
  for (let inner = INNERMOST.exec(rest); inner; inner = INNERMOST.exec(rest)) {
    parts.push(inner[1] as string);
    rest = rest.replace(inner[0], '(?)');
  }
  return [...parts, ...rest.split(/ union all | union | intersect /i)];
}

const KEY = '"?(?:tenant_id|num|user_num|connection_num|rowid)"?';
const EQUAL = new RegExp(`"?(\\w+)"?\\.${KEY} = "?(\\w+)"?\\.${KEY}`, 'g');

/** The names of one part that no condition ties to a tenant. */
function looseIn(sql: string): string[] {
  const tables = tablesOf(sql);
  const [, , columns] = /^insert into "?(\w+)"? \(([^)]*)\)/i.exec(sql) ?? [];
  if (columns !== undefined) return /"tenant_id"/.test(columns) ? [] : tables.map(({ alias }) => alias);
  const isTied = ({ alias }: Named): boolean => {
    const prefix = tables.length === 1 ? `(?:"?${alias}"?\\.)?` : `"?${alias}"?\\.`;
    return new RegExp(`(?<![."\\w])${prefix}${KEY} (?:=|in|<|>|<=|>=|between) (?:\\(|\\?|\\$\\d|any)`).test(sql);
  };
  const tied = new Set(tables.filter(isTied).map(({ alias }) => alias));
  const own = new Set(tables.map(({ alias }) => alias));
  const pairs = [...sql.matchAll(EQUAL)].flatMap(([, left = '', right = '']) => [
    [left, right],
    [right, left],
  ]);
  for (let count = -1; count !== tied.size; ) {
    count = tied.size;
    // A name from outside is tied or loose where it stands.
    for (const [one = '', other = ''] of pairs) if (tied.has(one) || !own.has(one)) tied.add(other);
  }
  return tables.map(({ alias }) => alias).filter((alias) => !tied.has(alias));
}

/** The tables of a statement that no condition ties to a tenant. */
const looseTables = (sql: string): string[] => partsOf(sql).flatMap(looseIn);

it('sees a statement that is not tied to a tenant', () => {
  expect(looseTables('select "id" from "users" where "id" = ?')).toEqual(['users']);
  expect(looseTables('select "id" from "users" where "tenant_id" = ? and "id" = ?')).toEqual([]);
  expect(looseTables('delete from "sessions" where "user_id" = $1')).toEqual(['sessions']);
  expect(looseTables('insert into "groups" ("id", "name") values (?, ?)')).toEqual(['groups']);
  const join = 'select 1 from "identities" inner join "users" on "users"."num" = "identities"."user_num" where ';
  expect(looseTables(`${join}"identities"."email_key" = ?`)).toEqual(['identities', 'users']);
  expect(looseTables(`${join}"identities"."tenant_id" = ?`)).toEqual([]);
  const members = 'select "user_num" from "role_members" where "role_id" = ?';
  expect(looseTables(`update users set version = 1 where num in (${members})`)).toEqual(['role_members']);
  expect(looseTables(`update users set version = 1 where num in (${members} and "tenant_id" = ?)`)).toEqual([]);
});

describe.each(databaseKinds)('statements on %s', (kind) => {
  let observed: ObservedStatements;
  let walk: Walk;
  beforeAll(async () => {
    observed = observeStatements();
    walk = await startWalk(kind);
  });
  afterAll(async () => {
    observed[Symbol.dispose]();
    await walk.stop();
  });

  it('stay inside one tenant, whatever operation is called', { timeout: 120_000 }, async () => {
    const { seen } = observed;
    seen.clear();
    const { home, server } = walk;
    for (const { id, route } of routes) {
      const call = await validCall(home, id, route);
      await home.call(id, call);
      for (const name of Object.keys(route.query?.properties ?? {})) {
        const value =
          { search: 'abc', sort: 'email', include_total: 'true', email: 'a@b.c', limit: '5' }[name] ?? 'default';
        await home.call(id, { ...call, query: { ...call.query, [name]: value } });
      }
    }
    await server.services.database.read((db) => db.selectFrom('users').select('num').limit(1).execute());
    const statements = [...seen].map((sql) => sql.replace(/\s+/g, ' ').trim());
    const canary = 'select "num" from "users" limit';
    expect(
      statements.some((sql) => sql.startsWith(canary)),
      'the statements are not observed',
    ).toBe(true);
    const loose = statements
      .filter((sql) => /^(select|insert|update|delete|with)\b/i.test(sql) && !sql.startsWith(canary))
      .filter((sql) => !ACROSS.some(([known]) => known.test(sql)))
      .flatMap((sql) => (looseTables(sql).length > 0 ? [`${looseTables(sql).join(', ')}: ${sql}`] : []));
    expect(loose, loose.join('\n')).toEqual([]);
    expect(statements.length).toBeGreaterThan(150);
  });
});
