import type { Permission, PermissionName, UserPermission } from '@reeve/contract';
import { type Db, padded } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { DEFAULT_LIMIT, decodeCursor, encodeCursor } from '../page.ts';
import { fieldProblem } from '../problem.ts';
import { findResourceServers } from '../resource-servers/resource-servers.store.ts';
import { countRows, type ListQuery } from '../rows.ts';
import type { Unit } from '../work.ts';

/** Whose permissions: a role's, or those that a user holds directly. */
export type Holder = { readonly roleId: string } | { readonly userNum: number };

interface NamedScope {
  readonly num: number;
  /** As events tell it. */
  readonly label: { readonly resource_server: string; readonly permission: string };
}

/**
 * The scopes that permissions name, each once; they can't go while the unit lasts. An unknown one is refused with its place.
 */
export async function findNamedScopes(unit: Unit, names: readonly PermissionName[]): Promise<NamedScope[]> {
  const { db, tenant } = unit;
  const [first, ...rest] = names;
  if (!first) return [];
  const serverOf = await findResourceServers(
    db,
    tenant.id,
    [first.resource_server, ...rest.map(({ resource_server }) => resource_server)],
    'point',
  );
  const servers = names.map(({ resource_server: name }, i) => {
    const server = serverOf(name);
    if (!server)
      throw fieldProblem(
        `permissions.${i}.resource_server`,
        'exists',
        `No resource server has the id or identifier "${name}".`,
      );
    return server;
  });
  const rows = await db
    .selectFrom('resource_server_scopes')
    .select(['num', 'resource_server_id', 'value'])
    .where('tenant_id', '=', tenant.id)
    .where('resource_server_id', 'in', padded(servers.map(({ id }) => id) as [string, ...string[]]))
    .where('value', 'in', padded(names.map(({ permission }) => permission) as [string, ...string[]]))
    .execute();
  const numOf = new Map(rows.map((row) => [`${row.resource_server_id} ${row.value}`, row.num]));
  const found = names.map(({ permission }, i) => {
    const { id, identifier } = servers[i] as (typeof servers)[number];
    const num = numOf.get(`${id} ${permission}`);
    if (num === undefined)
      throw fieldProblem(
        `permissions.${i}.permission`,
        'exists',
        `The resource server "${identifier}" has no scope "${permission}".`,
      );
    return { num, label: { resource_server: identifier, permission } };
  });
  return [...new Map(found.map((scope) => [scope.num, scope])).values()];
}

/** Gives the scopes to the holder. Returns the row numbers of those that are new. */
export async function insertPermissions(
  { db, tenant }: Unit,
  holder: Holder,
  nums: readonly number[],
): Promise<ReadonlySet<number>> {
  const pairs = nums.map((scope_num) => ({ tenant_id: tenant.id, scope_num }));
  const rows =
    'roleId' in holder
      ? await db
          .insertInto('role_permissions')
          .values(pairs.map((pair) => ({ ...pair, role_id: holder.roleId })))
          .onConflict((c) => c.doNothing())
          .returning('scope_num')
          .execute()
      : await db
          .insertInto('user_permissions')
          .values(pairs.map((pair) => ({ ...pair, user_num: holder.userNum })))
          .onConflict((c) => c.doNothing())
          .returning('scope_num')
          .execute();
  return new Set(rows.map(({ scope_num }) => scope_num));
}

/** Takes the scopes from the holder. Returns the row numbers of those that it held. */
export async function deletePermissions(
  { db, tenant }: Unit,
  holder: Holder,
  nums: readonly [number, ...number[]],
): Promise<ReadonlySet<number>> {
  const wanted = padded(nums);
  const rows =
    'roleId' in holder
      ? await db
          .deleteFrom('role_permissions')
          .where('tenant_id', '=', tenant.id)
          .where('role_id', '=', holder.roleId)
          .where('scope_num', 'in', wanted)
          .returning('scope_num')
          .execute()
      : await db
          .deleteFrom('user_permissions')
          .where('tenant_id', '=', tenant.id)
          .where('user_num', '=', holder.userNum)
          .where('scope_num', 'in', wanted)
          .returning('scope_num')
          .execute();
  return new Set(rows.map(({ scope_num }) => scope_num));
}

