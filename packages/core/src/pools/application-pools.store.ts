/** The rows of an application's pools: the one in which it registers people, and those that it searches at sign-in. */
import type { Application } from '@reeve/contract';
import { type ConnectionRow, findConnection } from '../connections/connections.store.ts';
import { type Db, padded } from '../database/database.ts';

/** Position of the pool in which accounts are made. */
export const REGISTRATION = 0;

export interface PlacedPool extends ConnectionRow {
  readonly application_id: string;
  readonly position: number;
}

/** As the API shows them: by their names. */
export type ApplicationPools = Pick<Application, 'registration_pool' | 'read_pools'>;

export const namesOf = (placed: readonly PlacedPool[] = []): ApplicationPools => ({
  registration_pool: placed.find(({ position }) => position === REGISTRATION)?.name ?? null,
  read_pools: placed.filter(({ position }) => position !== REGISTRATION).map(({ name }) => name),
});

/** The pools of several applications, by the application's id, in their order. */
export async function findPlacedPools(
  db: Db,
  tenantId: number,
  applicationIds: readonly string[],
): Promise<Map<string, PlacedPool[]>> {
  const [first, ...rest] = applicationIds;
  if (first === undefined) return new Map();
  const rows = await db
    .selectFrom('application_pools')
    .innerJoin('connections', 'connections.num', 'application_pools.connection_num')
    .select([
      'application_pools.application_id',
      'application_pools.position',
      'connections.num',
      'connections.id',
      'connections.name',
      'connections.password_policy',
      'connections.strategy',
      'connections.is_enabled_for_all',
    ])
    .where('application_pools.tenant_id', '=', tenantId)
    .where('application_pools.application_id', 'in', padded([first, ...rest]))
    .orderBy('application_pools.position')
    .execute();
  return Map.groupBy(rows, ({ application_id }) => application_id);
}

/** The OAuth client ids of the applications that have one of these connections among their pools, by its row number. */
export async function findClientIdsByPool(
  db: Db,
  tenantId: number,
  connectionNums: readonly number[],
): Promise<Map<number, string[]>> {
  const [first, ...rest] = connectionNums;
  const byPool = new Map<number, string[]>();
  if (first === undefined) return byPool;
  const rows = await db
    .selectFrom('application_pools')
    .innerJoin('applications', (join) =>
      join
        .onRef('applications.tenant_id', '=', 'application_pools.tenant_id')
        .onRef('applications.id', '=', 'application_pools.application_id'),
    )
    .select(['application_pools.connection_num', 'applications.client_id'])
    .distinct()
    .where('application_pools.tenant_id', '=', tenantId)
    .where('application_pools.connection_num', 'in', padded([first, ...rest]))
    .orderBy('applications.client_id')
    .execute();
  for (const { connection_num, client_id } of rows)
    byPool.set(connection_num, [...(byPool.get(connection_num) ?? []), client_id]);
  return byPool;
}

/** Where people sign in to an application: its registration pool, else the default connection; then its read pools. */
export async function poolsOfApplication(db: Db, tenantId: number, applicationId: string): Promise<ConnectionRow[]> {
  const placed = (await findPlacedPools(db, tenantId, [applicationId])).get(applicationId) ?? [];
  const fallback = placed[0]?.position === REGISTRATION ? undefined : await findConnection(db, tenantId);
  const all = fallback ? [fallback, ...placed] : placed;
  return [...new Map(all.map((pool) => [pool.num, pool])).values()];
}
