/**
 * Which applications a connection is enabled for. Owns the invariant that a connection is enabled either for all of them or
 * for those on its list: where it is for all, the list is empty.
 */
import { requireApplication } from '../applications/applications.store.ts';
import { type Db, padded } from '../database/database.ts';
import { fieldProblem, Problem } from '../problem.ts';
import type { Unit } from '../work.ts';

/** What a request says of it; absent where it says nothing. */
export interface Enabling {
  readonly isForAll: boolean;
  /** Ids or client ids; absent: the list stays. */
  readonly applications: readonly string[] | undefined;
}

export function enablingOf({
  enabled_for_all: isForAll,
  enabled_applications: applications,
}: {
  readonly enabled_for_all?: boolean;
  readonly enabled_applications?: readonly string[];
}): Enabling | undefined {
  if (isForAll === undefined && applications === undefined) return undefined;
  if (isForAll && applications && applications.length > 0)
    throw fieldProblem(
      'enabled_applications',
      'maxItems',
      'enabled_applications must be left out, or empty, where enabled_for_all is true.',
    );
  return { isForAll: isForAll ?? false, applications: isForAll ? [] : applications };
}

/** The lists of several connections, by row number; ids in their order. */
export async function findEnabled(
  db: Db,
  tenantId: number,
  connections: readonly number[],
): Promise<Map<number, string[]>> {
  const [first, ...rest] = connections;
  const lists = new Map<number, string[]>();
  if (first === undefined) return lists;
  const rows = await db
    .selectFrom('connection_applications')
    .select(['connection_num', 'application_id'])
    .where('tenant_id', '=', tenantId)
    .where('connection_num', 'in', padded([first, ...rest]))
    .orderBy('application_id')
    .execute();
  for (const { connection_num, application_id } of rows)
    lists.set(connection_num, [...(lists.get(connection_num) ?? []), application_id]);
  return lists;
}

/** Enables the connection for these applications and no others; returns their ids in order. */
export async function replaceEnabled(
  { db, tenant }: Unit,
  connectionNum: number,
  applications: readonly string[],
): Promise<string[]> {
  const ids = new Set<string>();
  for (const [i, name] of applications.entries()) ids.add(await idOf(db, tenant.id, name, i));
  await db
    .deleteFrom('connection_applications')
    .where('tenant_id', '=', tenant.id)
    .where('connection_num', '=', connectionNum)
    .execute();
  const sorted = [...ids].sort();
  if (sorted.length > 0)
    await db
      .insertInto('connection_applications')
      .values(sorted.map((application_id) => ({ tenant_id: tenant.id, connection_num: connectionNum, application_id })))
      .execute();
  return sorted;
}

async function idOf(db: Db, tenantId: number, name: string, i: number): Promise<string> {
  try {
    return (await requireApplication(db, tenantId, name)).id;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw fieldProblem(`enabled_applications.${i}`, 'exists', `No application has the id "${name.slice(0, 128)}".`);
  }
}
