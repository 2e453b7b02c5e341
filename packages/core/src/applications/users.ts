/**
 * Who may use an application. Which doors ask for it is theirs to say. Owns the invariant that a grant is told once, however
 * many give it at a time.
 */
import type { applications as contract, users as usersContract } from '@reeve/contract';
import type { Db } from '../database/database.ts';
import { statement } from '../database/statement.ts';
import { memberPage } from '../memberships/member.ts';
import {
  deleteMember,
  findMembers,
  findMembershipsOf,
  insertMember,
  userToPointTo,
} from '../memberships/memberships.store.ts';
import type { Operation } from '../operation.ts';
import { requireUser } from '../users/users.ts';
import type { Unit } from '../work.ts';
import { applicationViews, requireApplication } from './applications.store.ts';

/** A user in this unit: nobody deletes it before the unit ends. */
interface Person {
  readonly num: number;
  readonly id: string;
}

/** Grants an application to a user. Returns whether it was not granted before. */
export async function grantApplication(unit: Unit, applicationId: string, user: Person): Promise<boolean> {
  const isNew = await insertMember(unit, 'application', applicationId, user.num);
  if (isNew)
    await unit.emit('application.user_granted', {
      target: { type: 'application', id: applicationId },
      data: { user_id: user.id },
    });
  return isNew;
}

export const grantUser: Operation<typeof contract.grantUser> = (work, { application_id, user_id }) =>
  work.write(async (unit) => {
    const num = await userToPointTo(unit, user_id);
    const { id } = await requireApplication(unit.db, unit.tenant.id, application_id, 'point');
    await grantApplication(unit, id, { num, id: user_id });
  });

export const revokeUser: Operation<typeof contract.revokeUser> = (work, { application_id, user_id }) =>
  work.write(async (unit) => {
    const num = await userToPointTo(unit, user_id);
    const { id } = await requireApplication(unit.db, unit.tenant.id, application_id, 'point');
    if (!(await deleteMember(unit, 'application', id, num))) return;
    await unit.emit('application.user_revoked', { target: { type: 'application', id }, data: { user_id } });
  });

export const listUsers: Operation<typeof contract.listUsers> = (work, { application_id, query }) =>
  work.read(async (db) => {
    const { id } = await requireApplication(db, work.tenant.id, application_id);
    return memberPage(await findMembers(db, work.tenant.id, 'application', id, query));
  });

export const listForUser: Operation<typeof usersContract.listApplications> = async (work, { user_id, query }) => {
  const user = await requireUser(work, user_id);
  return work.read(async (db) => {
    const { rows, next_cursor } = await findMembershipsOf(db, work.tenant.id, user.num, 'application', query);
    return { applications: await applicationViews(db, work.tenant.id, rows), next_cursor };
  });
};

const grantOf = statement<{ tenant_id: number; application_id: string; user_num: number }, { user_num: number }>(
  (db, slot) =>
    db
      .selectFrom('application_users')
      .select('user_num')
      .where('tenant_id', '=', slot('tenant_id'))
      .where('application_id', '=', slot('application_id'))
      .where('user_num', '=', slot('user_num')),
);

/** Whether an application is granted to a user, by its row number. */
export async function hasApplicationGrant(
  db: Db,
  tenantId: number,
  applicationId: string,
  userNum: number,
): Promise<boolean> {
  const rows = await grantOf(db, { tenant_id: tenantId, application_id: applicationId, user_num: userNum });
  return rows.length > 0;
}