/** Every scope with its resource server, as permissions show them. */
const described = (db: Db, tenantId: number) =>
  db
    .selectFrom('resource_server_scopes as scopes')
    .innerJoin('resource_servers as servers', (join) =>
      join.onRef('servers.tenant_id', '=', 'scopes.tenant_id').onRef('servers.id', '=', 'scopes.resource_server_id'),
    )
    .where('scopes.tenant_id', '=', tenantId);

const COLUMNS = [
  'scopes.num',
  'servers.id as resource_server_id',
  'servers.identifier as resource_server_identifier',
  'servers.name as resource_server_name',
  'scopes.value as permission',
  'scopes.description',
] as const;

const scopesOfRole = (db: Db, tenantId: number, roleId: string) =>
  described(db, tenantId).where('scopes.num', 'in', (e) =>
    e
      .selectFrom('role_permissions as held')
      .select('held.scope_num')
      .where('held.tenant_id', '=', tenantId)
      .where('held.role_id', '=', roleId),
  );

const scopesOfUser = (db: Db, tenantId: number, userNum: number) =>
  described(db, tenantId).where((e) =>
    e.or([
      e(
        'scopes.num',
        'in',
        e
          .selectFrom('user_permissions as held')
          .select('held.scope_num')
          .where('held.tenant_id', '=', tenantId)
          .where('held.user_num', '=', userNum),
      ),
      e(
        'scopes.num',
        'in',
        e
          .selectFrom('role_members as members')
          .innerJoin('role_permissions as given', (join) =>
            join.onRef('given.tenant_id', '=', 'members.tenant_id').onRef('given.role_id', '=', 'members.role_id'),
          )
          .select('given.scope_num')
          .where('members.tenant_id', '=', tenantId)
          .where('members.user_num', '=', userNum),
      ),
    ]),
  );

type PageQuery = ListQuery & { readonly include_total?: boolean };
type Listed<T> = { readonly permissions: T[]; readonly next_cursor: string | null; readonly total?: number };

/** One page, the newest scope first. */
async function pageOf(
  query: ReturnType<typeof described>,
  sort: string,
  { limit = DEFAULT_LIMIT, cursor, include_total = false }: PageQuery,
): Promise<Listed<Permission> & { readonly nums: number[] }> {
  const [before] = cursor === undefined ? [Number.MAX_SAFE_INTEGER] : decodeCursor(cursor, sort, ['number']);
  const rows = await query
    .select(COLUMNS)
    .where('scopes.num', '<', before as number)
    .orderBy('scopes.num', 'desc')
    .limit(limit + 1)
    .execute();
  const kept = rows.slice(0, limit);
  const nums = kept.map(({ num }) => num);
  return {
    nums,
    permissions: kept.map(({ num, ...permission }) => permission),
    next_cursor: rows.length > limit ? encodeCursor(sort, [nums.at(-1) as number]) : null,
    ...(include_total ? { total: await countRows(query) } : {}),
  };
}

export async function findRolePermissions(
  db: Db,
  tenantId: number,
  roleId: string,
  query: PageQuery,
): Promise<Listed<Permission>> {
  const { nums, ...page } = await pageOf(scopesOfRole(db, tenantId, roleId), 'role permissions', query);
  return page;
}

/** What a user holds, each permission once, with the ways by which it is held: directly first, then by role. */
export async function findUserPermissions(
  db: Db,
  tenantId: number,
  userNum: number,
  query: PageQuery,
): Promise<Listed<UserPermission>> {
  const { nums, ...page } = await pageOf(scopesOfUser(db, tenantId, userNum), 'user permissions', query);
  const sources = await sourcesOf(db, tenantId, userNum, nums);
  return {
    ...page,
    permissions: page.permissions.map((permission, i) => ({
      ...permission,
      sources: sources.get(nums[i] as number) ?? [],
    })),
  };
}

