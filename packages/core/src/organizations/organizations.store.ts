import type { Organization } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { readCounters } from '../counters/counters.ts';
import { type Db, padded } from '../database/database.ts';
import { notFound } from '../problem.ts';
import { findRow, type Row, requireRow } from '../rows.ts';
import { keyOf } from '../users/document.ts';
import { totalOf } from '../users/users.query.ts';
import type { Unit } from '../work.ts';

export type OrganizationRow = Row<'organizations'>;

export const organizationView = (row: OrganizationRow, members: number): Organization => ({
  id: row.id,
  name: row.name,
  display_name: row.display_name,
  metadata: JSON.parse(row.metadata) as Record<string, unknown>,
  owner_id: row.owner_id,
  member_count: members,
  created_at: toWire(row.created_at),
  updated_at: toWire(row.updated_at),
});

/** Organizations with their kept member counts. */
export async function organizationViews(
  db: Db,
  tenantId: number,
  rows: readonly OrganizationRow[],
): Promise<Organization[]> {
  const members = await readCounters(
    db,
    tenantId,
    rows.map(({ id }) => totalOf('organization', id)),
  );
  return rows.map((row) => organizationView(row, members.get(totalOf('organization', row.id)) as number));
}

/** The organization of this id, else of this name. */
export const organizationCalled = async (
  db: Db,
  tenantId: number,
  idOrName: string,
): Promise<OrganizationRow | undefined> =>
  (await findRow(db, 'organizations', tenantId, idOrName)) ??
  (await db
    .selectFrom('organizations')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('name_key', '=', keyOf(idOrName))
    .executeTakeFirst());

/** The same, or `not_found`. */
export async function requireOrganization(db: Db, tenantId: number, idOrName: string): Promise<OrganizationRow> {
  const row = await organizationCalled(db, tenantId, idOrName);
  if (!row) throw notFound('organization', idOrName);
  return row;
}

/**
 * Locks an organization for the rest of the unit, so that what is read of it is still so when it is written.
 *
 * @throws Problem `not_found`.
 */
export async function lockOrganization({ db, tenant }: Unit, id: string): Promise<void> {
  await requireRow(db, 'organizations', tenant.id, id, 'change');
}

/** The roles that members hold inside an organization: ids and codes by the member's row number, in the order of codes. */
export async function memberRoles(
  db: Db,
  tenantId: number,
  organizationId: string,
  userNums: readonly number[],
): Promise<Map<number, { id: string; code: string }[]>> {
  const [first, ...rest] = userNums;
  if (first === undefined) return new Map();
  const rows = await db
    .selectFrom('organization_member_roles as held')
    .innerJoin('roles', (join) =>
      join.onRef('roles.tenant_id', '=', 'held.tenant_id').onRef('roles.id', '=', 'held.role_id'),
    )
    .select(['held.user_num', 'roles.id', 'roles.code'])
    .where('held.tenant_id', '=', tenantId)
    .where('held.organization_id', '=', organizationId)
    .where('held.user_num', 'in', padded([first, ...rest]))
    .orderBy('roles.code_key')
    .orderBy('roles.id')
    .execute();
  return Map.groupBy(rows, ({ user_num }) => user_num);
}

/** The organization of this id; undefined where there is none. */
export const findOrganization = (db: Db, tenantId: number, id: string): Promise<OrganizationRow | undefined> =>
  findRow(db, 'organizations', tenantId, id);

/** Whether a user is a member of an organization. */
export const isMember = async (db: Db, tenantId: number, organizationId: string, userNum: number): Promise<boolean> =>
  (await db
    .selectFrom('organization_members')
    .select('user_num')
    .where('tenant_id', '=', tenantId)
    .where('organization_id', '=', organizationId)
    .where('user_num', '=', userNum)
    .executeTakeFirst()) !== undefined;
