import type { ResourceServer } from '@reeve/contract';
import type { Selectable } from 'kysely';
import { toWire } from '../clock.ts';
import { type Db, held, locked, padded } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { notFound } from '../problem.ts';
import type { Purpose } from '../rows.ts';
import type { ResourceServerScopeTable, ResourceServerTable } from '../tables.ts';
import type { Unit } from '../work.ts';

export type ResourceServerRow = Selectable<ResourceServerTable>;
type ScopeRow = Selectable<ResourceServerScopeTable>;
export type ScopeDraft = ResourceServer['scopes'][number];

/** In the order of the contract: answers are rendered from it. */
export const resourceServerView = (row: ResourceServerRow, scopes: readonly ScopeDraft[]): ResourceServer => ({
  id: row.id,
  identifier: row.identifier,
  name: row.name,
  scopes: scopes.map(({ value, description }) => ({ value, description })),
  signing_alg: 'RS256',
  token_lifetime: row.token_lifetime,
  token_lifetime_for_web: row.token_lifetime_for_web,
  allow_offline_access: row.allow_offline_access === 1,
  enforce_policies: row.enforce_policies === 1,
  token_dialect: row.token_dialect,
  skip_consent: row.skip_consent === 1,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

/** The resource servers that `names` name: by id, by the 24 hex digits that Auth0 shows, or by identifier. */
export async function findResourceServers(
  db: Db,
  tenantId: number,
  names: readonly [string, ...string[]],
  purpose: Purpose = 'read',
): Promise<(name: string) => ResourceServerRow | undefined> {
  const wanted = padded(names);
  const query = db
    .selectFrom('resource_servers')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where((e) => e.or([e('id', 'in', wanted), e('subject', 'in', wanted), e('identifier', 'in', wanted)]));
  const rows = await (purpose === 'read'
    ? query
    : purpose === 'change'
      ? locked(db, query)
      : held(db, query)
  ).execute();
  // An id goes before an identifier that looks like one.
  const named = new Map<string, ResourceServerRow>();
  for (const key of ['identifier', 'subject', 'id'] as const) for (const row of rows) named.set(row[key], row);
  return (name) => named.get(name);
}

/** The resource server of this id, 24 hex digits, or identifier. */
const findResourceServer = async (
  db: Db,
  tenantId: number,
  name: string,
  purpose: Purpose = 'read',
): Promise<ResourceServerRow | undefined> => (await findResourceServers(db, tenantId, [name], purpose))(name);

/** The same, or `not_found`. */
export async function requireResourceServer(
  db: Db,
  tenantId: number,
  name: string,
  purpose: Purpose = 'read',
): Promise<ResourceServerRow> {
  const row = await findResourceServer(db, tenantId, name, purpose);
  if (!row) throw notFound('resource server', name);
  return row;
}

/** The resource server with this identifier, and with no other name; it can't be deleted while the unit lasts. */
export const findByIdentifierToPointTo = (
  db: Db,
  tenantId: number,
  identifier: string,
): Promise<ResourceServerRow | undefined> =>
  held(
    db,
    db
      .selectFrom('resource_servers')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('identifier', '=', identifier),
  ).executeTakeFirst();

/**
 * The 24 hex digits by which Auth0 names a resource server, for each of these ids (`api_…`). The native API shows only the
 * ids; every operation takes either.
 */
export async function resourceServerSubjects(
  db: Db,
  tenantId: number,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const [first, ...rest] = ids;
  if (first === undefined) return new Map();
  const rows = await db
    .selectFrom('resource_servers')
    .select(['id', 'subject'])
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', padded([first, ...rest]))
    .execute();
  return new Map(rows.map(({ id, subject }) => [id, subject]));
}

/** The scopes of several resource servers by id, each list in its order. */
export async function findScopes(db: Db, tenantId: number, ids: readonly string[]): Promise<Map<string, ScopeRow[]>> {
  const scopes = new Map<string, ScopeRow[]>(ids.map((id) => [id, []]));
  const [first, ...rest] = ids;
  if (first === undefined) return scopes;
  const rows = await db
    .selectFrom('resource_server_scopes')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('resource_server_id', 'in', padded([first, ...rest]))
    .orderBy('position')
    .execute();
  for (const row of rows) scopes.get(row.resource_server_id)?.push(row);
  return scopes;
}

export const scopesOf = async (db: Db, tenantId: number, id: string): Promise<ScopeRow[]> =>
  (await findScopes(db, tenantId, [id])).get(id) as ScopeRow[];

/**
 * Makes the scopes of a resource server the wanted ones. With a scope that goes, its permissions go. Those that stay keep their
 * rows, so that nobody loses one of them.
 */
export async function replaceScopes(
  { db, tenant }: Unit,
  id: string,
  before: readonly ScopeRow[],
  wanted: readonly ScopeDraft[],
): Promise<void> {
  const kept = new Map(before.map((row) => [row.value, row]));
  const positions = new Map(wanted.map(({ value }, position) => [value, position]));
  const [first, ...rest] = before.flatMap(({ num, value }) => (positions.has(value) ? [] : [num]));
  if (first !== undefined)
    await db
      .deleteFrom('resource_server_scopes')
      .where('tenant_id', '=', tenant.id)
      .where('num', 'in', padded([first, ...rest]))
      .execute();
  const added = [];
  for (const [position, { value, description }] of wanted.entries()) {
    const row = kept.get(value);
    if (!row) added.push({ tenant_id: tenant.id, resource_server_id: id, value, description, position });
    else if (row.description !== description || row.position !== position)
      await db
        .updateTable('resource_server_scopes')
        .set({ description, position })
        .where('tenant_id', '=', tenant.id)
        .where('num', '=', row.num)
        .execute();
  }
  if (added.length > 0) await db.insertInto('resource_server_scopes').values(added).execute();
}

/** A resource server as tokens are made for it. */
export interface TokenAudience {
  /** `api_…` */
  readonly id: string;
  readonly identifier: string;
  readonly scopes: readonly string[];
  /** Seconds. */
  readonly tokenLifetime: number;
  readonly allowsOfflineAccess: boolean;
  readonly enforcesPolicies: boolean;
  readonly tokenDialect: ResourceServerRow['token_dialect'];
}

type ById = { tenant_id: number; id: string };
const byId = statement<ById, ResourceServerRow>((db, slot) =>
  db.selectFrom('resource_servers').selectAll().where('tenant_id', '=', slot('tenant_id')).where('id', '=', slot('id')),
);
const byIdentifier = statement<ById, ResourceServerRow>((db, slot) =>
  db
    .selectFrom('resource_servers')
    .selectAll()
    .where('tenant_id', '=', slot('tenant_id'))
    .where('identifier', '=', slot('id')),
);
const valuesOf = statement<ById, { value: string }>((db, slot) =>
  db
    .selectFrom('resource_server_scopes')
    .select('value')
    .where('tenant_id', '=', slot('tenant_id'))
    .where('resource_server_id', '=', slot('id'))
    .orderBy('position'),
);

/** The resource server that tokens are asked for: by its identifier, or by its id (`api_…`). */
export async function findTokenAudience(
  db: Db,
  tenantId: number,
  by: 'identifier' | 'id',
  name: string,
): Promise<TokenAudience | undefined> {
  const [row] = await (by === 'id' ? byId : byIdentifier)(db, { tenant_id: tenantId, id: name });
  if (!row) return undefined;
  const values = await valuesOf(db, { tenant_id: tenantId, id: row.id });
  return {
    id: row.id,
    identifier: row.identifier,
    scopes: values.map(({ value }) => value),
    tokenLifetime: row.token_lifetime,
    allowsOfflineAccess: row.allow_offline_access === 1,
    enforcesPolicies: row.enforce_policies === 1,
    tokenDialect: row.token_dialect,
  };
}