async function sourcesOf(
  db: Db,
  tenantId: number,
  userNum: number,
  nums: readonly number[],
): Promise<Map<number, UserPermission['sources']>> {
  const sources = new Map<number, UserPermission['sources']>(nums.map((num) => [num, []]));
  const [first, ...rest] = nums;
  if (first === undefined) return sources;
  const wanted = padded([first, ...rest]);
  const direct = await db
    .selectFrom('user_permissions')
    .select('scope_num')
    .where('tenant_id', '=', tenantId)
    .where('user_num', '=', userNum)
    .where('scope_num', 'in', wanted)
    .execute();
  for (const { scope_num } of direct) sources.get(scope_num)?.push({ type: 'direct', role_id: null, role_name: null });
  const byRole = await db
    .selectFrom('role_members as members')
    .innerJoin('role_permissions as given', (join) =>
      join.onRef('given.tenant_id', '=', 'members.tenant_id').onRef('given.role_id', '=', 'members.role_id'),
    )
    .innerJoin('roles', (join) =>
      join.onRef('roles.tenant_id', '=', 'members.tenant_id').onRef('roles.id', '=', 'members.role_id'),
    )
    .select(['given.scope_num', 'roles.id', 'roles.name'])
    .where('members.tenant_id', '=', tenantId)
    .where('members.user_num', '=', userNum)
    .where('given.scope_num', 'in', wanted)
    .orderBy('roles.id')
    .execute();
  for (const { scope_num, id, name } of byRole)
    sources.get(scope_num)?.push({ type: 'role', role_id: id, role_name: name });
  return sources;
}

/** The permissions that a user holds directly, as events tell them. */
export const findDirectPermissions = (db: Db, tenantId: number, userNum: number): Promise<NamedScope['label'][]> =>
  described(db, tenantId)
    .where('scopes.num', 'in', (e) =>
      e
        .selectFrom('user_permissions as held')
        .select('held.scope_num')
        .where('held.tenant_id', '=', tenantId)
        .where('held.user_num', '=', userNum),
    )
    .select(['servers.identifier as resource_server', 'scopes.value as permission'])
    .orderBy('scopes.num')
    .execute();

const heldOn = statement<{ tenant_id: number; user_num: number; resource_server_id: string }, { value: string }>(
  (db, slot) =>
    db
      .selectFrom('resource_server_scopes as scopes')
      .select('scopes.value')
      .where('scopes.tenant_id', '=', slot('tenant_id'))
      .where('scopes.resource_server_id', '=', slot('resource_server_id'))
      .where((e) =>
        e.or([
          e.exists(
            e
              .selectFrom('user_permissions as held')
              .select('held.scope_num')
              .where('held.tenant_id', '=', slot('tenant_id'))
              .where('held.user_num', '=', slot('user_num'))
              .whereRef('held.scope_num', '=', 'scopes.num'),
          ),
          e.exists(
            e
              .selectFrom('role_members as members')
              .innerJoin('role_permissions as given', (join) =>
                join.onRef('given.tenant_id', '=', 'members.tenant_id').onRef('given.role_id', '=', 'members.role_id'),
              )
              .select('given.scope_num')
              .where('members.tenant_id', '=', slot('tenant_id'))
              .where('members.user_num', '=', slot('user_num'))
              .whereRef('given.scope_num', '=', 'scopes.num'),
          ),
        ]),
      )
      .orderBy('scopes.position'),
);

/** The scopes of one resource server that a user holds as permissions, in the server's order. */
export async function permissionsOn(
  db: Db,
  tenantId: number,
  userNum: number,
  resourceServerId: string,
): Promise<string[]> {
  const rows = await heldOn(db, { tenant_id: tenantId, user_num: userNum, resource_server_id: resourceServerId });
  return rows.map(({ value }) => value);
}
