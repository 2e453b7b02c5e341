/** The rows of grants. */
import type { ResourceGrant } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { type Db, held, locked, padded } from '../database/database.ts';
import { unindexed } from '../database/document.ts';
import { fieldProblem } from '../problem.ts';
import type { ResourceGrantTable } from '../tables.ts';
import type { Unit } from '../work.ts';
import { union, without } from './actions.ts';
import { type ResourceRow, resourcesIn } from './resources.store.ts';
import { typeOf } from './subjects.ts';

export type GrantRow = ResourceGrantTable;

/** Rows of one statement. */
const CHUNK = 500;

/**
 * The resources that codes name, in their order; whoever changes grants of one waits. Throws with the place of an unknown one.
 */
export async function resourcesToGrant(
  { db, tenant }: Unit,
  namespaceId: string,
  codes: readonly string[],
): Promise<ResourceRow[]> {
  const rows = await locked(
    db,
    db
      .selectFrom('resources')
      .selectAll()
      .where('tenant_id', '=', tenant.id)
      .where('namespace_id', '=', namespaceId)
      .where('code', 'in', padded(codes as [string, ...string[]]))
      .orderBy('id'),
  ).execute();
  return codes.map((code, i) => {
    const row = rows.find((one) => one.code === code);
    if (!row)
      throw fieldProblem(`resources.${i}.code`, 'exists', `No resource of the namespace has the code "${code}".`);
    return row;
  });
}

export const keyOf = (resourceId: string, subjectId: string): string => `${resourceId} ${subjectId}`;

/** The actions of the grants of these resources to these subjects, by `keyOf`. */
export async function findActions(
  { db, tenant }: Unit,
  resourceIds: readonly string[],
  subjectIds: readonly string[],
): Promise<Map<string, string[]>> {
  const rows = await db
    .selectFrom('resource_grants')
    .select(['resource_id', 'subject_id', 'actions'])
    .where('tenant_id', '=', tenant.id)
    .where('resource_id', 'in', padded(resourceIds as [string, ...string[]]))
    .where('subject_id', 'in', padded(subjectIds as [string, ...string[]]))
    .execute();
  return new Map(
    rows.map(({ resource_id, subject_id, actions }) => [
      keyOf(resource_id, subject_id),
      JSON.parse(actions) as string[],
    ]),
  );
}

/** Writes grants; of one that is there already the actions are replaced. */
export async function putGrants({ db }: Unit, rows: readonly GrantRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += CHUNK)
    await db
      .insertInto('resource_grants')
      .values(rows.slice(from, from + CHUNK))
      .onConflict((c) =>
        c
          .columns(['resource_id', 'subject_id', 'tenant_id'])
          .doUpdateSet((e) => ({ actions: e.ref('excluded.actions') })),
      )
      .execute();
}

export async function deleteGrants(
  { db, tenant }: Unit,
  resourceId: string,
  subjectIds: readonly [string, ...string[]],
): Promise<void> {
  await db
    .deleteFrom('resource_grants')
    .where('tenant_id', '=', tenant.id)
    .where('resource_id', '=', resourceId)
    .where('subject_id', 'in', padded(subjectIds))
    .execute();
}

/** A grant that has become smaller; null: it is gone. */
export interface Lessened {
  readonly subject: ResourceGrant['subject'];
  readonly actions: readonly string[] | null;
}

/**
 * Takes out of all grants of a resource what it does not declare any more; a grant of nothing else goes. Gives whom it concerned,
 * by id.
 */
export async function dropActions(
  { db, tenant }: Unit,
  resourceId: string,
  declared: readonly string[],
): Promise<Lessened[]> {
  if (declared.length === 0) return [];
  const kinds = await db
    .selectFrom('resource_grants')
    .select('actions')
    .distinct()
    .where('tenant_id', '=', tenant.id)
    .where('resource_id', '=', resourceId)
    .execute();
  const lessened: Lessened[] = [];
  for (const { actions } of kinds) {
    const before = JSON.parse(actions) as string[];
    const gone = before.filter((action) => action !== '*' && !declared.includes(action));
    if (gone.length === 0) continue;
    const left = without(before, gone, declared) ?? null;
    const rows = await replaceActions(db, { tenant_id: tenant.id, resource_id: resourceId, actions }, left);
    lessened.push(...rows.map((row) => ({ subject: { type: typeOf(row), id: row.subject_id }, actions: left })));
  }
  return lessened.toSorted((a, b) => (a.subject.id < b.subject.id ? -1 : 1));
}

async function replaceActions(
  db: Db,
  place: Pick<GrantRow, 'tenant_id' | 'resource_id' | 'actions'>,
  left: readonly string[] | null,
): Promise<GrantRow[]> {
  // What is told of people waits for whoever deletes them, who goes first.
  await held(
    db,
    db
      .selectFrom('users')
      .select('id')
      .where(unindexed(db, 'tenant_id'), '=', place.tenant_id)
      .where('num', 'in', (e) =>
        e
          .selectFrom('resource_grants')
          .select('user_num')
          .where((of) => of.and(place)),
      )
      .orderBy('id'),
  ).execute();
  if (left === null)
    return db
      .deleteFrom('resource_grants')
      .where((e) => e.and(place))
      .returningAll()
      .execute();
  return db
    .updateTable('resource_grants')
    .set({ actions: JSON.stringify(left) })
    .where((e) => e.and(place))
    .returningAll()
    .execute();
}

/** Grants with their resources and namespaces. */
export const grantsIn = (db: Db, tenantId: number) =>
  resourcesIn(db, tenantId).innerJoin('resource_grants as grants', (join) =>
    join.onRef('grants.tenant_id', '=', 'resources.tenant_id').onRef('grants.resource_id', '=', 'resources.id'),
  );

type GrantView = GrantRow & Pick<ResourceRow, 'code' | 'type' | 'api_identifier'> & { readonly namespace: string };

export const grantView = (row: GrantView): ResourceGrant => ({
  resource_id: row.resource_id,
  namespace: row.namespace,
  code: row.code,
  type: row.type,
  api_identifier: row.api_identifier,
  subject: { type: typeOf(row), id: row.subject_id },
  actions: JSON.parse(row.actions) as string[],
  granted_at: toWire(row.granted_at),
});

const MEMBERSHIPS = [
  ['role_members', 'role_id'],
  ['group_members', 'group_id'],
  ['organization_members', 'organization_id'],
] as const;

/** The grants that count for a user, directly and by what the user belongs to; each way by an index of its own. */
export function grantsOfUser(db: Db, tenantId: number, userNum: number) {
  const direct = db
    .selectFrom('resource_grants as grants')
    .selectAll('grants')
    .where('grants.tenant_id', '=', tenantId)
    .where('grants.user_num', '=', userNum);
  return MEMBERSHIPS.reduce(
    (all, [table, column]) =>
      all.unionAll(
        db
          .selectFrom(`${table as 'role_members'} as members`)
          .innerJoin('resource_grants as grants', (join) =>
            join
              .onRef('grants.tenant_id', '=', 'members.tenant_id')
              .onRef(`grants.${column as 'role_id'}`, '=', `members.${column as 'role_id'}`),
          )
          .selectAll('grants')
          .where('members.tenant_id', '=', tenantId)
          .where('members.user_num', '=', userNum),
      ),
    direct,
  );
}

/** All actions of several grants. */
export const unitedActions = (rows: readonly Pick<GrantRow, 'actions'>[]): string[] =>
  union(...rows.map(({ actions }) => JSON.parse(actions) as string[]));
