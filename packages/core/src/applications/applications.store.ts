import type { Application, applications as contract, Scope } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { type Db, held, locked, padded } from '../database/database.ts';
import { type ApplicationPools, findPlacedPools, namesOf } from '../pools/application-pools.store.ts';
import { notFound } from '../problem.ts';
import { findRow, type Purpose, type Row } from '../rows.ts';
import type { Unit } from '../work.ts';

export type ApplicationRow = Row<'applications'>;
export type GrantType = (typeof contract.grantTypes)[number];

/** Name of the kept total of applications. */
export const TOTAL = 'applications';

/** In the order of the contract: answers are rendered from it. */
export const applicationView = (row: ApplicationRow, pools: ApplicationPools): Application => ({
  id: row.id,
  client_id: row.client_id,
  name: row.name,
  description: row.description,
  type: row.type,
  is_public: row.is_public === 1,
  enabled: row.enabled === 1,
  is_first_party: row.is_first_party === 1,
  grant_types: JSON.parse(row.grant_types) as GrantType[],
  scopes: JSON.parse(row.scopes) as Scope[],
  redirect_uris: JSON.parse(row.redirect_uris) as string[],
  auto_grant_on_signup: row.auto_grant_on_signup === 1,
  ...pools,
  access_token_lifetime: row.access_token_lifetime,
  refresh_token_lifetime: row.refresh_token_lifetime,
  secret_overlap: row.secret_overlap,
  metadata: JSON.parse(row.metadata) as Record<string, unknown>,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

/** What a caller may change. */
export const fieldsOf = (row: ApplicationRow, pools: ApplicationPools) => {
  const { id, is_first_party, created_at, updated_at, ...fields } = applicationView(row, pools);
  return fields;
};

/** Applications with their pools. */
export async function applicationViews(
  db: Db,
  tenantId: number,
  rows: readonly ApplicationRow[],
): Promise<Application[]> {
  const pools = await findPlacedPools(
    db,
    tenantId,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => applicationView(row, namesOf(pools.get(row.id))));
}

/** The application of this id, else of this OAuth client id. */
export async function findApplication(
  db: Db,
  tenantId: number,
  id: string,
  purpose: Purpose = 'read',
): Promise<ApplicationRow | undefined> {
  const byClientId = db
    .selectFrom('applications')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('client_id', '=', id);
  const wanted = { read: () => byClientId, change: () => locked(db, byClientId), point: () => held(db, byClientId) };
  return (await findRow(db, 'applications', tenantId, id, purpose)) ?? (await wanted[purpose]().executeTakeFirst());
}

/** As `findApplication`; throws `not_found`. */
export async function requireApplication(
  db: Db,
  tenantId: number,
  id: string,
  purpose: Purpose = 'read',
): Promise<ApplicationRow> {
  const row = await findApplication(db, tenantId, id, purpose);
  if (!row) throw notFound('application', id);
  return row;
}

/**
 * Locks an application for the rest of the unit, so that what is read of it is still so when it is written.
 *
 * @throws Problem `not_found`.
 */
export async function lockApplication({ db, tenant }: Unit, idOrClientId: string): Promise<void> {
  await requireApplication(db, tenant.id, idOrClientId, 'change');
}

/** Ids of one statement. */
const AT_ONCE = 512;

export interface ClientName {
  readonly client_id: string;
  readonly name: string;
}

/** How applications are called outside, by their ids, of those that are there; without `ids` of all, newest first. */
export async function findClients(
  db: Db,
  tenantId: number,
  ids?: readonly string[],
): Promise<ReadonlyMap<string, ClientName>> {
  const found = new Map<string, ClientName>();
  const all = db
    .selectFrom('applications')
    .select(['id', 'client_id', 'name'])
    .where('tenant_id', '=', tenantId)
    .orderBy('id', 'desc');
  if (!ids) for (const { id, ...client } of await all.execute()) found.set(id, client);
  for (let from = 0; from < (ids?.length ?? 0); from += AT_ONCE) {
    const some = ids?.slice(from, from + AT_ONCE) as [string, ...string[]];
    const rows = await all.where('id', 'in', padded(some)).execute();
    for (const { id, ...client } of rows) found.set(id, client);
  }
  return found;
}

/** OAuth client ids by application id, as `findClients` finds them. */
export async function findClientIds(
  db: Db,
  tenantId: number,
  ids?: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = await findClients(db, tenantId, ids);
  return new Map([...found].map(([id, { client_id: clientId }]) => [id, clientId]));
}

/** Takes every management scope from an application, with the event; where it has none, nothing happens. */
export async function emptyScopes(unit: Unit, row: ApplicationRow): Promise<void> {
  if (row.scopes === '[]') return;
  await unit.db
    .updateTable('applications')
    .set({ scopes: '[]', version: row.version + 1, updated_at: unit.now })
    .where('tenant_id', '=', unit.tenant.id)
    .where('id', '=', row.id)
    .execute();
  unit.afterCommit(unit.services.onAccessChange);
  await unit.emit('application.updated', {
    target: { type: 'application', id: row.id },
    data: { before: { scopes: JSON.parse(row.scopes) }, after: { scopes: [] } },
  });
}
