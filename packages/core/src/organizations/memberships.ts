/**
 * Memberships with what a list of them shows: the user or the organization, the roles held inside, and since when. Pages go
 * by number, for the doors of vendors that page so; the native list pages by cursor.
 */
import type { Organization, Role } from '@reeve/contract';
import { toWire } from '../clock.ts';
import { readCounter } from '../counters/counters.ts';
import { type Db, padded } from '../database/database.ts';
import { type RoleRow, roleView } from '../roles/roles.store.ts';
import { requireRow } from '../rows.ts';
import { parse, type User } from '../users/document.ts';
import { totalOf } from '../users/users.query.ts';
import { requireUser } from '../users/users.ts';
import type { Work } from '../work.ts';
import { type OrganizationRow, organizationViews } from './organizations.store.ts';

interface Membership {
  /** RFC 3339. */
  readonly joined_at: string;
  /** Held inside the organization, the most powerful first. */
  readonly roles: readonly Role[];
}

export interface MemberOfOrganization extends Membership {
  readonly user: User;
}

export interface MembershipOfUser extends Membership {
  readonly organization: Organization;
}

export interface NumberedPage {
  readonly offset: number;
  readonly limit: number;
}

/** Roles by the value of a column of `organization_member_roles`, of the rows that have one of these pairs. */
async function rolesInside(
  db: Db,
  tenantId: number,
  { organizations, userNums }: { readonly organizations: readonly string[]; readonly userNums: readonly number[] },
): Promise<ReadonlyMap<string, Role[]>> {
  const [organization, ...organizationsLeft] = organizations;
  const [userNum, ...userNumsLeft] = userNums;
  const found = new Map<string, Role[]>();
  if (organization === undefined || userNum === undefined) return found;
  const rows = await db
    .selectFrom('organization_member_roles as held')
    .innerJoin('roles', (join) =>
      join.onRef('roles.tenant_id', '=', 'held.tenant_id').onRef('roles.id', '=', 'held.role_id'),
    )
    .selectAll('roles')
    .select(['held.user_num', 'held.organization_id'])
    .where('held.tenant_id', '=', tenantId)
    .where('held.organization_id', 'in', padded([organization, ...organizationsLeft]))
    .where('held.user_num', 'in', padded([userNum, ...userNumsLeft]))
    .orderBy('roles.level')
    .orderBy('roles.code_key')
    .execute();
  for (const row of rows) {
    const key = pairOf(row.organization_id, row.user_num);
    found.set(key, [...(found.get(key) ?? []), roleView(row as RoleRow)]);
  }
  return found;
}

const pairOf = (organizationId: string, userNum: number): string => `${organizationId} ${userNum}`;

/** One page of the members of an organization, the oldest user first, and how many there are. Throws `not_found`. */
export const membersPage = (
  work: Work,
  organizationId: string,
  { offset, limit }: NumberedPage,
): Promise<{ readonly members: MemberOfOrganization[]; readonly total: number }> =>
  work.read(async (db) => {
    const { id } = await requireRow(db, 'organizations', work.tenant.id, organizationId);
    const rows = await membersOf(db, work.tenant.id, id)
      .orderBy('members.user_num')
      .offset(offset)
      .limit(limit)
      .execute();
    const total = await readCounter(db, work.tenant.id, totalOf('organization', id));
    return { members: await withRoles(db, work.tenant.id, id, rows), total };
  });

/** One member of an organization; undefined where the user is none. */
export const memberOfOrganization = (
  work: Work,
  organizationId: string,
  userId: string,
): Promise<MemberOfOrganization | undefined> =>
  work.read(async (db) => {
    const rows = await membersOf(db, work.tenant.id, organizationId).where('users.id', '=', userId).execute();
    return (await withRoles(db, work.tenant.id, organizationId, rows))[0];
  });

const membersOf = (db: Db, tenantId: number, organizationId: string) =>
  db
    .selectFrom('organization_members as members')
    .innerJoin('users', 'users.num', 'members.user_num')
    .select(['members.user_num', 'members.added_at', 'users.doc'])
    .where('members.tenant_id', '=', tenantId)
    .where('members.organization_id', '=', organizationId);

interface MemberRow {
  readonly user_num: number;
  readonly added_at: number;
  readonly doc: string;
}

async function withRoles(
  db: Db,
  tenantId: number,
  organizationId: string,
  rows: readonly MemberRow[],
): Promise<MemberOfOrganization[]> {
  const userNums = rows.map(({ user_num }) => user_num);
  const roles = await rolesInside(db, tenantId, { organizations: [organizationId], userNums });
  return rows.map(({ user_num, added_at, doc }) => ({
    user: parse(doc),
    joined_at: toWire(added_at),
    roles: roles.get(pairOf(organizationId, user_num)) ?? [],
  }));
}

/** All memberships of a user, the oldest organization first. Throws `not_found`. */
export async function membershipsOfUser(work: Work, userId: string): Promise<MembershipOfUser[]> {
  const { num } = await requireUser(work, userId);
  const { id: tenantId } = work.tenant;
  return work.read(async (db) => {
    const rows = await db
      .selectFrom('organization_members as held')
      .innerJoin('organizations', (join) =>
        join
          .onRef('organizations.tenant_id', '=', 'held.tenant_id')
          .onRef('organizations.id', '=', 'held.organization_id'),
      )
      .selectAll('organizations')
      .select('held.added_at')
      .where('held.tenant_id', '=', tenantId)
      .where('held.user_num', '=', num)
      .orderBy('held.organization_id')
      .execute();
    const organizations = await organizationViews(db, tenantId, rows as OrganizationRow[]);
    const ids = organizations.map(({ id }) => id);
    const roles = await rolesInside(db, tenantId, { organizations: ids, userNums: [num] });
    return organizations.map((organization, i) => ({
      organization,
      joined_at: toWire(rows[i]?.added_at as number),
      roles: roles.get(pairOf(organization.id, num)) ?? [],
    }));
  });
}

export type OrganizationSort = 'created_at' | 'name';

/** One page of the tenant's organizations and how many there are. */
export const organizationsPage = (
  work: Work,
  {
    sort,
    direction,
    offset,
    limit,
  }: NumberedPage & { readonly sort: OrganizationSort; readonly direction: 'asc' | 'desc' },
): Promise<{ readonly organizations: Organization[]; readonly total: number }> =>
  work.read(async (db) => {
    const rows = await db
      .selectFrom('organizations')
      .selectAll()
      .where('tenant_id', '=', work.tenant.id)
      .orderBy(sort === 'name' ? 'display_key' : 'id', direction)
      .orderBy('id', direction)
      .offset(offset)
      .limit(limit)
      .execute();
    return {
      organizations: await organizationViews(db, work.tenant.id, rows),
      total: await readCounter(db, work.tenant.id, 'organizations'),
    };
  });
