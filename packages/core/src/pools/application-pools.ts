/**
 * The pools that an application is given: one in which it registers people, and those that it searches at sign-in after that
 * one. Owns the invariant that a request which says nothing of one kind leaves it as it is.
 */
import type { ConnectionRow } from '../connections/connections.store.ts';
import type { Unit, Work } from '../work.ts';
import { type ApplicationPools, findPlacedPools, namesOf, REGISTRATION } from './application-pools.store.ts';
import { poolToPointTo } from './pools.store.ts';

type Wanted = { readonly [K in keyof ApplicationPools]?: ApplicationPools[K] | undefined };
type Pool = Pick<ConnectionRow, 'num' | 'name'>;

export async function findApplicationPools(
  { db, tenant }: Pick<Unit, 'db' | 'tenant'>,
  applicationId: string,
): Promise<ApplicationPools> {
  return namesOf((await findPlacedPools(db, tenant.id, [applicationId])).get(applicationId));
}

/** Gives an application its pools, by ids or names; new names are made (`poolToPointTo`). Returns all that it has then. */
export async function placePools(
  work: Work,
  unit: Unit,
  applicationId: string,
  wanted: Wanted,
): Promise<ApplicationPools> {
  const { db, tenant } = unit;
  const before = (await findPlacedPools(db, tenant.id, [applicationId])).get(applicationId) ?? [];
  const registration =
    wanted.registration_pool === undefined
      ? before.find(({ position }) => position === REGISTRATION)
      : wanted.registration_pool === null
        ? undefined
        : await poolToPointTo(work, unit, { pool: wanted.registration_pool, field: 'registration_pool' });
  const reads =
    wanted.read_pools === undefined
      ? before.filter(({ position }) => position !== REGISTRATION)
      : await readPools(work, unit, wanted.read_pools);
  const after = [
    ...(registration ? [placed(registration, REGISTRATION)] : []),
    ...reads.map((pool, i) => placed(pool, REGISTRATION + 1 + i)),
  ];
  const key = (pools: readonly { position: number; num: number }[]) =>
    pools.map(({ position, num }) => [position, num]).join(' ');
  if (key(before) !== key(after)) await replacePools(unit, applicationId, after);
  return {
    registration_pool: registration?.name ?? null,
    read_pools: reads.map(({ name }) => name),
  };
}

const placed = ({ num }: Pool, position: number) => ({ num, position });

/** Each once, where it comes first. */
async function readPools(work: Work, unit: Unit, names: readonly string[]): Promise<Pool[]> {
  const pools = new Map<number, Pool>();
  for (const [i, pool] of names.entries()) {
    const found = await poolToPointTo(work, unit, { pool, field: `read_pools.${i}` });
    if (!pools.has(found.num)) pools.set(found.num, found);
  }
  return [...pools.values()];
}

async function replacePools(
  { db, tenant }: Unit,
  applicationId: string,
  pools: readonly { readonly num: number; readonly position: number }[],
): Promise<void> {
  await db
    .deleteFrom('application_pools')
    .where('tenant_id', '=', tenant.id)
    .where('application_id', '=', applicationId)
    .execute();
  if (pools.length === 0) return;
  await db
    .insertInto('application_pools')
    .values(
      pools.map(({ num, position }) => ({
        tenant_id: tenant.id,
        application_id: applicationId,
        position,
        connection_num: num,
      })),
    )
    .execute();
}
